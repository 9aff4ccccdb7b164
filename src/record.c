#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define AHEAD             "TL002" /* of tally_record(): no rule of the log */
#define NO_SUCH_CHARACTER "22P05"

/* Why an event is not taken, by the beginning of tally_record_each()'s refusal: the SQLSTATE and
 * where it came from. The last row fits all. */
static const struct refusal {
    const char *beginning, *fault;
} refusals[] = {
    {AHEAD, "created_at: is too far in the future"},
    {"23503", "refers to something that does not exist"},
    {NO_SUCH_CHARACTER, "has a character that the database cannot hold"},
    {"22021", "has a character that the database cannot hold"},
    {"22001", "has a text that is too long for the log"},
    {"23505", "is not the only one of its kind, as the log demands"},
    {"23502 in column collection_id", "collection_id: the log demands it"},
    {"23502 in column user_id", "user_id: the log demands it"},
    {"23502 in column bot_id", "bot_id: the log demands it"},
    {"23502 in column channel_id", "channel_id: the log demands it"},
    {"23502 in column thread_id", "thread_id: the log demands it"},
    {"23502 in column agent_id", "agent_id: the log demands it"},
    {"", "the log does not take it"},
};

/* The requests whose events are recorded. */
struct recorded {
    struct intake *const *intakes;
    size_t count;
    int64_t before; /* the events of the first one that come before those that are sent */
};

static void reject(struct intake *intake, struct outcome *outcome, const char *why)
{
    const struct refusal *refusal = refusals;

    while (strncmp(why, refusal->beginning, strlen(refusal->beginning)) != 0)
        refusal++;
    outcomes_reject(&intake->outcomes, outcome, refusal->fault);
    if (strcmp(why, AHEAD) != 0 && intake->refused++ == 0)
        buffer_add_text(&intake->refusal, why);
}

/* Of requests that bring the same id the first one records it, and the others a duplicate. */
static struct outcome *find_by_id(const struct recorded *recorded, const struct uuid *id,
                                  struct intake **owner)
{
    struct outcome *outcome = NULL;

    for (size_t i = 0; i < recorded->count && outcome == NULL; i++) {
        *owner = recorded->intakes[i];
        outcome = outcomes_find(&(*owner)->outcomes, id);
    }
    return outcome;
}

/* Places count through the events of all requests. */
static struct outcome *find_by_place(const struct recorded *recorded, int64_t place,
                                     struct intake **owner)
{
    place += recorded->before;
    for (size_t i = 0; i < recorded->count; i++) {
        int64_t count = (int64_t)event_arrays_count(&recorded->intakes[i]->arrays);

        *owner = recorded->intakes[i];
        if (place <= count)
            return outcomes_at(&(*owner)->outcomes, place);
        place -= count;
    }
    return NULL;
}

static struct outcome *find_outcome(const struct recorded *recorded, const struct db_row *row,
                                    struct intake **owner)
{
    const char *id = db_row_text(row, 0), *place = db_row_text(row, 1);
    struct buffer fault = {0};
    struct outcome *outcome = NULL;
    struct uuid uuid;

    if (place != NULL)
        return find_by_place(recorded, strtoll(place, NULL, 10), owner);
    if (id != NULL && uuid_parse(id, db_row_length(row, 0), &uuid, &fault))
        outcome = find_by_id(recorded, &uuid, owner);
    buffer_free(&fault);
    return outcome;
}

/* A row of the statement: id, place, priced, refusal, differs. */
static bool take_recorded(const struct db_row *row, void *context, struct error *error)
{
    const char *priced = db_row_text(row, 2), *refusal = db_row_text(row, 3);
    struct intake *owner;
    struct outcome *outcome = find_outcome(context, row, &owner);

    (void)error;
    /* A trigger of the site's own gave the event another id. */
    if (outcome == NULL)
        return true;
    if (refusal != NULL) {
        struct outcome before = *outcome;

        reject(owner, outcome, refusal);
        /* It was another one with this id that was recorded, the next. */
        if (before.status == OUTCOME_RECORDED &&
            (outcome = find_by_id(context, &before.id, &owner))) {
            outcome->status = before.status;
            outcome->price = before.price;
        }
        return true;
    }
    if (db_row_text(row, 4)[0] == 't') {
        outcome->differs = true;
        return true;
    }
    outcome->status = OUTCOME_RECORDED;
    if (priced != NULL)
        outcome->price = priced[0] == 't' ? OUTCOME_PRICED : OUTCOME_UNPRICED;
    return true;
}

/* What the database says of an event is the log's fault, where tally_record_each() did not say
 * otherwise: it may go well later. */
