/* The requests that a worker has at hand, each to its reply and its line in the log.
 *
 * It has one at a time, but for those that bring few events: while more of them wait they are taken
 * too, and all are recorded in one transaction. None waits for one that has not come, and those at
 * hand wait a few seconds at the most for one that does not come to its end. */
#ifndef TALLY_EXCHANGE_H
#define TALLY_EXCHANGE_H

#include "app.h"

/* Takes the next request, if there is one, and those that can be recorded together with it, `most`
 * at the most; answers them, and returns how many they were. */
int exchange_serve(struct app *app, int most);

#endif
