#include "decimal.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789";

/* Checks -?digits[.digits] and finds the parts. */
static bool split(const char *text, bool *negative, const char **whole, const char **fraction)
{
    *negative = *text == '-';
    *whole = text + (*negative ? 1 : 0);
    size_t length = strspn(*whole, digits);
    *fraction = *whole + length;
    if (length == 0)
        return false;
    if (**fraction == '\0')
        return true;
    if (**fraction != '.')
        return false;
    ++*fraction;
    length = strspn(*fraction, digits);
    return length > 0 && (*fraction)[length] == '\0';
}

/* Appends a digit to *magnitude, at most up to `limit`. */
static void push_digit(uint64_t *magnitude, uint64_t digit, uint64_t limit)
{
    if (*magnitude > (limit - digit) / 10)
        *magnitude = limit;
    else
        *magnitude = *magnitude * 10 + digit;
}

bool decimal_to_i64(const char *text, int64_t *value)
{
    bool negative;
    const char *whole;
    const char *fraction;
    if (!split(text, &negative, &whole, &fraction))
        return false;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t magnitude = 0;
    for (; *whole >= '0' && *whole <= '9'; whole++)
        push_digit(&magnitude, (uint64_t)(*whole - '0'), limit);
    if (*fraction >= '5' && magnitude < limit)
        magnitude++;
    if (!negative)
        *value = (int64_t)magnitude;
    else
        *value = magnitude == limit ? INT64_MIN : -(int64_t)magnitude;
    return true;
}

bool decimal_to_f64(const char *text, double *value)
{
    bool negative;
    const char *whole;
    const char *fraction;
    if (!split(text, &negative, &whole, &fraction))
        return false;
    *value = strtod(text, NULL);
    return true;
}
