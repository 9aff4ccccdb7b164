#include "ingest.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "record.h"

enum { SMALL_BODY = 4096 /* bytes */ };

/* Milliseconds. */
enum {
    MOMENT = 500,  /* for events while someone else waits */
    ALONE = 10000, /* after a transaction of several requests that took too long */
};

bool ingest_is_small(const struct request *request)
{
    const char *length = request->body->length;
    long bytes = length == NULL ? 0 : strtol(length, NULL, 10);

    return bytes > 0 && bytes <= SMALL_BODY;
}

bool ingest_may_gather(const struct app *app)
{
    return clock_left(app->events_alone_until) == 0;
}

/* Half of a query's time, or less. */
static int64_t deadline_together(const struct app *app, bool someone_waits)
{
    int half = app->config->database.query_timeout / 2;

    return clock_now() + (someone_waits && half > MOMENT ? MOMENT : half);
}

static enum ingest_recorded take_failure(struct app *app, struct intake *const *intakes,
                                         size_t count, int64_t deadline, const struct error *cause)
{
    bool is_late = cause->code == ERROR_DEADLINE, is_undone = db_is_undone(app->db);

    if (is_late)
        app->events_alone_until = clock_now() + ALONE;
    for (size_t i = 0; i < count; i++) {
        intakes[i]->deadline = deadline;
        if (!is_undone && event_arrays_count(&intakes[i]->arrays) > 0)
            error_copy(&intakes[i]->fault, cause);
    }
    if (!is_undone)
        return INGEST_DECIDED;
    log_message(LOG_LEVEL_INFO,
                "the events of %zu waiting requests are recorded one request after the other: %s",
                count, cause->detail.data == NULL ? cause->message.data : cause->detail.data);
    return is_late ? INGEST_LATE : INGEST_REFUSED;
}

enum ingest_recorded ingest_record(struct app *app, struct intake *const *intakes, size_t count,
                                   bool someone_waits)
{
    int64_t deadline = clock_now() + app->config->database.query_timeout;
    enum ingest_recorded recorded = INGEST_DECIDED;
    struct error error = {0};

    if (!record_together(app, intakes, count, deadline_together(app, someone_waits), &error))
        recorded = take_failure(app, intakes, count, deadline, &error);
    error_free(&error);
    return recorded;
}

/* Of the time that is left, the events of one of several requests get half: so something is left
 * for those after it, however long it takes. */
static int64_t deadline_alone(const struct app *app, const struct intake *intake)
{
    if (intake->deadline == 0)
        return clock_now() + app->config->database.query_timeout;
    return clock_now() + clock_left(intake->deadline) / 2;
}

bool ingest_finish(struct app *app, struct intake *intake, struct buffer *body, struct error *error)
{
    const struct outcomes *outcomes = &intake->outcomes;

    if (intake->fault.code != ERROR_NONE)
        return error_copy(error, &intake->fault);
    if (!intake->is_recorded && !record_alone(app, intake, deadline_alone(app, intake), error))
        return false;
    outcomes_write(outcomes, intake->only_errors, body);
    if (outcomes->count == 0 || outcomes_count(outcomes, OUTCOME_REJECTED) < outcomes->count)
        return true;
    error_set(error, ERROR_REJECTED, "no event was accepted");
    /* That may be the events, or a rule that the operator did not mean so. */
    if (intake->refused > 0)
        error_detail(error, "the log refused %zu of %zu events: %s", intake->refused,
                     outcomes->count, intake->refusal.data);
    return false;
}

bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error)
{
    struct intake *intake = intake_read(app->config, request, error);
    bool good = intake != NULL && ingest_finish(app, intake, body, error);

    intake_free(intake);
    return good;
}
