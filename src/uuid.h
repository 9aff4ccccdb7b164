/* UUIDs as the Rust crate uuid reads and writes them (wire format 2). */
#ifndef TALLY_UUID_H
#define TALLY_UUID_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

enum { UUID_TEXT_SIZE = 37 }; /* 36 characters and a NUL */

struct uuid {
    unsigned char bytes[16];
};

/* Reads the four accepted forms. Where `text` is none of them, returns false and appends the
 * exact fault text ("UUID parsing failed: ...") to `fault`. */
bool uuid_parse(const char *text, size_t length, struct uuid *uuid, struct buffer *fault);

/* Whether it is the one that stands for nothing (RFC 9562 5.9). */
bool uuid_is_nil(const struct uuid *uuid);

/* Writes the lower-case hyphenated form. */
void uuid_format(const struct uuid *uuid, char text[UUID_TEXT_SIZE]);

#endif
