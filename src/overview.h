/* GET /admin/usage: what every collection consumed in the last days. */
#ifndef TALLY_OVERVIEW_H
#define TALLY_OVERVIEW_H

#include <stdbool.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

/* Appends the reply to `body`. Fails with ERROR_BAD_REQUEST or as db_run does; `body` may hold a
 * part of the reply then. */
bool overview_get(struct app *app, const struct request *request, struct buffer *body,
                  struct error *error);

#endif
