/* JSON as it stands in a text (RFC 8259): where each value begins and ends, without a tree of it,
 * so that every digit can be handed on as it was sent. What needs the meaning of the bytes (UTF-8,
 * surrogates, repeated keys) is json_read.h's. */
#ifndef TALLY_JSON_TEXT_H
#define TALLY_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The deepest nesting whose grammar is followed; what lies deeper is passed over. */
enum { JSON_TEXT_DEPTH = 64 };

/* A whole value, or part of a text; it borrows. */
struct json_span {
    const char *text;
    size_t length;
};

/* A place in a text. After a fault `at` is where it lies, and nothing more is to be taken. */
struct json_text {
    const char *at, *end;
    const char *fault;  /* our words; NULL: none */
    int depth, deepest; /* of arrays and objects, now and so far; at most JSON_TEXT_DEPTH + 1 */
    char brackets[JSON_TEXT_DEPTH];
    bool is_first;           /* of what is in the innermost one, nothing was taken yet */
    bool has_extreme_number; /* one with more digits, or a larger exponent, than numeric can hold */
};

void json_text_start(struct json_text *json, const struct json_span *text);

/* Passes over white space and says whether nothing else is left. */
bool json_text_is_at_end(struct json_text *json);

/* The first byte of the next value; '\0' at the end. */
char json_text_peek(struct json_text *json);

/* Takes the next value, with all that is in it. Returns false at a fault. */
bool json_text_take(struct json_text *json, struct json_span *value);

/* Takes the value in front if it is an array or object, not deeper than JSON_TEXT_DEPTH, and goes
 * into it, to be followed by json_text_next until that returns false. */
bool json_text_enter(struct json_text *json);

/* Takes the next element, or the next member with its key, quotes included (in an array `key` is
 * not touched and may be NULL). Returns false at the closing bracket, which is taken, or a fault.
 */
bool json_text_next(struct json_text *json, struct json_span *key, struct json_span *value);

/* The place of a byte of a text for people: both count from 1, columns in characters. */
void json_text_locate(const struct json_span *text, const char *at, int *line, int *column);

#endif
