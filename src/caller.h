/* GET /v1/usage/caller: who asks, as the web server says it. */
#ifndef TALLY_CALLER_H
#define TALLY_CALLER_H

#include <stdbool.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

/* Appends user, role, user id (null where there is none) and tenancy. Asks no database and cannot
 * fail. */
bool caller_get(struct app *app, const struct request *request, struct buffer *body,
                struct error *error);

#endif
