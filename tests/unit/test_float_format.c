#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "float_format.h"
#include "vectors.h"

static double from_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* PostgreSQL's text must be the same number as the bits, which are written as `out`. */
static bool check_vector(const struct json_t *in, const struct json_t *out, struct buffer *got)
{
    double value = from_bits(strtoull(vectors_text(vectors_member(in, "bits"), NULL), NULL, 16));
    double read = strtod(vectors_text(vectors_member(in, "pg"), NULL), NULL);

    float_add(got, value);
    return (isnan(value) ? isnan(read) : to_bits(read) == to_bits(value)) &&
           vectors_equal(out, got->data, got->length);
}

static void writes_the_vectors(void **state)
{
    (void)state;
    vectors_run("floats.jsonl", check_vector);
}

static void writes_the_layouts(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-120.0, "-120.0"},
        {0.00001, "0.00001"},
        {0.000012, "0.000012"},
        {0.0000099, "9.9e-6"},
        {1.5e-6, "1.5e-6"},
        {1234.5, "1234.5"},
        {999999999999999.9, "999999999999999.9"},
        {9007199254740991.0, "9007199254740991.0"},
        {9007199254740992.0, "9007199254740992.0"},
        {9007199254740994.0, "9007199254740994.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {1.2e16, "1.2e+16"},
        {1e100, "1e+100"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {4.9406564584124654e-324, "5e-324"},
        {-1e-323, "-1e-323"},
        {0.1 + 0.2, "0.30000000000000004"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};

        float_add(&text, cases[i].value);
        assert_string_equal(text.data, cases[i].text);
        buffer_free(&text);
    }
}

static void writes_null_for_what_is_no_number(void **state)
{
    const double cases[] = {NAN, -NAN, INFINITY, -INFINITY};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};

        float_add(&text, cases[i]);
        assert_string_equal(text.data, "null");
        buffer_free(&text);
    }
}

/* d.ddde+E with the last digit one higher, as plain digits and an exponent. */
static void add_one(const char *text, int precision, char *raised, size_t size)
{
    uint64_t digits = (uint64_t)(text[0] - '0');

    for (int i = 0; i < precision; i++)
        digits = digits * 10 + (uint64_t)(text[2 + i] - '0');
    int exponent = atoi(strchr(text, 'e') + 1);
    snprintf(raised, size, "%" PRIu64 "e%d", digits + 1, exponent - precision);
}

/* The shortest digits by the plain rule: every precision from one digit up, and for a power of two
 * also the text above. */
static void find_shortest(double value, char *text, size_t size)
{
    for (int precision = 0; precision <= 16; precision++) {
        int exponent;
        char raised[64];

        snprintf(text, size, "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            return;
        if (frexp(value, &exponent) != 0.5)
            continue;
        add_one(text, precision, raised, sizeof raised);
        if (strtod(raised, NULL) == value) {
            snprintf(text, size, "%s", raised);
            return;
        }
    }
    fail_msg("%a has no digits", value);
}

/* The digits of a text without its point and the zeros at both ends, and 10 to which power the
 * last of them counts. */
static int significant(const char *text, char *digits)
{
    size_t count = 0;
    int power = 0;
    bool point = false;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        power -= point ? 1 : 0;
        if (count > 0 || *text != '0')
            digits[count++] = *text;
    }
    for (; count > 0 && digits[count - 1] == '0'; count--)
        power++;
    digits[count] = '\0';
    return *text == 'e' ? power + atoi(text + 1) : power;
}

static void check_digits(double value)
{
    char expected[64];
    char expected_digits[64];
    char digits[64];
    struct buffer text = {0};

    find_shortest(value, expected, sizeof expected);
    float_add(&text, value);
    assert_true(text.length < sizeof digits);
    int power = significant(text.data, digits);
    if (significant(expected, expected_digits) != power || strcmp(expected_digits, digits) != 0)
        fail_msg("%a: %s for %s", value, text.data, expected);
    assert_true(strtod(text.data, NULL) == value);
    buffer_free(&text);
}

static uint64_t random_bits(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void writes_the_shortest_digits(void **state)
{
    enum { ROUNDS = 20000 };
    uint64_t seed = 0x9e3779b97f4a7c15;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t bits = random_bits(&seed);
        double any = fabs(from_bits(bits));
        double subnormal = from_bits(bits >> 12);
        double money = (double)(bits % 100000000) / 10000.0;
        double whole = (double)(bits >> (i % 64));
        double candidates[] = {any, subnormal, money, whole, money * 3, nextafter(whole, 0)};

        for (size_t j = 0; j < sizeof candidates / sizeof *candidates; j++)
            if (isfinite(candidates[j]) && candidates[j] > 0)
                check_digits(candidates[j]);
    }
}

static void writes_every_power_of_two_and_its_neighbours(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent < 1024; exponent++) {
        double power = ldexp(1, exponent);

        check_digits(power);
        check_digits(nextafter(power, INFINITY));
        if (exponent > -1074)
            check_digits(nextafter(power, 0));
    }
}

static void writes_every_power_of_ten_and_its_neighbours(void **state)
{
    (void)state;
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[16];

        snprintf(text, sizeof text, "1e%d", exponent);
        double power = strtod(text, NULL);
        check_digits(power);
        check_digits(nextafter(power, INFINITY));
        check_digits(nextafter(power, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_vectors),
        cmocka_unit_test(writes_the_layouts),
        cmocka_unit_test(writes_null_for_what_is_no_number),
        cmocka_unit_test(writes_the_shortest_digits),
        cmocka_unit_test(writes_every_power_of_two_and_its_neighbours),
        cmocka_unit_test(writes_every_power_of_ten_and_its_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
