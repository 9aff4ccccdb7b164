#include "backoff.h"

#include <stdlib.h>

#include "clock.h"

enum { FIRST = 250, LONGEST = 5000, JITTER_PERCENT = 20 }; /* milliseconds */

static int64_t jittered(int64_t delay)
{
    uint32_t percent = 100 - JITTER_PERCENT + arc4random_uniform(2 * JITTER_PERCENT + 1);

    return delay * percent / 100;
}

void backoff_failed(struct backoff *backoff)
{
    int64_t now = clock_now();

    backoff->delay = backoff->delay == 0 ? FIRST : backoff->delay * 2;
    if (backoff->delay > LONGEST)
        backoff->delay = LONGEST;
    backoff->due = now + jittered(backoff->delay);
    backoff->due_asked = now + jittered(FIRST);
}

void backoff_succeeded(struct backoff *backoff)
{
    *backoff = (struct backoff){0};
}

bool backoff_is_due(const struct backoff *backoff, bool asked)
{
    return clock_now() >= (asked ? backoff->due_asked : backoff->due);
}
