#include "float_format.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Rounds `value`, which is positive, to `count` digits. */
static void round_to(double value, int count, struct decimal_digits *digits)
{
    char text[MOST_DIGITS + 8]; /* d.ddde-324 */
    snprintf(text, sizeof text, "%.*e", count - 1, value);
    digits->text[0] = text[0];
    const char *exponent = text + 1;
    if (count > 1) {
        memcpy(digits->text + 1, text + 2, (size_t)count - 1);
        exponent = text + count + 1;
    }
    digits->text[count] = '\0';
    digits->count = count;
    digits->point = (int)strtol(exponent + 1, NULL, 10) + 1;
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
    round_to(value, count, digits);
    if (reads_back(digits, value))
        return true;
    if (frexp(value, &exponent) != 0.5)
        return false;
    increment(digits);
    return reads_back(digits, value);
}

/* Any decimal of up to 15 digits survives being read as a normal number and written with 15
 * digits, so only a subnormal number must be tried with fewer. */
static void find_shortest(double value, struct decimal_digits *digits)
{
    int count = value >= DBL_MIN ? DBL_DIG : 1;
    while (count < MOST_DIGITS && !is_enough(value, count, digits))
        count++;
    if (count == MOST_DIGITS)
        round_to(value, count, digits);
    while (digits->count > 1 && digits->text[digits->count - 1] == '0')
        digits->text[--digits->count] = '\0';
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

/* The digits of a whole number below 2^53 are the shortest already: its neighbours are no more
 * than 1 away, and a shorter text would be a whole number too. */
static void add_whole(struct buffer *buffer, uint64_t value)
{
    char text[24];
    char *start = text + sizeof text;
    *--start = '0';
    *--start = '.';
    do
        *--start = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    buffer_add(buffer, start, (size_t)(text + sizeof text - start));
}

static void add_shortest(struct buffer *buffer, double value)
{
    struct decimal_digits digits;
    find_shortest(value, &digits);
    if (digits.point > 0 && digits.point <= LARGEST_PLAIN_POINT)
        add_plain(buffer, &digits);
    else if (digits.point >= SMALLEST_PLAIN_POINT && digits.point <= 0)
        add_small(buffer, &digits);
    else
        add_scientific(buffer, &digits);
}

void float_add(struct buffer *buffer, double value)
{
    const double two_to_53 = 9007199254740992.0;
    if (!isfinite(value)) {
        buffer_add_text(buffer, "null");
        return;
    }
    if (signbit(value)) {
        buffer_add_byte(buffer, '-');
        value = -value;
    }
    if (value < two_to_53 && value == (double)(uint64_t)value)
        add_whole(buffer, (uint64_t)value);
    else
        add_shortest(buffer, value);
}
