/* When to try again: 0.25 s after the first failure, twice as long after each further one, at most
 * 5 s, each ±20 % so that the workers of a pool do not come at the same moment. */
#ifndef TALLY_BACKOFF_H
#define TALLY_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* Starts as {0}: due at once. Times are clock_now()'s. */
struct backoff {
    int64_t delay;     /* before the jitter; 0: no failure since the last success */
    int64_t due;       /* for a try of our own accord */
    int64_t due_asked; /* for a try that a request asks for, which never waits for long */
};

void backoff_failed(struct backoff *backoff);
void backoff_succeeded(struct backoff *backoff);

/* Whether it is time to try; `asked`: because a request needs it. */
bool backoff_is_due(const struct backoff *backoff, bool asked);

#endif
