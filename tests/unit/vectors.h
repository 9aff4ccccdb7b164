/* Test cases from tests/vectors, one JSON object a line, and JSON as an independent reader sees
 * it. Only vectors.c knows the reader. */
#ifndef TALLY_TESTS_VECTORS_H
#define TALLY_TESTS_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/* A value that was read; it lives as long as the check it is handed to. */
struct json_t;

/* Checks one case. Where it fails, may append what came instead to `got`. */
typedef bool vector_check(const struct json_t *in, const struct json_t *out, struct buffer *got);

/* Runs every case of a file and fails the test, naming each line that does not hold. */
void vectors_run(const char *file, vector_check *check);

/* The member of an object, or NULL. */
const struct json_t *vectors_member(const struct json_t *object, const char *key);

/* The bytes of a string, with their count unless `length` is NULL. */
const char *vectors_text(const struct json_t *string, size_t *length);

long long vectors_integer(const struct json_t *integer);
bool vectors_is_null(const struct json_t *value);

/* Whether a string holds exactly these bytes, NULs included. */
bool vectors_equal(const struct json_t *string, const char *bytes, size_t length);

/* Whether `json` is JSON and means the same as `value`. */
bool vectors_same(const struct buffer *json, const struct json_t *value);

/* Whether `json` is one JSON string and holds exactly these bytes. */
bool vectors_reads_back(const struct buffer *json, const char *bytes, size_t length);

#endif
