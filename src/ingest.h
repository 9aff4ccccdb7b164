/* POST /v1/usage/events. */
#ifndef TALLY_INGEST_H
#define TALLY_INGEST_H

#include <stdbool.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

/* Stores the events of the request's body, all of those that are good or none, and says in `body`
 * what became of each. Where none was good it fails with ERROR_REJECTED and says so all the same.
 */
bool ingest_post(struct app *app, const struct request *request, struct buffer *body,
                 struct error *error);

#endif
