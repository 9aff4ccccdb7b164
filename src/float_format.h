/* Floating-point numbers as serde_json writes them (wire format 3). */
#ifndef TALLY_FLOAT_FORMAT_H
#define TALLY_FLOAT_FORMAT_H

#include "buffer.h"

/* Appends the shortest digits that read back as `value`, or null for NaN and the infinities.
 * Needs LC_NUMERIC "C". */
void float_add(struct buffer *buffer, double value);

#endif
