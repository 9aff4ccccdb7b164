/* A time: what is read is written so that it reads back as the same instant. */
#include <string.h>

#include "must.h"
#include "timestamp.h"

enum { LEAST_LEAP = 1000000000, NANOSECONDS_MOST = 1999999999 };

static void must_read_back(const struct timestamp *timestamp, enum timestamp_zone zone)
{
    struct buffer text = {0};
    struct buffer fault = {0};
    struct timestamp again;

    timestamp_add(&text, timestamp, zone);
    MUST(timestamp_parse(text.data, text.length, &again, &fault));
    MUST(timestamp_compare(timestamp, &again) == 0);
    MUST(again.seconds == timestamp->seconds && again.nanoseconds == timestamp->nanoseconds);
    buffer_free(&text);
    buffer_free(&fault);
}

static void from_text(const char *text, size_t size)
{
    struct timestamp timestamp;
    struct buffer fault = {0};

    if (timestamp_parse(text, size, &timestamp, &fault)) {
        MUST(fault.length == 0);
        MUST(timestamp.nanoseconds >= 0 && timestamp.nanoseconds <= NANOSECONDS_MOST);
        must_read_back(&timestamp, TIMESTAMP_ZONE_Z);
        must_read_back(&timestamp, TIMESTAMP_ZONE_OFFSET);
    } else {
        MUST(fault.length > 0);
    }
    buffer_free(&fault);
}

static void from_database(const uint8_t *data)
{
    int64_t microseconds;
    struct timestamp timestamp;

    memcpy(&microseconds, data, sizeof microseconds);
    timestamp = timestamp_from_microseconds(microseconds);
    MUST(timestamp.nanoseconds >= 0 && timestamp.nanoseconds < LEAST_LEAP);
    /* A quotient that is rounded down, so that what is left is not negative. */
    MUST(timestamp.seconds == microseconds / 1000000 - (microseconds % 1000000 < 0 ? 1 : 0));

    struct buffer text = {0};

    timestamp_add(&text, &timestamp, TIMESTAMP_ZONE_OFFSET);
    MUST(text.length > 0);
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    from_text((const char *)data, size);
    if (size >= sizeof(int64_t))
        from_database(data);
    return 0;
}
