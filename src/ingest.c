#include "ingest.h"

#include <stdlib.h>

#include "intake.h"
#include "log.h"
#include "record.h"

enum { SMALL_BODY = 4096 /* bytes */ };

bool ingest_is_small(const struct request *request)
{
    const char *length = request->body->length;
    long bytes = length == NULL ? 0 : strtol(length, NULL, 10);

    return bytes > 0 && bytes <= SMALL_BODY;
}

struct intake *ingest_take(struct app *app, const struct request *request, struct error *error)
{
    return intake_read(app->config, request, error);
}

bool ingest_record(struct app *app, struct intake *const *intakes, size_t count, int timeout)
{
    struct error error = {0};
    bool good = record_together(app, intakes, count, timeout, &error);

    if (!good)
        log_message(LOG_LEVEL_INFO, "recording the events of %zu requests one after the other: %s",
                    count, error.detail.data == NULL ? error.message.data : error.detail.data);
    error_free(&error);
    return good;
}

bool ingest_finish(struct app *app, struct intake *intake, int timeout, struct buffer *body,
                   struct error *error)
{
    const struct outcomes *outcomes = &intake->outcomes;

    if (!intake->is_recorded && !record_alone(app, intake, timeout, error))
        return false;
    outcomes_write(outcomes, intake->only_errors, body);
    if (outcomes->count > 0 && outcomes_count(outcomes, OUTCOME_REJECTED) == outcomes->count)
        return error_set(error, ERROR_REJECTED, "no event was accepted");
    return true;
}

bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error)
{
    struct intake *intake = ingest_take(app, request, error);
    bool good = intake != NULL &&
                ingest_finish(app, intake, app->config->database.query_timeout, body, error);

    intake_free(intake);
    return good;
}
