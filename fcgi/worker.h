/* The worker: request after request, until it is told to end. */
#ifndef TALLY_WORKER_H
#define TALLY_WORKER_H

#include <stdbool.h>

#include "app.h"
#include "error.h"

/* Serves until a signal or service.max_requests ends it; waiting_hold_signals has been called.
 * Fails where it cannot begin. */
bool worker_run(struct app *app, struct error *error);

#endif
