/* The length of time that one row of a statistic covers. */
#ifndef TALLY_BUCKET_H
#define TALLY_BUCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

enum bucket { BUCKET_DAY, BUCKET_WEEK, BUCKET_MONTH, BUCKET_NONE };

/* Reads exactly day, week, month or none. Else returns false and appends the exact fault text
 * (wire format 2) to `fault`. */
bool bucket_parse(const char *text, size_t length, enum bucket *bucket, struct buffer *fault);

/* The lower-case name. */
const char *bucket_name(enum bucket bucket);

#endif
