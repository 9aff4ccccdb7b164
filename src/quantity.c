#include "quantity.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_LONGEST = 1000 }; /* of tally_number */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Leaves out zeros at both ends, which differ from text to text and not in value. */
static void trim(struct quantity *quantity, const char *first, const char *end)
{
    const char *point = memchr(first, '.', (size_t)(end - first));
    const char *whole_end = point == NULL ? end : point;

    while (first < end && !(*first > '0'))
        first++;
    while (end > first && !(end[-1] > '0'))
        end--;
    quantity->digits = first;
    quantity->end = end;
    quantity->magnitude = whole_end - first + (first > whole_end ? 1 : 0);
    if (first == end)
        quantity->magnitude = 0;
}

/* Digits and a point; '.' is less than '0', so trim passes over it as over a zero. */
static const char *pass_digits(const char *at, const char *end)
{
    while (at < end && (is_digit(*at) || *at == '.'))
        at++;
    return at;
}

static const char *take_sign(const char *text, const char *end, struct quantity *quantity)
{
    quantity->is_negative = text < end && *text == '-';
    return text < end && (*text == '-' || *text == '+') ? text + 1 : text;
}

void quantity_from_number(const char *text, size_t length, struct quantity *quantity)
{
    const char *end = text + length;
    const char *first = take_sign(text, end, quantity);
    const char *digits_end = pass_digits(first, end);

    trim(quantity, first, digits_end);
    /* What json_text.h calls extreme was refused before, so the exponent is short. */
    if (digits_end < end && !quantity_is_zero(quantity))
        quantity->magnitude += strtol(digits_end + 1, NULL, 10);
}

bool quantity_from_text(const char *text, size_t length, struct quantity *quantity)
{
    const char *end = text + length;
    const char *first = take_sign(text, end, quantity);
    const char *point = memchr(first, '.', (size_t)(end - first));

    if (length > TEXT_LONGEST || pass_digits(first, end) != end || first == end)
        return false;
    if (point != NULL && (end - first == 1 || memchr(point + 1, '.', (size_t)(end - point - 1))))
        return false;
    trim(quantity, first, end);
    return true;
}

bool quantity_is_zero(const struct quantity *quantity)
{
    return quantity->digits == quantity->end;
}

int quantity_compare(const struct quantity *a, const struct quantity *b)
{
    const char *left = a->digits, *right = b->digits;

    if (quantity_is_zero(a) || quantity_is_zero(b))
        return quantity_is_zero(b) - quantity_is_zero(a);
    if (a->magnitude != b->magnitude)
        return a->magnitude < b->magnitude ? -1 : 1;
    for (; left < a->end && right < b->end; left++, right++) {
        left += *left == '.';
        right += *right == '.';
        if (*left != *right)
            return *left < *right ? -1 : 1;
    }
    return (left < a->end) - (right < b->end);
}
