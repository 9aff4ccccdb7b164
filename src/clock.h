/* The monotonic clock: deadlines in milliseconds, durations in microseconds. */
#ifndef TALLY_CLOCK_H
#define TALLY_CLOCK_H

#include <stdint.h>

/* Now; the zero point means nothing. */
int64_t clock_now(void);

/* The milliseconds from now until `deadline`, for poll(2): 0 when it has passed. */
int clock_left(int64_t deadline);

/* For durations. */
int64_t clock_microseconds(void);

#endif
