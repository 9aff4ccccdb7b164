#include "float_format.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

enum {
    MOST_DIGITS = 17, /* this many always read back */
    LARGEST_PLAIN_POINT = 16,
    SMALLEST_PLAIN_POINT = -4
};

/* The number 0.d1d2...dn * 10^point. */
struct decimal_digits {
    char text[MOST_DIGITS + 1];
    int count;
    int point;
};

static void strip_zeros(struct decimal_digits *digits)
{
    while (digits->count > 1 && digits->text[digits->count - 1] == '0')
        digits->text[--digits->count] = '\0';
}

/* Makes digits of number / 10^scale. */
static void set_digits(uint64_t number, int scale, struct decimal_digits *digits)
{
    char reversed[MOST_DIGITS];
    int count = 0;

    do
        reversed[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    for (int i = 0; i < count; i++)
        digits->text[i] = reversed[count - 1 - i];
    digits->text[count] = '\0';
    digits->count = count;
    digits->point = count - scale;
    strip_zeros(digits);
}

/* Finds the digits of most numbers at little cost: those of at most 15 digits, such as amounts of
 * money, and whole numbers below 2^53. A division of whole numbers below 2^53 by a power in the
 * table rounds as reading the quotient's digits does, so the digits read back; and no others of
 * at most 15 do. Of a whole number the neighbours are no more than 1 away, and shorter digits
 * would be a whole number too. */
static bool find_by_scaling(double value, struct decimal_digits *digits)
{
    const double two_to_53 = 9007199254740992.0;
    int scale = 0;

    if (FLT_EVAL_METHOD != 0 || value >= two_to_53)
        return false;
    if (value != floor(value))
        while (scale < DECIMAL_LARGEST_POWER && value * decimal_powers[scale + 1] < 1e15)
            scale++;
    double scaled = rint(value * decimal_powers[scale]);
    if (scaled / decimal_powers[scale] != value)
        return false;
    set_digits((uint64_t)scaled, scale, digits);
    return true;
}

/* Rounds `value` to `count` digits and returns whether they read back. */
static bool round_to(double value, int count, struct decimal_digits *digits)
{
    char text[MOST_DIGITS + 8]; /* d.ddde-324 */

    snprintf(text, sizeof text, "%.*e", count - 1, value);
    digits->text[0] = text[0];
    if (count > 1)
        memcpy(digits->text + 1, text + 2, (size_t)count - 1);
    digits->text[count] = '\0';
    digits->count = count;
    digits->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
    return strtod(text, NULL) == value;
}

static bool reads_back(const struct decimal_digits *digits, double value)
{
    char text[MOST_DIGITS + 16];

    snprintf(text, sizeof text, "0.%se%d", digits->text, digits->point);
    return strtod(text, NULL) == value;
}

/* Adds one to the last digit. */
static void increment(struct decimal_digits *digits)
{
    int at = digits->count - 1;

    while (at > 0 && digits->text[at] == '9')
        digits->text[at--] = '0';
    if (digits->text[at] != '9') {
        digits->text[at]++;
        return;
    }
    digits->text[0] = '1';
    digits->point++;
}

/* Whether `count` digits tell `value` from every other number. Below a power of two the next
 * number is only half as far as above it, so the nearest text of `count` digits can fall short
 * where the one above it reads back. */
static bool is_enough(double value, int count, struct decimal_digits *digits)
{
    int exponent;

    if (round_to(value, count, digits))
        return true;
    if (frexp(value, &exponent) != 0.5)
        return false;
    increment(digits);
    return reads_back(digits, value);
}

/* Any decimal of up to 15 digits survives being read as a normal number and written with 15
 * digits, so only a subnormal number must be tried with fewer. */
static void find_by_rounding(double value, struct decimal_digits *digits)
{
    int count = value >= DBL_MIN ? DBL_DIG : 1;

    while (count < MOST_DIGITS && !is_enough(value, count, digits))
        count++;
    if (count == MOST_DIGITS)
        round_to(value, count, digits);
    strip_zeros(digits);
}

static void add_zeros(struct buffer *buffer, int count)
{
    for (int i = 0; i < count; i++)
        buffer_add_byte(buffer, '0');
}

/* 12.5, or 120.0 where the digits end before the point. */
static void add_plain(struct buffer *buffer, const struct decimal_digits *digits)
{
    if (digits->count <= digits->point) {
        buffer_add_text(buffer, digits->text);
        add_zeros(buffer, digits->point - digits->count);
        buffer_add_text(buffer, ".0");
        return;
    }
    buffer_add(buffer, digits->text, (size_t)digits->point);
    buffer_add_byte(buffer, '.');
    buffer_add_text(buffer, digits->text + digits->point);
}

/* 0.00125 */
static void add_small(struct buffer *buffer, const struct decimal_digits *digits)
{
    buffer_add_text(buffer, "0.");
    add_zeros(buffer, -digits->point);
    buffer_add_text(buffer, digits->text);
}

/* 1.25e-7 */
static void add_scientific(struct buffer *buffer, const struct decimal_digits *digits)
{
    buffer_add_byte(buffer, digits->text[0]);
    if (digits->count > 1) {
        buffer_add_byte(buffer, '.');
        buffer_add_text(buffer, digits->text + 1);
    }
    buffer_add_format(buffer, "e%+d", digits->point - 1);
}

void float_add(struct buffer *buffer, double value)
{
    struct decimal_digits digits;

    if (!isfinite(value)) {
        buffer_add_text(buffer, "null");
        return;
    }
    if (signbit(value))
        buffer_add_byte(buffer, '-');
    value = fabs(value);
    if (!find_by_scaling(value, &digits))
        find_by_rounding(value, &digits);
    if (digits.point > 0 && digits.point <= LARGEST_PLAIN_POINT)
        add_plain(buffer, &digits);
    else if (digits.point >= SMALLEST_PLAIN_POINT && digits.point <= 0)
        add_small(buffer, &digits);
    else
        add_scientific(buffer, &digits);
}
