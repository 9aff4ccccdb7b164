/* PostgreSQL's numeric text, as the two number types of the replies (design: "Sums are exact
 * decimals, converted once at the end"). The text is -?digits[.digits]; "NaN" and "Infinity"
 * cannot occur and are refused. */
#ifndef TALLY_DECIMAL_H
#define TALLY_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

enum { DECIMAL_LARGEST_POWER = 22 };

/* The powers of ten that a double holds exactly. */
extern const double decimal_powers[DECIMAL_LARGEST_POWER + 1];

/* The nearest integer, halves away from zero; what is beyond int64_t becomes its nearest bound.
 * Returns false where the text is no decimal number. */
bool decimal_to_i64(const char *text, int64_t *value);

/* The nearest double, infinity beyond its range. Returns false where the text is no decimal number.
 * Needs LC_NUMERIC "C". */
bool decimal_to_f64(const char *text, double *value);

#endif
