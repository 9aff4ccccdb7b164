#include "event_arrays.h"

#include "json_read.h"

/* The columns of the log in the order of the statement's parameters. */
static const struct column {
    enum sql_type type;
    size_t offset; /* of the struct param_TYPE in struct event */
} columns[EVENT_COLUMNS] = {
    {SQL_UUID, offsetof(struct event, id)},
    {SQL_TIMESTAMPTZ, offsetof(struct event, created_at)},
    {SQL_TEXT, offsetof(struct event, resource_type)},
    {SQL_UUID, offsetof(struct event, collection_id)},
    {SQL_UUID, offsetof(struct event, user_id)},
    {SQL_UUID, offsetof(struct event, bot_id)},
    {SQL_UUID, offsetof(struct event, channel_id)},
    {SQL_TEXT, offsetof(struct event, thread_id)},
    {SQL_TEXT, offsetof(struct event, agent_id)},
    {SQL_JSONB, offsetof(struct event, detail)},
    {SQL_TEXT, offsetof(struct event, recorded_by)},
};

void event_arrays_start(struct event_arrays *arrays)
{
    for (size_t i = 0; i < EVENT_COLUMNS; i++)
        db_array_start(&arrays->columns[i], columns[i].type);
}

static void add_detail(struct db_array *array, const struct param_text *detail)
{
    struct json_span text = {"{}", 2};
    struct buffer plain = {0};

    if (detail->given)
        text = (struct json_span){detail->value.data, detail->value.length};
    json_read_plain(&text, &plain);
    db_array_add_jsonb(array, plain.data, plain.length);
    buffer_free(&plain);
}

static void add_value(struct db_array *array, const struct column *column,
                      const struct event *event)
{
    const void *place = (const char *)event + column->offset;
    const struct param_uuid *uuid = place;
    const struct param_timestamp *timestamp = place;
    const struct param_text *text = place;

    if (column->type == SQL_UUID)
        db_array_add_uuid(array, uuid->given ? &uuid->value : NULL);
    else if (column->type == SQL_TIMESTAMPTZ)
        db_array_add_timestamp(array, timestamp->given ? &timestamp->value : NULL);
    else if (column->type == SQL_TEXT)
        db_array_add_text(array, text->given ? &text->value : NULL);
    else
        add_detail(array, text);
}

void event_arrays_add(struct event_arrays *arrays, const struct event *event)
{
    for (size_t i = 0; i < EVENT_COLUMNS; i++)
        add_value(&arrays->columns[i], &columns[i], event);
}

void event_arrays_add_all(struct event_arrays *arrays, const struct event_arrays *others)
{
    for (size_t i = 0; i < EVENT_COLUMNS; i++)
        db_array_add_all(&arrays->columns[i], &others->columns[i]);
}

size_t event_arrays_count(const struct event_arrays *arrays)
{
    return arrays->columns[0].count;
}

void event_arrays_give(struct event_arrays *arrays, struct db_value *values)
{
    for (size_t i = 0; i < EVENT_COLUMNS; i++)
        db_array_give(&arrays->columns[i], &values[i]);
}

void event_arrays_free(struct event_arrays *arrays)
{
    for (size_t i = 0; i < EVENT_COLUMNS; i++)
        db_array_free(&arrays->columns[i]);
}
