/* A quantity in an event's detail: a decimal number, compared without being converted. */
#ifndef TALLY_QUANTITY_H
#define TALLY_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

/* It borrows the text. */
struct quantity {
    const char *digits, *end; /* from the first one that is not 0 to the last one; with the point */
    long magnitude;           /* how many digits stand before the point; of 0.001 it is -2 */
    bool is_negative;
};

/* What a report counts at the most, as tally_number of sql/schema.sql has it; beyond is 0 there. */
#define QUANTITY_MOST "1e18"

/* Reads a JSON number. */
void quantity_from_number(const char *text, size_t length, struct quantity *quantity);

/* Reads a plain decimal number as tally_number takes it from a string: [+-]digits[.digits], with
 * digits on one side at least. Returns false where the text is none. */
bool quantity_from_text(const char *text, size_t length, struct quantity *quantity);

/* -1, 0 or 1: which one is nearer to zero; signs do not count. */
int quantity_compare(const struct quantity *a, const struct quantity *b);

bool quantity_is_zero(const struct quantity *quantity);

#endif
