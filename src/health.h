/* GET /healthz and GET /readyz: whether the worker runs, and whether it could serve. */
#ifndef TALLY_HEALTH_H
#define TALLY_HEALTH_H

#include <stdbool.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

/* Appends {"status":"ok"}. Nothing else is asked: a worker that runs says so. */
bool health_alive_get(struct app *app, const struct request *request, struct buffer *body,
                      struct error *error);

/* Appends {"status":"ready"} where the database answers within a second and has the schema that
 * this program was written for, with the rights that belong to it; where the server is a standby,
 * "events":false stands behind it. Else fails with ERROR_UNAVAILABLE, whose message is a code: one
 * of database_unavailable, database_refused, database_slow, schema_unfit, rights_unfit and
 * database_fault. */
bool health_ready_get(struct app *app, const struct request *request, struct buffer *body,
                      struct error *error);

#endif
