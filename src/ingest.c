#include "ingest.h"

#include <stdlib.h>

#include "clock.h"
#include "record.h"

enum { SMALL_BODY = 4096 /* bytes */ };

bool ingest_is_small(const struct request *request)
{
    const char *length = request->body->length;
    long bytes = length == NULL ? 0 : strtol(length, NULL, 10);

    return bytes > 0 && bytes <= SMALL_BODY;
}

bool ingest_finish(struct app *app, struct intake *intake, int64_t deadline, struct buffer *body,
                   struct error *error)
{
    const struct outcomes *outcomes = &intake->outcomes;

    if (!intake->is_recorded && !record_alone(app, intake, deadline, error))
        return false;
    outcomes_write(outcomes, intake->only_errors, body);
    if (outcomes->count > 0 && outcomes_count(outcomes, OUTCOME_REJECTED) == outcomes->count)
        return error_set(error, ERROR_REJECTED, "no event was accepted");
    return true;
}

bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error)
{
    struct intake *intake = intake_read(app->config, request, error);
    int64_t deadline = clock_now() + app->config->database.query_timeout;
    bool good = intake != NULL && ingest_finish(app, intake, deadline, body, error);

    intake_free(intake);
    return good;
}