static void blame_log(struct error *error)
{
    struct error fault = {0};

    if (error->code != ERROR_REFUSED && error->code != ERROR_INTERNAL)
        return;
    error_set(&fault, ERROR_LOG_FAULT, "the log cannot take events at present");
    error_detail(&fault, "%s", error->detail.data);
    error_free(error);
    *error = fault;
}

static bool send_events(struct app *app, struct event_arrays *arrays, struct recorded *recorded,
                        enum statement_id statement, int64_t deadline, struct error *error)
{
    struct db_value values[EVENT_COLUMNS + 1] = {{0}};
    const struct db_call call = {&statements[statement], values, take_recorded, recorded};

    event_arrays_give(arrays, values);
    db_value_i32(&values[EVENT_COLUMNS], app->config->ingest.max_future);
    return db_change(app->db, clock_left(deadline), &call, error);
}

/* Sends one event alone; what the database cannot hold of it, or does not take, is its fault. */
static bool send_alone(struct app *app, struct intake *intake, const struct json_span *text,
                       struct outcome *outcome, int64_t deadline, struct error *error)
{
    struct recorded recorded = {&intake, 1, outcome->place - 1};
    struct event_arrays arrays = {0};
    struct event event = {0};
    struct error refusal = {0};

    event_arrays_start(&arrays);
    intake_read_again(intake, text, outcome, &event);
    event_arrays_add(&arrays, &event);
    if (!send_events(app, &arrays, &recorded, STATEMENT_RECORD_EACH, deadline, &refusal)) {
        if (refusal.code == ERROR_NO_SUCH_TEXT) {
            reject(intake, outcome, NO_SUCH_CHARACTER);
            error_free(&refusal);
        } else {
            *error = refusal;
        }
    }
    event_free(&event);
    event_arrays_free(&arrays);
    return error->code == ERROR_NONE;
}

/* PostgreSQL converts texts before it calls a function, and gives up at one that it cannot hold. */
static bool send_one_by_one(struct app *app, struct intake *intake, int64_t deadline,
                            struct error *error)
{
    struct json_span text;
    struct batch batch;

    /* Who sends them is not to be the reason. */
    for (size_t i = 0; i < intake->recorded_by.length; i++) {
        if ((unsigned char)intake->recorded_by.data[i] > 0x7f)
            intake->recorded_by.data[i] = '?';
    }
    intake_start_batch(intake, &batch);
    for (size_t i = 0; batch_next(&batch, &text, error); i++) {
        struct outcome *outcome = &intake->outcomes.list[i];

        if (outcome->place > 0 && !send_alone(app, intake, &text, outcome, deadline, error))
            return false;
    }
    return error->code == ERROR_NONE;
}

bool record_alone(struct app *app, struct intake *intake, int64_t deadline, struct error *error)
{
    struct recorded recorded = {&intake, 1, 0};
    struct error refusal = {0};

    intake->is_recorded =
        event_arrays_count(&intake->arrays) == 0 ||
        send_events(app, &intake->arrays, &recorded, STATEMENT_RECORD, deadline, &refusal);
    if (intake->is_recorded)
        return true;
    outcomes_undo(&intake->outcomes);
    switch (refusal.code) {
    case ERROR_REFUSED:
    case ERROR_UNFIT: /* perhaps what a trigger of the site's own needs */
        intake->is_recorded =
            send_events(app, &intake->arrays, &recorded, STATEMENT_RECORD_EACH, deadline, error);
        break;
    case ERROR_NO_SUCH_TEXT:
        intake->is_recorded = send_one_by_one(app, intake, deadline, error);
        break;
    default:
        *error = refusal;
        blame_log(error);
        return false;
    }
    error_free(&refusal);
    if (!intake->is_recorded)
        blame_log(error);
    return intake->is_recorded;
}

bool record_together(struct app *app, struct intake *const *intakes, size_t count, int64_t deadline,
                     struct error *error)
{
    struct recorded recorded = {intakes, count, 0};
    struct event_arrays arrays = {0};
    bool good;

    event_arrays_start(&arrays);
    for (size_t i = 0; i < count; i++)
        event_arrays_add_all(&arrays, &intakes[i]->arrays);
    good = event_arrays_count(&arrays) == 0 ||
           send_events(app, &arrays, &recorded, STATEMENT_RECORD, deadline, error);
    for (size_t i = 0; i < count; i++) {
        intakes[i]->is_recorded = good;
        if (!good)
            outcomes_undo(&intakes[i]->outcomes);
    }
    event_arrays_free(&arrays);
    return good;
}
