#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static FILE *open_vectors(const char *file)
{
    char path[4096];

#ifdef VECTORS_DIR
    snprintf(path, sizeof path, "%s/%s", VECTORS_DIR, file);
#else
    const char *srcdir = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/vectors/%s", srcdir != NULL ? srcdir : ".", file);
#endif
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        fail_msg("%s cannot be read", path);
    return stream;
}

static bool run_line(const char *line, vector_check *check, struct buffer *got)
{
    json_error_t problem;
    json_t *vector = json_loads(line, JSON_ALLOW_NUL, &problem);
    if (vector == NULL) {
        buffer_add_text(got, problem.text);
        return false;
    }
    const json_t *in = json_object_get(vector, "in");
    const json_t *out = json_object_get(vector, "out");
    bool good = in != NULL && out != NULL && check(in, out, got);
    json_decref(vector);
    return good;
}

void vectors_run(const char *file, vector_check *check)
{
    FILE *stream = open_vectors(file);
    char *line = NULL;
    size_t size = 0;
    int number = 0;
    int failures = 0;
    while (getline(&line, &size, stream) >= 0) {
        struct buffer got = {0};

        number++;
        if (!run_line(line, check, &got)) {
            failures++;
            print_error("%s:%d: %.300s  got: %s\n", file, number, line,
                        got.data != NULL ? got.data : "");
        }
        buffer_free(&got);
    }
    free(line);
    fclose(stream);
    assert_true(number > 0);
    assert_int_equal(failures, 0);
}

const json_t *vectors_member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

const char *vectors_text(const json_t *string, size_t *length)
{
    if (length != NULL)
        *length = json_string_length(string);
    return json_string_value(string);
}

long long vectors_integer(const json_t *integer)
{
    return json_integer_value(integer);
}

bool vectors_is_null(const json_t *value)
{
    return json_is_null(value);
}

bool vectors_equal(const json_t *string, const char *bytes, size_t length)
{
    return json_is_string(string) && json_string_length(string) == length &&
           memcmp(json_string_value(string), bytes, length) == 0;
}

bool vectors_same(const struct buffer *json, const json_t *value)
{
    json_t *read = json_loadb(json->data, json->length, JSON_ALLOW_NUL, NULL);
    bool same = json_equal(read, value) == 1;
    json_decref(read);
    return same;
}

bool vectors_reads_back(const struct buffer *json, const char *bytes, size_t length)
{
    json_t *read = json_loadb(json->data, json->length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool same = vectors_equal(read, bytes, length);
    json_decref(read);
    return same;
}
