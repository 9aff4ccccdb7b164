/* Points in time as chrono reads and writes them (wire format 2 and 3); always UTC. */
#ifndef TALLY_TIMESTAMP_H
#define TALLY_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* nanoseconds is 0 to 1,999,999,999: from 1e9 on it is the leap second behind `seconds`, which
 * is then second 59 of its minute, and is written as :60. */
struct timestamp {
    int64_t seconds; /* since 1970-01-01T00:00:00Z */
    int32_t nanoseconds;
};

/* Reads an RFC 3339 time in chrono's relaxed form. Else returns false and appends the exact fault
 * text ("premature end of input", ...) to `fault`. */
bool timestamp_parse(const char *text, size_t length, struct timestamp *timestamp,
                     struct buffer *fault);

/* The instant of a count of microseconds since 1970, any int64_t. */
struct timestamp timestamp_from_microseconds(int64_t microseconds);

/* -1, 0 or 1: which instant is earlier. A leap second lies behind its second 59. */
int timestamp_compare(const struct timestamp *a, const struct timestamp *b);

enum timestamp_zone { TIMESTAMP_ZONE_Z, TIMESTAMP_ZONE_OFFSET };

/* Appends 2026-03-01T00:00:00Z or ...+00:00, with 0, 3, 6 or 9 digits of a fraction. */
void timestamp_add(struct buffer *buffer, const struct timestamp *timestamp,
                   enum timestamp_zone zone);

#endif
