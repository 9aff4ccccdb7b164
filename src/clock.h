/* Deadlines on the monotonic clock, in milliseconds. */
#ifndef TALLY_CLOCK_H
#define TALLY_CLOCK_H

#include <stdint.h>

/* Now; the zero point means nothing. */
int64_t clock_now(void);

/* The milliseconds from now until `deadline`, for poll(2): 0 when it has passed. */
int clock_left(int64_t deadline);

#endif
