/* JSON as serde_json writes it: compact, members in the order given (wire format 3).
 *
 * The writer refuses wrong nesting: a value where a key is due, a key outside an object, an end
 * that does not fit its start, a second root, more than JSON_DEPTH levels end the process with a
 * message, since each is a mistake in our code and no input can cause it. */
#ifndef TALLY_JSON_WRITE_H
#define TALLY_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "timestamp.h"
#include "uuid.h"

enum { JSON_DEPTH = 8 };

struct json_writer {
    struct buffer *out; /* borrowed */
    int depth;
    char scope[JSON_DEPTH]; /* '{' or '[' of each open level */
    bool first[JSON_DEPTH]; /* whether nothing has been written on that level yet */
    bool has_key;           /* a value is due: that of the last key, or the root */
};

/* Starts a writer that appends to `out`, which must outlive it. */
void json_write_start(struct json_writer *writer, struct buffer *out);

void json_write_begin_object(struct json_writer *writer);
void json_write_end_object(struct json_writer *writer);
void json_write_begin_array(struct json_writer *writer);
void json_write_end_array(struct json_writer *writer);

/* The key of the next value. `key` is a name of ours: no character of it needs escaping. */
void json_write_key(struct json_writer *writer, const char *key);

void json_write_null(struct json_writer *writer);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_i64(struct json_writer *writer, int64_t value);
/* The shortest digits that read back; null for NaN and infinities. Needs LC_NUMERIC "C". */
void json_write_f64(struct json_writer *writer, double value);
/* Any bytes; what is not UTF-8 becomes U+FFFD. NULL is null. A text for which `out` has no room is
 * cut there (buffer_admits). */
void json_write_string(struct json_writer *writer, const char *text, size_t length);
void json_write_uuid(struct json_writer *writer, const struct uuid *uuid);
void json_write_timestamp(struct json_writer *writer, const struct timestamp *timestamp,
                          enum timestamp_zone zone);

#endif
