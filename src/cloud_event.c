#include "cloud_event.h"

#include <string.h>

#include "json_read.h"
#include "uuid_named.h"

enum attribute {
    SPECVERSION,
    ID,
    SOURCE,
    TYPE,
    TIME,
    SUBJECT,
    CONTENT_TYPE,
    DATA,
    DATA_BASE64,
    ATTRIBUTES
};

/* Other attributes are extensions, and stand for nothing in the log. */
static const char *const names[ATTRIBUTES] = {
    "specversion",     "id",   "source",      "type", "time", "subject",
    "datacontenttype", "data", "data_base64",
};

/* The attributes that are columns, and the members of data that are. */
static const struct {
    enum attribute attribute;
    const char *field;
} columns[] = {
    {TYPE, "resource_type"},
    {TIME, "created_at"},
    {SUBJECT, "user_id"},
};
static const char *const ids_in_data[] = {"collection_id", "user_id",   "bot_id",
                                          "channel_id",    "thread_id", "agent_id"};

static void take_attributes(const struct json_span *text, struct json_span attributes[ATTRIBUTES])
{
    struct json_span key, value;
    struct json_text json;
    struct buffer name = {0};

    json_text_start(&json, text);
    json_text_enter(&json);
    while (json_text_next(&json, &key, &value)) {
        buffer_clear(&name);
        json_read_string(&key, &name);
        for (int i = 0; i < ATTRIBUTES; i++) {
            if (buffer_is(&name, names[i]) && value.text[0] != 'n')
                attributes[i] = value;
        }
    }
    buffer_free(&name);
}

/* Reads an attribute that must be there and must say something. */
static bool read_required(const struct json_span attributes[ATTRIBUTES], enum attribute attribute,
                          struct buffer *text, struct buffer *fault)
{
    const struct json_span *value = &attributes[attribute];

    if (value->text == NULL)
        buffer_add_format(fault, "%s: is missing", names[attribute]);
    else if (!json_read_string(value, text) || text->length == 0)
        buffer_add_format(fault, "%s: must be a string that is not empty", names[attribute]);
    return fault->length == 0;
}

static bool check_version(const struct json_span attributes[ATTRIBUTES], struct buffer *fault)
{
    struct buffer version = {0};

    if (read_required(attributes, SPECVERSION, &version, fault) && !buffer_is(&version, "1.0"))
        buffer_add_text(fault, "specversion: must be 1.0");
    buffer_free(&version);
    return fault->length == 0;
}

static bool read_id(const struct json_span attributes[ATTRIBUTES], struct event *event,
                    struct buffer *fault)
{
    struct buffer id = {0}, source = {0}, no_uuid = {0};

    if (read_required(attributes, ID, &id, fault) &&
        read_required(attributes, SOURCE, &source, fault)) {
        struct uuid *uuid = &event->id.value;

        event->id.given = true;
        if (!uuid_parse(id.data, id.length, uuid, &no_uuid) || uuid_is_nil(uuid)) {
            uuid_from_name(&uuid_name_space_url, source.data, source.length, uuid);
            uuid_from_name(uuid, id.data, id.length, uuid);
        }
    }
    buffer_free(&no_uuid);
    buffer_free(&source);
    buffer_free(&id);
    return fault->length == 0;
}

/* application/json and whatever else is JSON; none says JSON too. */
static bool check_content(const struct json_span attributes[ATTRIBUTES], struct buffer *fault)
{
    struct buffer type = {0};

    if (attributes[DATA_BASE64].text != NULL)
        buffer_add_text(fault, "data_base64: data must be JSON");
    else if (attributes[CONTENT_TYPE].text != NULL &&
             (!json_read_string(&attributes[CONTENT_TYPE], &type) ||
              strcasestr(type.data, "json") == NULL))
        buffer_add_text(fault, "datacontenttype: data must be JSON");
    else if (attributes[DATA].text != NULL && attributes[DATA].text[0] != '{')
        buffer_add_text(fault, "data: must be an object");
    buffer_free(&type);
    return fault->length == 0;
}

static bool read_column(const char *field, const struct json_span *value, const char *shown,
                        struct event *event, struct buffer *fault)
{
    struct buffer name = {0}, problem = {0};
    bool good;

    buffer_add_text(&name, field);
    good = event_read_field(&name, value, event, &problem);
    if (!good && fault->length == 0)
        buffer_add_format(fault, "%s%s", shown, problem.data + strlen(field));
    buffer_free(&problem);
    buffer_free(&name);
    return good;
}

static bool is_id_in_data(const struct buffer *name)
{
    for (size_t i = 0; i < sizeof ids_in_data / sizeof ids_in_data[0]; i++) {
        if (buffer_is(name, ids_in_data[i]))
            return true;
    }
    return false;
}

static void add_member(struct buffer *detail, const struct json_span *key,
                       const struct json_span *value)
{
    buffer_add_byte(detail, detail->length == 0 ? '{' : ',');
    buffer_add(detail, key->text, key->length);
    buffer_add_byte(detail, ':');
    buffer_add(detail, value->text, value->length);
}

/* The ids in data become columns, and what is left of it the detail. */
static void read_data(const struct json_span *data, struct event *event, struct buffer *fault)
{
    struct buffer *detail = &event->detail.value;
    struct json_span key, value;
    struct json_text json;
    struct buffer name = {0}, shown = {0};

    json_text_start(&json, data);
    json_text_enter(&json);
    while (json_text_next(&json, &key, &value)) {
        buffer_clear(&name);
        json_read_string(&key, &name);
        if (!is_id_in_data(&name)) {
            add_member(detail, &key, &value);
            continue;
        }
        buffer_clear(&shown);
        buffer_add_format(&shown, "data.%s", name.data);
        read_column(name.data, &value, shown.data, event, fault);
    }
    buffer_add_text(detail, detail->length == 0 ? "{}" : "}");
    event->detail.given = true;
    if (detail->length > EVENT_DETAIL_LONGEST && fault->length == 0)
        buffer_add_format(fault, "data: is longer than %d bytes", EVENT_DETAIL_LONGEST);
    buffer_free(&shown);
    buffer_free(&name);
}

/* The user may stand in two places, and must be the same then. */
static bool read_columns(const struct json_span attributes[ATTRIBUTES], struct event *event,
                         struct buffer *fault)
{
    struct param_uuid in_data;

    if (attributes[DATA].text != NULL)
        read_data(&attributes[DATA], event, fault);
    in_data = event->user_id;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const struct json_span *value = &attributes[columns[i].attribute];

        if (value->text != NULL)
            read_column(columns[i].field, value, names[columns[i].attribute], event, fault);
    }
    if (in_data.given && fault->length == 0 &&
        memcmp(&in_data.value, &event->user_id.value, sizeof in_data.value) != 0)
        buffer_add_text(fault, "subject: is not the user_id in data");
    return fault->length == 0;
}

bool cloud_event_read(const struct json_span *text, struct event *event, struct buffer *fault)
{
    struct json_span attributes[ATTRIBUTES] = {{0}};
    size_t before = fault->length;

    if (!event_check_text(text, fault))
        return false;
    take_attributes(text, attributes);
    if (!check_version(attributes, fault) || !read_id(attributes, event, fault) ||
        !check_content(attributes, fault) || !read_columns(attributes, event, fault))
        return false;
    if (!event->resource_type.given)
        buffer_add_text(fault, "type: is missing");
    return fault->length == before && event_check_whole(event, fault);
}
