/* The JSON writer: a tree that the input describes is written, read by another library, and the
 * same.
 *
 * Each byte of the input says what comes next; what it needs is taken from the bytes behind it. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "json_write.h"
#include "must.h"
#include "utf8.h"

struct input {
    const uint8_t *data;
    size_t size;
};

enum { DEPTH_MOST = JSON_DEPTH - 1 };

static const char *const keys[] = {"ts", "messages", "cost_usd", "collection_title"};

static json_t *write_value(struct json_writer *json, struct input *input, int depth);

/* Takes so many bytes, zeros where the input has ended. */
static void take(struct input *input, void *place, size_t size)
{
    size_t have = size < input->size ? size : input->size;

    memset(place, 0, size);
    if (have == 0)
        return;
    memcpy(place, input->data, have);
    input->data += have;
    input->size -= have;
}

static uint8_t take_byte(struct input *input)
{
    uint8_t byte;

    take(input, &byte, 1);
    return byte;
}

static json_t *write_string(struct json_writer *json, struct input *input)
{
    size_t length = take_byte(input);
    struct buffer expected = {0};
    json_t *string;

    if (length > input->size)
        length = input->size;
    utf8_add_lossy(&expected, (const char *)input->data, length);
    json_write_string(json, (const char *)input->data, length);
    string = json_stringn(expected.length == 0 ? "" : expected.data, expected.length);
    input->data += length;
    input->size -= length;
    buffer_free(&expected);
    return string;
}

static json_t *write_f64(struct json_writer *json, struct input *input)
{
    double value;

    take(input, &value, sizeof value);
    json_write_f64(json, value);
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *write_i64(struct json_writer *json, struct input *input)
{
    int64_t value;

    take(input, &value, sizeof value);
    json_write_i64(json, value);
    return json_integer(value);
}

static json_t *write_uuid(struct json_writer *json, struct input *input)
{
    struct uuid uuid;
    char text[UUID_TEXT_SIZE];

    take(input, &uuid, sizeof uuid);
    json_write_uuid(json, &uuid);
    uuid_format(&uuid, text);
    return json_string(text);
}

static json_t *write_array(struct json_writer *json, struct input *input, int depth)
{
    json_t *array = json_array();

    json_write_begin_array(json);
    for (int count = take_byte(input) % 8; count > 0; count--)
        json_array_append_new(array, write_value(json, input, depth + 1));
    json_write_end_array(json);
    return array;
}

static json_t *write_object(struct json_writer *json, struct input *input, int depth)
{
    json_t *object = json_object();
    size_t count = take_byte(input) % (sizeof keys / sizeof keys[0] + 1);

    json_write_begin_object(json);
    for (size_t i = 0; i < count; i++) {
        json_write_key(json, keys[i]);
        json_object_set_new(object, keys[i], write_value(json, input, depth + 1));
    }
    json_write_end_object(json);
    return object;
}

static json_t *write_value(struct json_writer *json, struct input *input, int depth)
{
    switch (take_byte(input) % 7) {
    case 0:
        return write_string(json, input);
    case 1:
        return write_f64(json, input);
    case 2:
        return write_i64(json, input);
    case 3:
        return write_uuid(json, input);
    case 4:
        if (depth < DEPTH_MOST)
            return write_array(json, input, depth);
        break;
    case 5:
        if (depth < DEPTH_MOST)
            return write_object(json, input, depth);
        break;
    default:
        break;
    }
    json_write_null(json);
    return json_null();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct buffer text = {0};
    struct json_writer json;
    json_error_t fault;

    json_write_start(&json, &text);

    json_t *expected = write_value(&json, &input, 0);
    json_t *read = json_loadb(text.data, text.length,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &fault);

    MUST(read != NULL);
    MUST(json_equal(read, expected));
    json_decref(read);
    json_decref(expected);
    buffer_free(&text);
    return 0;
}
