/* The worker: one request at a time, until it is told to end. */
#ifndef TALLY_WORKER_H
#define TALLY_WORKER_H

#include <stdbool.h>

#include "app.h"
#include "error.h"

/* Blocks the signals that end a worker (TERM, INT, USR1), so that they come between requests and
 * never in one. Call it before anything else. */
void worker_hold_signals(void);

/* Serves until a signal or service.max_requests ends it. Fails where it cannot begin. */
bool worker_run(struct app *app, struct error *error);

#endif
