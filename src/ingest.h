/* POST /v1/usage/events.
 *
 * A request with few events can be recorded together with others that wait: intake_read for each,
 * ingest_record for all, ingest_finish for each. */
#ifndef TALLY_INGEST_H
#define TALLY_INGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "app.h"
#include "buffer.h"
#include "error.h"
#include "intake.h"

/* Stores the events of the request's body, all of those that are good or none, and says in `body`
 * what became of each. Where none was good it fails with ERROR_REJECTED and says so all the same.
 */
bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error);

/* Whether a request says that its body is small enough to be recorded together with others. */
bool ingest_is_small(const struct request *request);

/* Whether events are to be recorded together: not for a while after that took too long, since
 * they might need all the time that there is. */
bool ingest_may_gather(const struct app *app);

enum { INGEST_TOGETHER = 16 }; /* the most requests in one transaction */

/* What ingest_record came to. But for the first, nothing was stored, and ingest_finish does it for
 * each request alone. */
enum ingest_recorded {
    INGEST_DECIDED, /* all is stored, or it is not known what is, which ingest_finish then says */
    INGEST_REFUSED, /* the log did not take one of the events */
    INGEST_LATE,    /* it took too long */
};

/* Stores the events of requests, INGEST_TOGETHER at the most, in one transaction, for at most half
 * the time of a query, or if `someone_waits` a moment. */
enum ingest_recorded ingest_record(struct app *app, struct intake *const *intakes, size_t count,
                                   bool someone_waits);

/* Stores the events unless they are stored, and does the rest of ingest_post. */
bool ingest_finish(struct app *app, struct intake *intake, struct buffer *body,
                   struct error *error);

#endif
