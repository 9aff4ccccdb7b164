#include "intake.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "cloud_event.h"
#include "media_type.h"
#include "params.h"
#include "utf8.h"
#include "uuid_named.h"

struct intake_params {
    struct param_text results;
};

static const struct param params[] = {
    {"results", PARAM_TEXT, offsetof(struct intake_params, results)},
};

enum { PARAM_COUNT = sizeof params / sizeof params[0] };

/* What a body can be. */
static const struct intake_form {
    const char *type;
    enum batch_form form;
    event_reader *read;
} forms[] = {
    {"application/json", BATCH_JSON, event_read},
    {"application/x-ndjson", BATCH_LINES, event_read},
    {"application/cloudevents+json", BATCH_JSON, cloud_event_read},
    {"application/cloudevents-batch+json", BATCH_JSON, cloud_event_read},
};

static bool read_only_errors(const char *query, bool *only_errors, struct error *error)
{
    struct intake_params given = {0};
    bool good = params_parse(query, params, PARAM_COUNT, &given, error);

    *only_errors = buffer_is(&given.results.value, "errors");
    if (good && given.results.given && !*only_errors && !buffer_is(&given.results.value, "all"))
        good = error_set(error, ERROR_BAD_REQUEST, "results: must be all or errors");
    params_free(params, PARAM_COUNT, &given);
    return good;
}

static const struct intake_form *find_form(const struct request_body *body, struct error *error)
{
    if (body->encoding != NULL && body->encoding[0] != '\0' &&
        strcasecmp(body->encoding, "identity") != 0) {
        error_set(error, ERROR_UNSUPPORTED_TYPE, "the body must not be encoded");
        return NULL;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (media_type_is(body->type, forms[i].type))
            return &forms[i];
    }
    error_set(error, ERROR_UNSUPPORTED_TYPE,
              "Content-Type must be application/json, application/x-ndjson, "
              "application/cloudevents+json or application/cloudevents-batch+json");
    return NULL;
}

static bool fail_too_large(int most, struct error *error)
{
    return error_set(error, ERROR_TOO_LARGE, "the request body is larger than %d bytes", most);
}

/* -1: not said. */
static bool read_length(const char *text, int most, long *length, struct error *error)
{
    char *end;

    *length = -1;
    if (text == NULL || text[0] == '\0')
        return true;
    *length = strtol(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0')
        return error_set(error, ERROR_BAD_REQUEST, "Content-Length: is not a number");
    return *length <= most || fail_too_large(most, error);
}

static bool read_body(const struct request_body *body, int most, struct buffer *text,
                      struct error *error)
{
    long length;

    buffer_add_text(text, "");
    if (!read_length(body->length, most, &length, error))
        return false;
    if (!body->read(body->reader, (size_t)most, text))
        return error_set(error, ERROR_BAD_REQUEST, "the request body did not come to its end");
    if (text->length > (size_t)most)
        return fail_too_large(most, error);
    if (length >= 0 && text->length != (size_t)length)
        return error_set(error, ERROR_BAD_REQUEST,
                         "the request body is not as long as Content-Length says");
    return true;
}

static void set_sender(const struct intake *intake, struct event *event)
{
    event->recorded_by.given = true;
    buffer_add(&event->recorded_by.value, intake->recorded_by.data, intake->recorded_by.length);
}

/* Notes what becomes of an event, and puts one that can be taken into the arrays. */
static void take_event(struct intake *intake, const struct json_span *text, struct event *event)
{
    struct buffer fault = {0};
    bool good = intake->form->read(text, event, &fault);

    if (good && !event->id.given) {
        uuid_from_chance(&event->id.value);
        event->id.given = true;
    }

    set_sender(intake, event);

    struct outcome *outcome =
        outcomes_add(&intake->outcomes, event->id.given ? &event->id.value : NULL);

    if (!good)
        outcomes_reject(&intake->outcomes, outcome, fault.data);
    else
        event_arrays_add(&intake->arrays, event);
    outcome->place = good ? (int64_t)event_arrays_count(&intake->arrays) : 0;
    buffer_free(&fault);
}

void intake_start_batch(const struct intake *intake, struct batch *batch)
{
    const struct json_span body = {intake->text.data, intake->text.length};

    batch_start(batch, &body, intake->form->form);
}

static bool take_events(struct intake *intake, struct error *error)
{
    size_t most = (size_t)intake->config->ingest.max_events;
    struct event event = {0};
    struct json_span text;
    struct batch batch;

    event_arrays_start(&intake->arrays);
    intake_start_batch(intake, &batch);
    while (batch_next(&batch, &text, error)) {
        if (intake->outcomes.count == most) {
            error_set(error, ERROR_TOO_LARGE, "there are more than %zu events", most);
            break;
        }
        take_event(intake, &text, &event);
        event_clear(&event);
    }
    event_free(&event);
    outcomes_sort(&intake->outcomes);
    return error->code == ERROR_NONE;
}

void intake_read_again(const struct intake *intake, const struct json_span *text,
                       const struct outcome *outcome, struct event *event)
{
    struct buffer fault = {0};

    intake->form->read(text, event, &fault);
    set_sender(intake, event);
    event->id = (struct param_uuid){true, outcome->id};
    buffer_free(&fault);
}

struct intake *intake_read(const struct config *config, const struct request *request,
                           struct error *error)
{
    struct intake *intake = allocate_zeroed(1, sizeof *intake);

    intake->config = config;
    /* The client chose the bytes of the name. */
    utf8_add_lossy(&intake->recorded_by, request->identity.user, strlen(request->identity.user));
    if (read_only_errors(request->query, &intake->only_errors, error) &&
        (intake->form = find_form(request->body, error)) != NULL &&
        read_body(request->body, config->ingest.max_body, &intake->text, error) &&
        take_events(intake, error))
        return intake;
    intake_free(intake);
    return NULL;
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    event_arrays_free(&intake->arrays);
    outcomes_free(&intake->outcomes);
    buffer_free(&intake->text);
    buffer_free(&intake->recorded_by);
    buffer_free(&intake->refusal);
    error_free(&intake->fault);
    free(intake);
}
