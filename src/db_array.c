#include "db_array.h"

#include <endian.h>
#include <string.h>

/* Of the binary form (PostgreSQL's array_recv): dimensions, whether there are nulls, type, then for
 * the one dimension its size and its first index; then for each element its length and its bytes.
 */
enum {
    HEAD_WORDS = 5,
    COUNT_AT = 3 * sizeof(uint32_t),
    ELEMENTS_AT = HEAD_WORDS * sizeof(uint32_t),
    NO_LENGTH = -1,
    JSONB_VERSION = 1,
};

static void add_u32(struct db_array *array, uint32_t number)
{
    uint32_t bytes = htobe32(number);

    buffer_add(&array->bytes, &bytes, sizeof bytes);
}

void db_array_start(struct db_array *array, enum sql_type element)
{
    const uint32_t head[HEAD_WORDS] = {1, 1, sql_types[element].oid, 0, 1};

    buffer_clear(&array->bytes);
    array->count = 0;
    for (size_t i = 0; i < HEAD_WORDS; i++)
        add_u32(array, head[i]);
}

static void add_element(struct db_array *array, const void *bytes, size_t length)
{
    array->count++;
    add_u32(array, (uint32_t)length);
    buffer_add(&array->bytes, bytes, length);
}

static void add_null(struct db_array *array)
{
    array->count++;
    add_u32(array, (uint32_t)NO_LENGTH);
}

void db_array_add_text(struct db_array *array, const struct buffer *text)
{
    if (text == NULL)
        add_null(array);
    else
        add_element(array, text->data, text->length);
}

void db_array_add_uuid(struct db_array *array, const struct uuid *uuid)
{
    if (uuid == NULL)
        add_null(array);
    else
        add_element(array, uuid->bytes, sizeof uuid->bytes);
}

void db_array_add_timestamp(struct db_array *array, const struct timestamp *timestamp)
{
    uint64_t bytes;

    if (timestamp == NULL) {
        add_null(array);
        return;
    }
    bytes = htobe64(
        (uint64_t)((timestamp->seconds - DB_EPOCH) * 1000000 + timestamp->nanoseconds / 1000));
    add_element(array, &bytes, sizeof bytes);
}

void db_array_add_jsonb(struct db_array *array, const char *text, size_t length)
{
    array->count++;
    add_u32(array, (uint32_t)length + 1);
    buffer_add_byte(&array->bytes, JSONB_VERSION);
    buffer_add(&array->bytes, text, length);
}

void db_array_add_all(struct db_array *array, const struct db_array *other)
{
    array->count += other->count;
    buffer_add(&array->bytes, other->bytes.data + ELEMENTS_AT, other->bytes.length - ELEMENTS_AT);
}

void db_array_give(struct db_array *array, struct db_value *value)
{
    uint32_t count = htobe32(array->count);

    memcpy(array->bytes.data + COUNT_AT, &count, sizeof count);
    value->bytes = array->bytes.data;
    value->length = (int)array->bytes.length;
    value->binary = true;
}

void db_array_free(struct db_array *array)
{
    buffer_free(&array->bytes);
}
