/* A query string: pairs are UTF-8 and no longer than what they came from; a table of parameters is
 * filled, or the fault is the client's and names a parameter. */
#include <string.h>

#include "allocate.h"
#include "must.h"
#include "params.h"
#include "query_string.h"
#include "utf8.h"

struct values {
    struct param_text text;
    struct param_uuid uuid;
    struct param_i32 number;
    struct param_timestamp since;
    struct param_bucket bucket;
};

static const struct param table[] = {
    {"text", PARAM_TEXT, offsetof(struct values, text)},
    {"uuid", PARAM_UUID, offsetof(struct values, uuid)},
    {"number", PARAM_I32, offsetof(struct values, number)},
    {"since", PARAM_TIMESTAMP, offsetof(struct values, since)},
    {"bucket", PARAM_BUCKET, offsetof(struct values, bucket)},
};

enum { COUNT = sizeof table / sizeof table[0], REPLACEMENT_SIZE = 3, FAULT_MOST = 200 };

static void must_be_utf8(const struct buffer *text)
{
    uint32_t code_point;
    size_t size;

    for (size_t i = 0; i < text->length; i += size)
        MUST(utf8_decode(text->data + i, text->length - i, &code_point, &size));
}

static void read_pairs(const char *text)
{
    struct query_string query;
    size_t room = strlen(text) * REPLACEMENT_SIZE;

    query_string_start(&query, text);
    while (query_string_next(&query)) {
        must_be_utf8(&query.key);
        must_be_utf8(&query.value);
        MUST(query.key.length + query.value.length <= room);
        room -= query.key.length + query.value.length;
    }
    query_string_free(&query);
}

static void read_values(const char *text)
{
    struct values values = {0};
    struct error error = {0};

    if (params_parse(text, table, COUNT, &values, &error)) {
        MUST(error.code == ERROR_NONE);
        must_be_utf8(&values.text.value);
    } else {
        MUST(error.code == ERROR_BAD_REQUEST);
        MUST(error.message.length > 0 && error.detail.length == 0);
        MUST(error.message.length <= strlen(text) * REPLACEMENT_SIZE + FAULT_MOST);
        must_be_utf8(&error.message);
    }
    params_free(table, COUNT, &values);
    error_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = allocate_zeroed(size + 1, 1);

    if (size > 0)
        memcpy(text, data, size);
    read_pairs(text);
    read_values(text);
    free(text);
    return 0;
}
