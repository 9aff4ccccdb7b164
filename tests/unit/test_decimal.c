#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buffer.h"
#include "decimal.h"

static void rounds_half_away_from_zero(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"0.0", 0},
        {"00012", 12},
        {"12", 12},
        {"-12", -12},
        {"0.4999999999999999999999", 0},
        {"0.5", 1},
        {"-0.5", -1},
        {"-0.49", 0},
        {"1.5", 2},
        {"2.5", 3},
        {"-2.5", -3},
        {"2.4", 2},
        {"-2.6", -3},
        {"9.9", 10},
        {"9007199254740993", 9007199254740993},
        {"9007199254740992.5", 9007199254740993},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value;

        assert_true(decimal_to_i64(cases[i].text, &value));
        assert_int_equal(value, cases[i].value);
    }
}

static void stops_at_both_bounds(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"9223372036854775806.4", INT64_MAX - 1},
        {"9223372036854775806.5", INT64_MAX},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775807.4", INT64_MAX},
        {"9223372036854775807.5", INT64_MAX},
        {"9223372036854775808", INT64_MAX},
        {"9223372036854775810", INT64_MAX},
        {"92233720368547758070", INT64_MAX},
        {"99999999999999999999999999999999", INT64_MAX},
        {"-9223372036854775807", -INT64_MAX},
        {"-9223372036854775807.5", INT64_MIN},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775808.9", INT64_MIN},
        {"-9223372036854775809", INT64_MIN},
        {"-99999999999999999999999999999999", INT64_MIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value;

        assert_true(decimal_to_i64(cases[i].text, &value));
        assert_int_equal(value, cases[i].value);
    }
}

static void refuses_what_is_no_decimal(void **state)
{
    static const char *const cases[] = {
        "",    "-",        "+1",        "--1",  ".5",   "-.5",      "5.",    "1.2.3",
        "1e3", " 1",       "1 ",        "1,5",  "0x10", "NaN",      "nan",   "inf",
        "-",   "Infinity", "-Infinity", "1.5x", "1.x5", "\xd9\xa0", "1_000", "1.-5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t integer = 7;
        double number = 7;

        assert_false(decimal_to_i64(cases[i], &integer));
        assert_false(decimal_to_f64(cases[i], &number));
        assert_int_equal(integer, 7);
        assert_true(number == 7);
    }
}

static void finds_the_nearest_double(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0.0},
        {"12", 12.0},
        {"-12.5", -12.5},
        {"0.1", 0.1},
        {"0.30000000000000004", 0.30000000000000004},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.000000000000000000000000000001", 9007199254740994.0},
        {"9007199254740995", 9007199254740996.0},
        {"1000000000000000000", 1e18},
    };
    double negative_zero;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value;

        assert_true(decimal_to_f64(cases[i].text, &value));
        assert_true(value == cases[i].value);
    }
    assert_true(decimal_to_f64("-0.0", &negative_zero));
    assert_true(negative_zero == 0 && signbit(negative_zero));
}

/* 0. and `zeros` zeros and `digits`. */
static double read_small(size_t zeros, const char *digits)
{
    struct buffer text = {0};
    double value;

    buffer_add_text(&text, "0.");
    for (size_t i = 0; i < zeros; i++)
        buffer_add_byte(&text, '0');
    buffer_add_text(&text, digits);
    assert_true(decimal_to_f64(text.data, &value));
    buffer_free(&text);
    return value;
}

static void goes_down_to_zero(void **state)
{
    (void)state;
    assert_true(read_small(307, "22250738585072014") == DBL_MIN);
    assert_true(read_small(309, "1") == 1e-310);
    assert_true(read_small(323, "5") == 4.9406564584124654e-324);
    assert_true(read_small(323, "2") == 0);
    assert_true(read_small(400, "1") == 0);
    assert_true(read_small(16000, "1") == 0);
}

static void reads_long_fractions(void **state)
{
    struct buffer text = {0};
    double number;
    int64_t integer;

    (void)state;
    /* Half way between two doubles, and a last digit that tips it over. */
    buffer_add_text(&text, "9007199254740992.999");
    for (int i = 0; i < 16000; i++)
        buffer_add_byte(&text, '9');
    assert_true(decimal_to_f64(text.data, &number));
    assert_true(number == 9007199254740992.0);
    assert_true(decimal_to_i64(text.data, &integer));
    assert_int_equal(integer, 9007199254740993);
    buffer_clear(&text);
    buffer_add_text(&text, "-9007199254740993.000");
    for (int i = 0; i < 16000; i++)
        buffer_add_byte(&text, '0');
    buffer_add_byte(&text, '1');
    assert_true(decimal_to_f64(text.data, &number));
    assert_true(number == -9007199254740994.0);
    assert_true(decimal_to_i64(text.data, &integer));
    assert_int_equal(integer, -9007199254740993);
    buffer_free(&text);
}

static void goes_up_to_infinity(void **state)
{
    struct buffer text = {0};
    double value;

    (void)state;
    buffer_add_byte(&text, '1');
    for (int i = 0; i < 308; i++)
        buffer_add_byte(&text, '0');
    assert_true(decimal_to_f64(text.data, &value));
    assert_true(value == 1e308);
    buffer_add_byte(&text, '0');
    assert_true(decimal_to_f64(text.data, &value));
    assert_true(isinf(value));
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_half_away_from_zero), cmocka_unit_test(stops_at_both_bounds),
        cmocka_unit_test(refuses_what_is_no_decimal), cmocka_unit_test(finds_the_nearest_double),
        cmocka_unit_test(goes_down_to_zero),          cmocka_unit_test(reads_long_fractions),
        cmocka_unit_test(goes_up_to_infinity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
