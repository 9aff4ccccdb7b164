/* One line of the log for each request.
 *
 * Texts from outside stand in quotes, with quote and backslash escaped, and are cut where they are
 * very long; the query is left out, since its values are the users' own. */
#ifndef TALLY_REQUEST_LOG_H
#define TALLY_REQUEST_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "db.h"
#include "route.h"

/* Appends which request it is: request="…" user="…" method="…" path="…". */
void request_log_add_subject(struct buffer *line, const struct route_input *input);

/* Writes the line of a request that is over. `status` is a status line; `bytes` is the size of the
 * body that was sent, `microseconds` the time from the request to its reply. */
void request_log_write(const struct buffer *subject, const char *status, size_t bytes,
                       const struct db_cost *cost, int64_t microseconds);

#endif
