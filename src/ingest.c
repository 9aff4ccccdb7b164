#include "ingest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch.h"
#include "cloud_event.h"
#include "db_array.h"
#include "event.h"
#include "media_type.h"
#include "outcome.h"
#include "params.h"
#include "uuid_named.h"

struct ingest_params {
    struct param_text results;
};

static const struct param params[] = {
    {"results", PARAM_TEXT, offsetof(struct ingest_params, results)},
};

enum { PARAM_COUNT = sizeof params / sizeof params[0] };

/* What a body can be. */
static const struct form {
    const char *type;
    enum batch_form form;
    event_reader *read;
} forms[] = {
    {"application/json", BATCH_JSON, event_read},
    {"application/x-ndjson", BATCH_LINES, event_read},
    {"application/cloudevents+json", BATCH_JSON, cloud_event_read},
    {"application/cloudevents-batch+json", BATCH_JSON, cloud_event_read},
};

/* The columns of the log in the order of the statement's parameters. */
static const struct column {
    enum sql_type type;
    size_t offset; /* of the struct param_TYPE in struct event */
} columns[] = {
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
};

enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

/* Why the log itself does not take an event, by SQLSTATE; the last row fits all. */
static const struct refusal {
    const char *sqlstate, *fault;
} refusals[] = {
    {"23503", "refers to something that does not exist"},
    {"22P05", "has a character that the database cannot hold"},
    {"23505", "is not the only one of its kind, as the log demands"},
    {"", "the log does not take it"},
};

struct ingest {
    const struct config *config;
    const struct form *form;
    struct json_span body;
    struct db_array arrays[COLUMN_COUNT];
    struct outcomes outcomes;
};

static bool read_only_errors(const char *query, bool *only_errors, struct error *error)
{
    struct ingest_params given = {0};
    bool good = params_parse(query, params, PARAM_COUNT, &given, error);

    *only_errors = buffer_is(&given.results.value, "errors");
    if (good && given.results.given && !*only_errors && !buffer_is(&given.results.value, "all"))
        good = error_set(error, ERROR_BAD_REQUEST, "results: must be all or errors");
    params_free(params, PARAM_COUNT, &given);
    return good;
}

static const struct form *find_form(const struct request_body *body, struct error *error)
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
    if (!body->read((size_t)most, text))
        return error_set(error, ERROR_BAD_REQUEST, "the request body did not come to its end");
    if (text->length > (size_t)most)
        return fail_too_large(most, error);
    if (length >= 0 && text->length != (size_t)length)
        return error_set(error, ERROR_BAD_REQUEST,
                         "the request body is not as long as Content-Length says");
    return true;
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
        db_array_add_jsonb(array, text->given ? text->value.data : "{}",
                           text->given ? text->value.length : 2);
}

static void add_values(struct ingest *ingest, const struct event *event)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        add_value(&ingest->arrays[i], &columns[i], event);
}

/* Notes what becomes of an event, and puts one that can be taken into the arrays. */
static void take_event(struct ingest *ingest, const struct json_span *text, struct event *event)
{
    int64_t latest = (int64_t)time(NULL) + ingest->config->ingest.max_future;
    struct buffer fault = {0};
    bool good = ingest->form->read(text, latest, event, &fault);

    if (good && !event->id.given) {
        uuid_from_chance(&event->id.value);
        event->id.given = true;
    }

    struct outcome *outcome =
        outcomes_add(&ingest->outcomes, event->id.given ? &event->id.value : NULL);

    if (!good)
        outcomes_reject(&ingest->outcomes, outcome, fault.data);
    else
        add_values(ingest, event);
    outcome->place = good ? (int64_t)ingest->arrays[0].count : 0;
    buffer_free(&fault);
}

static void start_arrays(struct ingest *ingest)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        db_array_start(&ingest->arrays[i], columns[i].type);
}

static bool take_events(struct ingest *ingest, struct error *error)
{
    int most = ingest->config->ingest.max_events;
    struct event event = {0};
    struct json_span text;
    struct batch batch;

    start_arrays(ingest);
    batch_start(&batch, &ingest->body, ingest->form->form);
    while (batch_next(&batch, &text, error)) {
        if (ingest->outcomes.count == (size_t)most) {
            error_set(error, ERROR_TOO_LARGE, "there are more than %d events", most);
            break;
        }
        take_event(ingest, &text, &event);
        event_clear(&event);
    }
    event_free(&event);
    return error->code == ERROR_NONE;
}

static const char *find_refusal(const char *sqlstate)
{
    const struct refusal *refusal = refusals;

    while (strncmp(sqlstate, refusal->sqlstate, strlen(refusal->sqlstate)) != 0)
        refusal++;
    return refusal->fault;
}

static struct outcome *find_outcome(const struct outcomes *outcomes, const struct db_row *row)
{
    const char *id = db_row_text(row, 0), *place = db_row_text(row, 1);
    struct buffer fault = {0};
    struct outcome *outcome = NULL;
    struct uuid uuid;

