#include "db_value.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* PostgreSQL counts microseconds, and INT64_MAX is its 'infinity' (manual 8.5.1.4).
 * Its range begins in 4714 BC; what lies before 4713 BC has weeks and months that begin before it.
 */
static const int64_t EARLIEST = -210863520000; /* 4713-01-01 BC; these in seconds since 1970 */
static const int64_t BEYOND = 9224318016000;   /* 294277-01-01 */

void db_value_text(struct db_value *value, const char *text)
{
    value->bytes = text;
    value->length = (int)strlen(text);
    value->binary = false;
}

void db_value_i32(struct db_value *value, int32_t number)
{
    value->length = snprintf(value->storage, sizeof value->storage, "%d", number);
    value->bytes = value->storage;
    value->binary = false;
}

void db_value_uuid(struct db_value *value, const struct uuid *uuid)
{
    uuid_format(uuid, value->storage);
    value->bytes = value->storage;
    value->length = UUID_TEXT_SIZE - 1;
    value->binary = false;
}

/* As the count of microseconds itself, since PostgreSQL would round or refuse some texts. */
void db_value_timestamp(struct db_value *value, const struct timestamp *timestamp)
{
    int64_t microseconds;
    uint64_t bytes;

    if (timestamp->seconds >= BEYOND)
        microseconds = INT64_MAX;
    else if (timestamp->seconds < EARLIEST)
        microseconds = (EARLIEST - DB_EPOCH) * 1000000;
    else
        microseconds =
            (timestamp->seconds - DB_EPOCH) * 1000000 + (timestamp->nanoseconds + 999) / 1000;
    bytes = htobe64((uint64_t)microseconds);
    memcpy(value->storage, &bytes, sizeof bytes);
    value->bytes = value->storage;
    value->length = sizeof bytes;
    value->binary = true;
}
