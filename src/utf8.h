/* UTF-8 as Rust's String::from_utf8_lossy sees it (wire format 1.3). */
#ifndef TALLY_UTF8_H
#define TALLY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Reads the character at the start of `bytes` (`length` >= 1). Well-formed: stores its code
 * point, sets *size to its bytes, returns true. Ill-formed: sets *size to the bytes of the
 * maximal ill-formed prefix (at least 1), returns false. Surrogates, over-long forms and
 * code points above U+10FFFF are ill-formed. */
bool utf8_decode(const char *bytes, size_t length, uint32_t *code_point, size_t *size);

/* Appends the bytes with each maximal ill-formed prefix replaced by U+FFFD. */
void utf8_add_lossy(struct buffer *buffer, const char *bytes, size_t length);

#endif
