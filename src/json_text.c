#include "json_text.h"

#include <string.h>

/* Far beyond any figure, and far within what PostgreSQL's numeric holds (its manual 8.1.2). */
enum { DIGITS_MOST = 400, EXPONENT_MOST = 400 };

static const char too_early[] = "the text ends too early";
static const char no_value[] = "a value is expected";

void json_text_start(struct json_text *json, const struct json_span *text)
{
    *json = (struct json_text){.at = text->text, .end = text->text + text->length};
}

static bool fail(struct json_text *json, const char *fault)
{
    if (json->fault == NULL)
        json->fault = fault;
    return false;
}

bool json_text_is_at_end(struct json_text *json)
{
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t'))
        json->at++;
    return json->at == json->end;
}

char json_text_peek(struct json_text *json)
{
    static const char none = '\0';

    return *(json_text_is_at_end(json) ? &none : json->at);
}

static bool has(const struct json_text *json, char byte)
{
    return json->at < json->end && *json->at == byte;
}

static bool is_digit(const struct json_text *json)
{
    return json->at < json->end && *json->at >= '0' && *json->at <= '9';
}

static bool take_word(struct json_text *json, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length) != 0)
        return fail(json, no_value);
    json->at += length;
    return true;
}

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

static bool take_escape(struct json_text *json)
{
    json->at++;
    if (json->at == json->end || strchr("\"\\/bfnrtu", *json->at) == NULL || *json->at == '\0')
        return fail(json, "an unknown escape in a string");
    if (*json->at++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, json->at++) {
        if (json->at == json->end || !is_hex(*json->at))
            return fail(json, "\\u in a string is not followed by four hexadecimal digits");
    }
    return true;
}

static bool take_string(struct json_text *json)
{
    json->at++;
    while (json->at < json->end && *json->at != '"') {
        if ((unsigned char)*json->at < 0x20)
            return fail(json, "a control character in a string");
        if (*json->at != '\\')
            json->at++;
        else if (!take_escape(json))
            return false;
    }
    if (json->at == json->end)
        return fail(json, "a string does not end");
    json->at++;
    return true;
}

/* Returns how many there were. */
static long take_digits(struct json_text *json, long *value)
{
    const char *first = json->at;

    for (*value = 0; is_digit(json); json->at++)
        *value = *value > EXPONENT_MOST ? *value : *value * 10 + (*json->at - '0');
    return json->at - first;
}

static bool take_number(struct json_text *json)
{
    long value, exponent = 0, digits;

    if (has(json, '-'))
        json->at++;
    if (!is_digit(json))
        return fail(json, no_value);
    bool is_zero = *json->at == '0';

    digits = take_digits(json, &value);
    if (is_zero && digits > 1)
        return fail(json, "a number begins with a needless 0");
    if (has(json, '.')) {
        json->at++;
        if (!is_digit(json))
            return fail(json, "a number ends with its point");
        digits += take_digits(json, &value);
    }
    if (has(json, 'e') || has(json, 'E')) {
        json->at++;
        if (has(json, '+') || has(json, '-'))
            json->at++;
        if (take_digits(json, &exponent) == 0)
            return fail(json, "a number ends before its exponent");
    }
    if (digits > DIGITS_MOST || exponent > EXPONENT_MOST)
        json->has_extreme_number = true;
    return true;
}

static bool take_scalar(struct json_text *json)
{
    switch (json_text_peek(json)) {
    case '\0':
        return fail(json, json->at == json->end ? too_early : no_value);
    case '"':
        return take_string(json);
    case 't':
        return take_word(json, "true");
    case 'f':
        return take_word(json, "false");
    case 'n':
        return take_word(json, "null");
    default:
        return take_number(json);
    }
}

static bool is_bracket(char byte)
{
    return byte == '[' || byte == '{';
}

bool json_text_enter(struct json_text *json)
{
    char bracket = json_text_peek(json);

    if (!is_bracket(bracket))
        return fail(json, "an array or an object is expected");
    if (json->depth == JSON_TEXT_DEPTH)
        return false;
    json->brackets[json->depth++] = bracket;
    if (json->depth > json->deepest)
        json->deepest = json->depth;
    json->at++;
    json->is_first = true;
    return true;
}

static bool take_key(struct json_text *json, struct json_span *key)
{
    if (json_text_peek(json) != '"')
        return fail(json, json->at == json->end ? too_early : "a key in quotes is expected");
    key->text = json->at;
    if (!take_string(json))
        return false;
    key->length = (size_t)(json->at - key->text);
    if (json_text_peek(json) != ':')
        return fail(json, "a colon is expected");
    json->at++;
    return true;
}

/* Goes on to the next value of the innermost array or object. Returns false where it was the last
 * one, and the bracket is closed, or at a fault. */
static bool go_on(struct json_text *json, struct json_span *key)
{
    bool is_object = json->brackets[json->depth - 1] == '{';
    bool is_first = json->is_first;
    char next = json_text_peek(json);

    json->is_first = false;
    if (next == (is_object ? '}' : ']')) {
        json->at++;
        json->depth--;
        return false;
    }
    if (!is_first) {
        if (json->at == json->end)
            return fail(json, too_early);
        if (next != ',')
            return fail(json, is_object ? "a comma or } is expected" : "a comma or ] is expected");
        json->at++;
    }
    return !is_object || take_key(json, key);
}

/* Passes over an array or object that lies too deep for its grammar to be followed: only strings
 * and brackets are looked at. What has it is refused for its depth. */
static bool pass_over(struct json_text *json)
{
    size_t depth = 0;

    json->deepest = JSON_TEXT_DEPTH + 1;
    do {
        char byte = json_text_peek(json);

        if (json->at == json->end)
            return fail(json, too_early);
        depth += is_bracket(byte);
        depth -= byte == ']' || byte == '}';
        if (byte != '"')
            json->at++;
        else if (!take_string(json))
            return false;
    } while (depth > 0);
    return true;
}

/* Takes an array or object with all that is in it. */
static bool take_whole(struct json_text *json)
{
    struct json_span key;
    int outside = json->depth;

    json_text_enter(json);
    while (json->fault == NULL && json->depth > outside) {
        if (!go_on(json, &key))
            continue;
        if (!is_bracket(json_text_peek(json)))
            take_scalar(json);
        else if (!json_text_enter(json))
            pass_over(json);
    }
    return json->fault == NULL;
}

bool json_text_take(struct json_text *json, struct json_span *value)
{
    bool taken = is_bracket(json_text_peek(json));

    value->text = json->at;
    taken = taken ? take_whole(json) : take_scalar(json);
    value->length = (size_t)(json->at - value->text);
    return taken;
}

bool json_text_next(struct json_text *json, struct json_span *key, struct json_span *value)
{
    return go_on(json, key) && json_text_take(json, value);
}

void json_text_locate(const struct json_span *text, const char *at, int *line, int *column)
{
    *line = *column = 1;
    for (const char *byte = text->text; byte < at; byte++) {
        if (*byte == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)*byte & 0xc0) != 0x80) {
            ++*column;
        }
    }
}
