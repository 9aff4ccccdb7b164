#include "json_read.h"

#include <jansson.h>
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

bool json_read_check(const struct json_span *text, struct buffer *fault)
{
    json_error_t error;
    json_t *json = json_loadb(text->text, text->length,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);

    if (json == NULL) {
        buffer_add_text(fault, find_fault(&error));
        return false;
    }
    json_decref(json);
    return true;
}

static bool decode(const struct json_span *text, struct buffer *string)
{
    json_t *json = json_loadb(text->text, text->length, JSON_DECODE_ANY, NULL);
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
