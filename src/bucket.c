#include "bucket.h"

#include <string.h>

static const char *const names[] = {
    [BUCKET_DAY] = "day",
    [BUCKET_WEEK] = "week",
    [BUCKET_MONTH] = "month",
    [BUCKET_NONE] = "none",
};

enum { NAMES = sizeof names / sizeof *names };

bool bucket_parse(const char *text, size_t length, enum bucket *bucket, struct buffer *fault)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (length == strlen(names[i]) && memcmp(text, names[i], length) == 0) {
            *bucket = (enum bucket)i;
            return true;
        }
    }
    buffer_add_text(fault, "unknown variant `");
    buffer_add(fault, text, length);
    buffer_add_text(fault, "`, expected one of ");
    for (size_t i = 0; i < NAMES; i++)
        buffer_add_format(fault, "%s`%s`", i > 0 ? ", " : "", names[i]);
    return false;
}

const char *bucket_name(enum bucket bucket)
{
    return names[bucket];
}
