#include "timestamp.h"

#include "calendar.h"

enum { MICROSECONDS_PER_SECOND = 1000000, NANOSECONDS_PER_SECOND = 1000000000 };

struct timestamp timestamp_from_microseconds(int64_t microseconds)
{
    int64_t seconds = calendar_divide(microseconds, MICROSECONDS_PER_SECOND);
    int64_t rest = microseconds % MICROSECONDS_PER_SECOND;
    if (rest < 0)
        rest += MICROSECONDS_PER_SECOND;
    return (struct timestamp){.seconds = seconds, .nanoseconds = (int32_t)rest * 1000};
}

int timestamp_compare(const struct timestamp *a, const struct timestamp *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->nanoseconds > b->nanoseconds) - (a->nanoseconds < b->nanoseconds);
}

/* As few of 0, 3, 6 and 9 digits as hold the fraction. */
static void add_fraction(struct buffer *buffer, int nanoseconds)
{
    if (nanoseconds == 0)
        return;
    if (nanoseconds % 1000000 == 0)
        buffer_add_format(buffer, ".%03d", nanoseconds / 1000000);
    else if (nanoseconds % 1000 == 0)
        buffer_add_format(buffer, ".%06d", nanoseconds / 1000);
    else
        buffer_add_format(buffer, ".%09d", nanoseconds);
}

void timestamp_add(struct buffer *buffer, const struct timestamp *timestamp,
                   enum timestamp_zone zone)
{
    int64_t days = calendar_divide(timestamp->seconds, SECONDS_PER_DAY);
    int second = (int)(timestamp->seconds - days * SECONDS_PER_DAY);
    int leap = timestamp->nanoseconds / NANOSECONDS_PER_SECOND;
    struct date date = calendar_date(days);
    bool four_digits = date.year >= 0 && date.year <= 9999;
    buffer_add_format(buffer, four_digits ? "%04lld" : "%+05lld", (long long)date.year);
    buffer_add_format(buffer, "-%02d-%02dT%02d:%02d:%02d", date.month, date.day, second / 3600,
                      second / 60 % 60, second % 60 + leap);
    add_fraction(buffer, timestamp->nanoseconds % NANOSECONDS_PER_SECOND);
    buffer_add_text(buffer, zone == TIMESTAMP_ZONE_Z ? "Z" : "+00:00");
}
