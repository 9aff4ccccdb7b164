/* A decimal number: the double is the one that the C library reads, the integer is rounded as on
 * paper. */
#include <ctype.h>
#include <string.h>

#include "allocate.h"
#include "decimal.h"
#include "must.h"

enum { DIGITS_THAT_FIT = 18 };

static bool is_decimal(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t whole = strspn(digits, "0123456789");
    const char *rest = digits + whole;

    if (whole == 0)
        return false;
    if (*rest == '.') {
        if (!isdigit((unsigned char)rest[1]))
            return false;
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    return *rest == '\0';
}

/* Of a number whose digits before the point fit. */
static int64_t rounded(const char *text)
{
    bool negative = text[0] == '-';
    char *rest;
    long long whole = strtoll(negative ? text + 1 : text, &rest, 10);

    if (rest[0] == '.' && rest[1] >= '5')
        whole++;
    return negative ? -whole : whole;
}

static size_t whole_digits(const char *text)
{
    const char *digits = text + strspn(text, "-");

    digits += strspn(digits, "0");
    return strspn(digits, "0123456789");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = allocate_zeroed(size + 1, 1);
    int64_t integer = 0;
    double number = 0;

    if (size > 0)
        memcpy(text, data, size);
    MUST(decimal_to_i64(text, &integer) == decimal_to_f64(text, &number));
    if (is_decimal(text)) {
        double expected = strtod(text, NULL);

        MUST(decimal_to_f64(text, &number));
        MUST(memcmp(&number, &expected, sizeof number) == 0);
        MUST(whole_digits(text) > DIGITS_THAT_FIT || integer == rounded(text));
        MUST(whole_digits(text) <= DIGITS_THAT_FIT + 1 ||
             integer == (text[0] == '-' ? INT64_MIN : INT64_MAX));
    }
    free(text);
    return 0;
}
