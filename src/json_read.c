#include "json_read.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

/* In our words: jansson's tell of places in the middle of the text. */
static const struct {
    enum json_error_code code;
    const char *fault;
} faults[] = {
    {json_error_invalid_utf8, "is not valid UTF-8"},
    {json_error_null_character, "has the character \\u0000, which cannot be stored"},
    {json_error_null_byte_in_key, "has the character \\u0000, which cannot be stored"},
    {json_error_duplicate_key, "has a key twice"},
    {json_error_numeric_overflow, "has a number that is too large"},
    {json_error_stack_overflow, "is nested too deeply"},
};

static const char *find_fault(const json_error_t *error)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (faults[i].code == json_error_code(error))
            return faults[i].fault;
    }
    return "has a string with half of a surrogate pair";
}

/* jansson's memory ends like ours does. */
static json_t *load(const struct json_span *text, size_t flags, json_error_t *error)
{
    json_set_alloc_funcs(allocate, free);
    return json_loadb(text->text, text->length, flags, error);
}

bool json_read_check(const struct json_span *text, struct buffer *fault)
{
    json_error_t error;
    json_t *json = load(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);

    if (json == NULL) {
        buffer_add_text(fault, find_fault(&error));
        return false;
    }
    json_decref(json);
    return true;
}

static bool decode(const struct json_span *text, struct buffer *string)
{
    json_t *json = load(text, JSON_DECODE_ANY, NULL);
    bool is_string = json_is_string(json);

    if (is_string)
        buffer_add(string, json_string_value(json), json_string_length(json));
    json_decref(json);
    return is_string;
}

bool json_read_string(const struct json_span *text, struct buffer *string)
{
    if (text->length < 2 || text->text[0] != '"')
        return false;
    if (memchr(text->text, '\\', text->length) != NULL)
        return decode(text, string);
    buffer_add(string, text->text + 1, text->length - 2);
    return true;
}

enum { ESCAPE = 6, PAIR = 2 * ESCAPE }; /* bytes of \uXXXX, and of a character that takes two */

/* The bytes of an escape; of a pair, the first half begins with D8 to DB. */
static size_t escape_length(const char *escape)
{
    if (escape[1] != 'u')
        return 2;
    return strchr("dD", escape[2]) != NULL && strchr("89abAB", escape[3]) != NULL ? PAIR : ESCAPE;
}

static bool is_beyond_ascii(const char *escape)
{
    return escape[1] == 'u' && (escape[2] != '0' || escape[3] != '0' || escape[4] > '7');
}

static void add_character(const char *escape, size_t length, struct buffer *plain)
{
    char quoted[PAIR + 2] = {'"'};

    memcpy(quoted + 1, escape, length);
    quoted[length + 1] = '"';
    decode(&(struct json_span){quoted, length + 2}, plain);
}

void json_read_plain(const struct json_span *text, struct buffer *plain)
{
    const char *at = text->text, *end = at + text->length, *escape;

    while ((escape = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        size_t length = escape_length(escape);

        buffer_add(plain, at, (size_t)(escape - at));
        if (is_beyond_ascii(escape))
            add_character(escape, length, plain);
        else
            buffer_add(plain, escape, length);
        at = escape + length;
    }
    buffer_add(plain, at, (size_t)(end - at));
}
