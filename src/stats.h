/* GET /v1/usage/stats: the AI usage of a window of time, in buckets. */
#ifndef TALLY_STATS_H
#define TALLY_STATS_H

#include <stdbool.h>

#include "app.h"
#include "buffer.h"
#include "error.h"

/* Appends the reply to `body`. Fails with ERROR_BAD_REQUEST, ERROR_FORBIDDEN or as db_run does;
 * `body` may hold a part of the reply then. */
bool stats_get(struct app *app, const struct request *request, struct buffer *body,
               struct error *error);

#endif
