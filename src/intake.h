/* The events of one request: its body read, each event checked, and the good ones made ready to be
 * recorded. */
#ifndef TALLY_INTAKE_H
#define TALLY_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "batch.h"
#include "buffer.h"
#include "error.h"
#include "event_arrays.h"
#include "outcome.h"

struct intake_form;

struct intake {
    const struct config *config;
    const struct intake_form *form; /* what the body is */
    struct buffer text;             /* the body */
    bool only_errors;               /* whether the client wants the results of those alone */
    bool is_recorded;               /* the database has said what became of the good ones */
    int64_t deadline;               /* clock_now()'s, of what was not recorded together; or 0 */
    struct error fault;             /* of that, where it is not known what was stored */
    struct event_arrays arrays;     /* the good ones */
    struct outcomes outcomes;       /* of all */
    struct buffer recorded_by;      /* who sends them */
    struct buffer refusal; /* why the log refused the first of those that it did, for the log */
    size_t refused;        /* how many these are */
};

/* Reads the events that a request brings. NULL with the error set where the body cannot be read to
 * its end as what it says to be; an event that is not good is an outcome, and no error. The caller
 * frees it. */
struct intake *intake_read(const struct config *config, const struct request *request,
                           struct error *error);

/* Begins to go through the texts of the events again. */
void intake_start_batch(const struct intake *intake, struct batch *batch);

/* Reads a good event again, with the id that it has or was given. `event` starts as {0}. */
void intake_read_again(const struct intake *intake, const struct json_span *text,
                       const struct outcome *outcome, struct event *event);

/* NULL is fine. */
void intake_free(struct intake *intake);

#endif
