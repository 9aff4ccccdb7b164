#include "decimal.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* Digits that any int64_t holds. */
enum { SHORT_DIGITS = 18 };

const double decimal_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static const char digits[] = "0123456789";

/* Reads what most numbers are, at little cost: one of few digits, as *number / 10^*scale. Returns
 * false for a longer one, and for what is none. */
static bool read_short(const char *text, int64_t *number, int *scale)
{
    bool negative = *text == '-';
    const char *point = NULL;
    int count = 0;

    *number = 0;
    for (text += negative ? 1 : 0; *text != '\0'; text++) {
        if (*text == '.' && point == NULL && count > 0)
            point = text;
        else if (*text >= '0' && *text <= '9' && count++ < SHORT_DIGITS)
            *number = *number * 10 + (*text - '0');
        else
            return false;
    }
    if (negative)
        *number = -*number;
    *scale = point == NULL ? 0 : (int)(text - point) - 1;
    return count > 0 && (point == NULL || *scale > 0);
}

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
    int64_t number;
    int scale;

    if (read_short(text, &number, &scale) && scale == 0) {
        *value = number;
        return true;
    }
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
    const int64_t two_to_53 = 9007199254740992;
    int64_t number;
    int scale;

    /* Both numbers are exact, so their quotient is the nearest double. */
    if (FLT_EVAL_METHOD == 0 && read_short(text, &number, &scale) && number > -two_to_53 &&
        number < two_to_53 && (number != 0 || *text != '-')) {
        *value = (double)number / decimal_powers[scale];
        return true;
    }
    if (!split(text, &negative, &whole, &fraction))
        return false;
    *value = strtod(text, NULL);
    return true;
}
