#include "event.h"

#include "detail.h"
#include "json_read.h"

enum { NAME_SHOWN = 64 }; /* bytes of a name that the client chose */

/* Takes a value that is not null. At a fault it returns false and appends what is wrong. */
typedef bool field_reader(const struct json_span *value, void *place, struct buffer *fault);

static bool read_string(const struct json_span *value, struct buffer *text, struct buffer *fault)
{
    if (json_read_string(value, text))
        return true;
    buffer_add_text(fault, "must be a string");
    return false;
}

static bool read_text(const struct json_span *value, void *place, struct buffer *fault)
{
    struct param_text *text = place;

    text->given = read_string(value, &text->value, fault);
    if (text->value.length > EVENT_TEXT_LONGEST)
        buffer_add_format(fault, "is longer than %d bytes", EVENT_TEXT_LONGEST);
    return fault->length == 0;
}

static bool read_name(const struct json_span *value, void *place, struct buffer *fault)
{
    const struct param_text *text = place;

    if (read_text(value, place, fault) && text->value.length == 0)
        buffer_add_text(fault, "must not be empty");
    return fault->length == 0;
}

static bool read_uuid(const struct json_span *value, void *place, struct buffer *fault)
{
    struct param_uuid *uuid = place;
    struct buffer text = {0};

    if (read_string(value, &text, fault) &&
        uuid_parse(text.data, text.length, &uuid->value, fault)) {
        uuid->given = !uuid_is_nil(&uuid->value);
        if (!uuid->given)
            buffer_add_text(fault, "the nil UUID stands for nobody and nothing");
    }
    buffer_free(&text);
    return uuid->given;
}

static bool read_timestamp(const struct json_span *value, void *place, struct buffer *fault)
{
    struct param_timestamp *timestamp = place;
    struct buffer text = {0};

    if (read_string(value, &text, fault)) {
        timestamp->given = timestamp_parse(text.data, text.length, &timestamp->value, fault);
        if (!timestamp->given)
            buffer_add_text(fault, "; a time looks like 2026-03-01T12:00:00Z");
    }
    buffer_free(&text);
    return timestamp->given;
}

static bool read_detail(const struct json_span *value, void *place, struct buffer *fault)
{
    struct param_text *detail = place;

    if (value->text[0] != '{')
        buffer_add_text(fault, "must be an object");
    else if (value->length > EVENT_DETAIL_LONGEST)
        buffer_add_format(fault, "is longer than %d bytes", EVENT_DETAIL_LONGEST);
    detail->given = fault->length == 0;
    if (detail->given)
        buffer_add(&detail->value, value->text, value->length);
    return detail->given;
}

static const struct event_field {
    const char *name;
    field_reader *read;
    size_t offset; /* of the struct param_TYPE in struct event */
} fields[] = {
    {"id", read_uuid, offsetof(struct event, id)},
    {"created_at", read_timestamp, offsetof(struct event, created_at)},
    {"resource_type", read_name, offsetof(struct event, resource_type)},
    {"collection_id", read_uuid, offsetof(struct event, collection_id)},
    {"user_id", read_uuid, offsetof(struct event, user_id)},
    {"bot_id", read_uuid, offsetof(struct event, bot_id)},
    {"channel_id", read_uuid, offsetof(struct event, channel_id)},
    {"thread_id", read_text, offsetof(struct event, thread_id)},
    {"agent_id", read_text, offsetof(struct event, agent_id)},
    {"detail", read_detail, offsetof(struct event, detail)},
};

bool event_read_field(const struct buffer *name, const struct json_span *value, struct event *event,
                      struct buffer *fault)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct event_field *field = &fields[i];
        struct buffer problem = {0};

        if (!buffer_is(name, field->name))
            continue;
        if (value->text[0] != 'n' && !field->read(value, (char *)event + field->offset, &problem))
            buffer_add_format(fault, "%s: %s", field->name, problem.data);
        buffer_free(&problem);
        return fault->length == 0;
    }
    return false;
}

bool event_check_text(const struct json_span *text, struct buffer *fault)
{
    struct json_text json;
    struct json_span whole;

    json_text_start(&json, text);
    if (text->text[0] != '{')
        buffer_add_text(fault, "an event is an object");
    else if (text->length > EVENT_LONGEST)
        buffer_add_format(fault, "the event is longer than %d bytes", EVENT_LONGEST);
    else if (!json_text_take(&json, &whole) || json.deepest > EVENT_DEEPEST)
        buffer_add_format(fault, "the event is nested more than %d levels deep", EVENT_DEEPEST);
    else if (json.has_extreme_number)
        buffer_add_text(fault,
                        "the event has a number of too many digits, or too large an exponent");
    if (fault->length > 0)
        return false;

    struct buffer problem = {0};

    if (!json_read_check(text, &problem))
        buffer_add_format(fault, "the event %s", problem.data);
    buffer_free(&problem);
    return fault->length == 0;
}

bool event_check_whole(const struct event *event, struct buffer *fault)
{
    static const struct json_span nothing = {"{}", 2};
    struct json_span detail = {event->detail.value.data, event->detail.value.length};
    const struct timestamp *created_at = &event->created_at.value;

    if (!event->resource_type.given)
        buffer_add_text(fault, "resource_type: is missing");
    else if (event->created_at.given && created_at->seconds < 0)
        buffer_add_text(fault, "created_at: is before 1970");
    else
        detail_check(&event->resource_type.value, event->detail.given ? &detail : &nothing, fault);
    return fault->length == 0;
}

bool event_read(const struct json_span *text, struct event *event, struct buffer *fault)
{
    struct json_span key, value;
    struct json_text json;
    struct buffer name = {0};

    if (!event_check_text(text, fault))
        return false;
    json_text_start(&json, text);
    json_text_enter(&json);
    while (json_text_next(&json, &key, &value)) {
        struct buffer problem = {0};

        buffer_clear(&name);
        json_read_string(&key, &name);
        if (!event_read_field(&name, &value, event, &problem) && fault->length == 0) {
            if (problem.length > 0)
                buffer_add(fault, problem.data, problem.length);
            else
                buffer_add_format(fault, "%.*s: unknown field%s", NAME_SHOWN,
                                  name.length == 0 ? "\"\"" : name.data,
                                  detail_has_member(&name) ? "; it belongs in detail" : "");
        }
        buffer_free(&problem);
    }
    buffer_free(&name);
    return fault->length == 0 && event_check_whole(event, fault);
}

static void clear_text(struct param_text *text)
{
    text->given = false;
    buffer_clear(&text->value);
}

void event_clear(struct event *event)
{
    struct event kept = *event;

    *event = (struct event){
        .resource_type = kept.resource_type,
        .thread_id = kept.thread_id,
        .agent_id = kept.agent_id,
        .detail = kept.detail,
        .recorded_by = kept.recorded_by,
    };
    clear_text(&event->resource_type);
    clear_text(&event->thread_id);
    clear_text(&event->agent_id);
    clear_text(&event->detail);
    clear_text(&event->recorded_by);
}

void event_free(struct event *event)
{
    buffer_free(&event->resource_type.value);
    buffer_free(&event->thread_id.value);
    buffer_free(&event->agent_id.value);
    buffer_free(&event->detail.value);
    buffer_free(&event->recorded_by.value);
    *event = (struct event){0};
}
