/* POST /v1/usage/events.
 *
 * A request with few events can be recorded together with others that wait: ingest_take for each,
 * ingest_record for all, ingest_finish for each. */
#ifndef TALLY_INGEST_H
#define TALLY_INGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

struct intake;

/* Stores the events of the request's body, all of those that are good or none, and says in `body`
 * what became of each. Where none was good it fails with ERROR_REJECTED and says so all the same.
 */
bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error);

/* Whether a request says that its body is small enough to be recorded together with others. */
bool ingest_is_small(const struct request *request);

/* Reads the events of the request's body; intake_free frees them. NULL: there is an error. */
struct intake *ingest_take(struct app *app, const struct request *request, struct error *error);

/* Stores the events of several requests in one transaction, for at most `timeout` milliseconds.
 * Returns false where that was not to be; ingest_finish does it then, for each request alone. */
bool ingest_record(struct app *app, struct intake *const *intakes, size_t count, int timeout);

/* Stores the events, for at most `timeout` milliseconds, unless they are, and does the rest of
 * ingest_post. */
bool ingest_finish(struct app *app, struct intake *intake, int timeout, struct buffer *body,
                   struct error *error);

#endif
