#include "clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return clock_microseconds() / 1000;
}

int clock_left(int64_t deadline)
{
    int64_t left = deadline - clock_now();

    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}
