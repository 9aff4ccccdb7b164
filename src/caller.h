/* GET /v1/usage/caller: who the web server says is asking, so that a page can offer what they may
 * do. */
#ifndef TALLY_CALLER_H
#define TALLY_CALLER_H

#include <stdbool.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

/* Appends {"user":…,"role":…,"user_id":…,"tenancy":…}; user_id is null where the web server names
 * none. The database is not asked. Never fails. */
bool caller_get(struct app *app, const struct request *request, struct buffer *body,
                struct error *error);

#endif
