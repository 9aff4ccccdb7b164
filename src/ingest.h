/* POST /v1/usage/events.
 *
 * A request with few events can be recorded together with others that wait: intake_read for each,
 * record_together for all, ingest_finish for each. */
#ifndef TALLY_INGEST_H
#define TALLY_INGEST_H

#include <stdbool.h>
#include <stdint.h>

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

/* Stores the events until `deadline` (clock_now()'s) unless they are stored, and does the rest of
 * ingest_post. */
bool ingest_finish(struct app *app, struct intake *intake, int64_t deadline, struct buffer *body,
                   struct error *error);

#endif
