/* What a text in JSON means: the only part that knows jansson. The text must be whole and of right
 * grammar (json_text.h). */
#ifndef TALLY_JSON_READ_H
#define TALLY_JSON_READ_H

#include <stdbool.h>

#include "buffer.h"
#include "json_text.h"

/* Whether an array or object can be stored: it is UTF-8, its escapes stand for characters that
 * PostgreSQL can hold (its manual 8.14), no object has a key twice, and each number is finite.
 * Else returns false and appends what is wrong to `fault`. */
bool json_read_check(const struct json_span *text, struct buffer *fault);

/* Appends the characters of a string that stands in a text that was checked. Returns false where
 * the value is no string. */
bool json_read_string(const struct json_span *text, struct buffer *string);

/* Appends a text that was checked, and writes out the characters beyond ASCII that it has as
 * escapes: a database without an encoding does not take those (PostgreSQL's manual 8.14). All else
 * stays as it was sent. */
void json_read_plain(const struct json_span *text, struct buffer *plain);

#endif
