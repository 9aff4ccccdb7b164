/* The proleptic Gregorian calendar, with a year 0 and negative years before it. */
#ifndef TALLY_CALENDAR_H
#define TALLY_CALENDAR_H

#include <stdint.h>

enum { SECONDS_PER_DAY = 86400 };

struct date {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

/* Division towards minus infinity, for times before 1970. `divisor` is positive. */
int64_t calendar_divide(int64_t number, int64_t divisor);

/* The date of a count of days since 1970-01-01, and the count of a date. */
struct date calendar_date(int64_t days);
int64_t calendar_days(struct date date);

/* 28 to 31. */
int calendar_month_length(int64_t year, int month);

#endif