    if (place != NULL)
        return outcomes_at(outcomes, strtoll(place, NULL, 10));
    if (id != NULL && uuid_parse(id, db_row_length(row, 0), &uuid, &fault))
        outcome = outcomes_find(outcomes, &uuid);
    buffer_free(&fault);
    return outcome;
}

/* A row of the statement: id, place, priced, refusal. */
static bool take_recorded(const struct db_row *row, void *context, struct error *error)
{
    struct outcomes *outcomes = context;
    const char *priced = db_row_text(row, 2), *refusal = db_row_text(row, 3);
    struct outcome *outcome = find_outcome(outcomes, row);

    (void)error;
    /* A trigger of the site's own gave the event another id. */
    if (outcome == NULL)
        return true;
    if (refusal != NULL) {
        outcomes_reject(outcomes, outcome, find_refusal(refusal));
        return true;
    }
    outcome->status = OUTCOME_RECORDED;
    if (priced != NULL)
        outcome->price = priced[0] == 't' ? OUTCOME_PRICED : OUTCOME_UNPRICED;
    return true;
}

static bool send_events(struct app *app, struct ingest *ingest, enum statement_id statement,
                        struct error *error)
{
    struct db_value values[COLUMN_COUNT] = {{0}};
    const struct db_call call = {&statements[statement], values, take_recorded, &ingest->outcomes};

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        db_array_give(&ingest->arrays[i], &values[i]);
    return db_change(app->db, app->config->database.query_timeout, &call, error);
}

/* Sends one event alone; what the database cannot hold of it, or does not take, is its fault. */
static bool send_alone(struct app *app, struct ingest *ingest, const struct json_span *text,
                       struct outcome *outcome, struct error *error)
{
    struct event event = {0};
    struct buffer fault = {0};
    struct error refusal = {0};
    bool is_refused = false;

    start_arrays(ingest);
    ingest->form->read(text, INT64_MAX, &event, &fault);
    event.id = (struct param_uuid){true, outcome->id};
    add_values(ingest, &event);
    if (!send_events(app, ingest, STATEMENT_RECORD, &refusal)) {
        is_refused = refusal.code == ERROR_NO_SUCH_TEXT || refusal.code == ERROR_REFUSED;
        if (!is_refused)
            *error = refusal;
    }
    if (is_refused) {
        outcomes_reject(&ingest->outcomes, outcome, find_refusal(refusal.detail.data));
        error_free(&refusal);
    }
    buffer_free(&fault);
    event_free(&event);
    return error->code == ERROR_NONE;
}

/* PostgreSQL converts texts before it calls a function, and gives up at one that it cannot hold. */
static bool send_one_by_one(struct app *app, struct ingest *ingest, struct error *error)
{
    struct json_span text;
    struct batch batch;

    batch_start(&batch, &ingest->body, ingest->form->form);
    for (size_t i = 0; batch_next(&batch, &text, error); i++) {
        struct outcome *outcome = &ingest->outcomes.list[i];

        if (outcome->place > 0 && !send_alone(app, ingest, &text, outcome, error))
            return false;
    }
    return error->code == ERROR_NONE;
}

/* All at once, or else each by itself. */
static bool record(struct app *app, struct ingest *ingest, struct error *error)
{
    struct error refusal = {0};
    bool good;

    outcomes_sort(&ingest->outcomes);
    if (ingest->arrays[0].count == 0 || send_events(app, ingest, STATEMENT_RECORD, &refusal))
        return true;
    outcomes_undo(&ingest->outcomes);
    switch (refusal.code) {
    case ERROR_REFUSED:
        good = send_events(app, ingest, STATEMENT_RECORD_EACH, error);
        break;
    case ERROR_NO_SUCH_TEXT:
        good = send_one_by_one(app, ingest, error);
        break;
    default:
        *error = refusal;
        return false;
    }
    error_free(&refusal);
    return good;
}

static void ingest_free(struct ingest *ingest)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        db_array_free(&ingest->arrays[i]);
    outcomes_free(&ingest->outcomes);
}

bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error)
{
    struct ingest ingest = {.config = app->config};
    struct buffer text = {0};
    bool only_errors;
    bool good = read_only_errors(request->query, &only_errors, error) &&
                (ingest.form = find_form(request->body, error)) != NULL &&
                read_body(request->body, app->config->ingest.max_body, &text, error);

    ingest.body = (struct json_span){text.data, text.length};
    good = good && take_events(&ingest, error) && record(app, &ingest, error);
    if (good) {
        outcomes_write(&ingest.outcomes, only_errors, body);
        if (ingest.outcomes.count > 0 &&
            outcomes_count(&ingest.outcomes, OUTCOME_REJECTED) == ingest.outcomes.count)
            good = error_set(error, ERROR_REJECTED, "no event was accepted");
    }
    ingest_free(&ingest);
    buffer_free(&text);
    return good;
}
