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

static void add_part(struct buffer *buffer, char before, int64_t number, int width)
{
    buffer_add_byte(buffer, before);
    buffer_add_number(buffer, (uint64_t)number, width);
}

static void add_year(struct buffer *buffer, int64_t year)
{
    if (year < 0)
        add_part(buffer, '-', -year, 4);
    else if (year > 9999)
        add_part(buffer, '+', year, 4);
    else
        buffer_add_number(buffer, (uint64_t)year, 4);
}

/* As few of 0, 3, 6 and 9 digits as hold the fraction. */
static void add_fraction(struct buffer *buffer, int nanoseconds)
{
    if (nanoseconds == 0)
        return;
    if (nanoseconds % 1000000 == 0)
        add_part(buffer, '.', nanoseconds / 1000000, 3);
    else if (nanoseconds % 1000 == 0)
        add_part(buffer, '.', nanoseconds / 1000, 6);
    else
        add_part(buffer, '.', nanoseconds, 9);
}

void timestamp_add(struct buffer *buffer, const struct timestamp *timestamp,
                   enum timestamp_zone zone)
{
    int64_t days = calendar_divide(timestamp->seconds, SECONDS_PER_DAY);
    int second = (int)(timestamp->seconds - days * SECONDS_PER_DAY);
    int leap = timestamp->nanoseconds / NANOSECONDS_PER_SECOND;
    struct date date = calendar_date(days);

    add_year(buffer, date.year);
    add_part(buffer, '-', date.month, 2);
    add_part(buffer, '-', date.day, 2);
    add_part(buffer, 'T', second / 3600, 2);
    add_part(buffer, ':', second / 60 % 60, 2);
    add_part(buffer, ':', second % 60 + leap, 2);
    add_fraction(buffer, timestamp->nanoseconds % NANOSECONDS_PER_SECOND);
    buffer_add_text(buffer, zone == TIMESTAMP_ZONE_Z ? "Z" : "+00:00");
}
