#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quantity.h"

static struct quantity number(const char *text)
{
    struct quantity quantity;

    quantity_from_number(text, strlen(text), &quantity);
    return quantity;
}

static void compares_by_value(void **state)
{
    /* Ascending; those of a row are equal. */
    static const char *const rows[][5] = {
        {"0", "-0", "0.000", "0e5", "0E-9"},
        {"1e-400"},
        {"0.001", "1e-3", "0.0010", "10e-4", "0.01E-1"},
        {"0.00100000000000000000001"},
        {"1", "1.0", "10e-1", "0.1e1", "-1"},
        {"1.5", "15e-1"},
        {"9007199254740992"},
        {"9007199254740993", "9007199254740993.0"},
        {"999999999999999999.999"},
        {"1e18", "1000000000000000000", "1000000000000000000.000"},
        {"1000000000000000000.0001"},
        {"1e400"},
    };
    size_t count = sizeof rows / sizeof *rows;

    (void)state;
    for (size_t i = 0; i < count * 5; i++) {
        for (size_t j = 0; j < count * 5; j++) {
            const char *left = rows[i / 5][i % 5], *right = rows[j / 5][j % 5];

            if (left == NULL || right == NULL)
                continue;

            struct quantity a = number(left), b = number(right);

            assert_int_equal(quantity_compare(&a, &b), (i / 5 > j / 5) - (i / 5 < j / 5));
        }
    }
}

static void takes_plain_decimals_from_strings(void **state)
{
    static const char *const good[] = {"0", "12", "+12", "-12", "1.5", ".5", "5.", "007", "-.5"};
    static const char *const bad[] = {"",   "+",     "-",  ".", "-.",  "1e3", " 1",
                                      "1 ", "1.2.3", "..", "x", "1,5", "--1"};
    struct quantity quantity;
    char longest[1002];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(quantity_from_text(good[i], strlen(good[i]), &quantity));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(quantity_from_text(bad[i], strlen(bad[i]), &quantity));
    memset(longest, '1', sizeof longest);
    assert_true(quantity_from_text(longest, 1000, &quantity));
    assert_false(quantity_from_text(longest, 1001, &quantity));
}

static void tells_zero_and_sign(void **state)
{
    struct quantity zero = number("-0.0"), negative = number("-0.1");

    (void)state;
    assert_true(quantity_is_zero(&zero));
    assert_true(negative.is_negative && !quantity_is_zero(&negative));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_by_value),
        cmocka_unit_test(takes_plain_decimals_from_strings),
        cmocka_unit_test(tells_zero_and_sign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
