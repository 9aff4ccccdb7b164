/* A body with events, in each of its forms: what is accepted can be stored as it stands. */
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "batch.h"
#include "cloud_event.h"
#include "json_read.h"
#include "must.h"
#include "utf8.h"

static void must_be_text(const struct param_text *text, size_t most)
{
    uint32_t code_point;
    size_t size;

    MUST(!text->given || text->value.length <= most);
    for (size_t i = 0; text->given && i < text->value.length; i += size) {
        MUST(utf8_decode(text->value.data + i, text->value.length - i, &code_point, &size));
        MUST(code_point != 0);
    }
}

static void check_plain(const struct json_span *detail)
{
    struct buffer plain = {0}, again = {0}, fault = {0};

    json_read_plain(detail, &plain);

    struct json_span text = {plain.data, plain.length};

    MUST(plain.length <= detail->length && json_read_check(&text, &fault));
    json_read_plain(&text, &again);
    MUST(buffer_is(&again, plain.data));
    buffer_free(&plain);
    buffer_free(&again);
}

static void check_event(const struct event *event)
{
    struct json_span detail = {event->detail.value.data, event->detail.value.length};
    struct buffer fault = {0};

    MUST(event->resource_type.given && event->resource_type.value.length > 0);
    must_be_text(&event->resource_type, EVENT_TEXT_LONGEST);
    must_be_text(&event->thread_id, EVENT_TEXT_LONGEST);
    must_be_text(&event->agent_id, EVENT_TEXT_LONGEST);
    MUST(!event->created_at.given || event->created_at.value.seconds >= 0);
    if (!event->detail.given)
        return;
    MUST(detail.length <= EVENT_DETAIL_LONGEST && json_read_check(&detail, &fault));
    check_plain(&detail);
}

static void read_body(const struct json_span *body, enum batch_form form, event_reader *read)
{
    struct json_span text;
    struct error error = {0};
    struct event event = {0};
    struct batch batch;

    batch_start(&batch, body, form);
    while (batch_next(&batch, &text, &error)) {
        struct buffer fault = {0};

        MUST(text.text >= body->text && text.text + text.length <= body->text + body->length);
        if (read(&text, &event, &fault))
            check_event(&event);
        else
            MUST(fault.length > 0 && memchr(fault.data, '\0', fault.length) == NULL);
        buffer_free(&fault);
        event_clear(&event);
    }
    MUST(error.code == ERROR_NONE || error.code == ERROR_BAD_REQUEST);
    error_free(&error);
    event_free(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = allocate(size + 1);
    struct json_span body = {copy, size};

    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    read_body(&body, BATCH_JSON, event_read);
    read_body(&body, BATCH_JSON, cloud_event_read);
    read_body(&body, BATCH_LINES, event_read);
    free(copy);
    return 0;
}
