#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

#define R "\xef\xbf\xbd" /* U+FFFD */

static void decodes_the_ends_of_each_range(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        uint32_t code_point;
    } cases[] = {
        {"\x00", 1, 0},
        {"\x7f", 1, 0x7f},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7ff},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xec\xbf\xbf", 3, 0xcfff},
        {"\xed\x80\x80", 3, 0xd000},
        {"\xed\x9f\xbf", 3, 0xd7ff},
        {"\xee\x80\x80", 3, 0xe000},
        {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf3\xbf\xbf\xbf", 4, 0xfffff},
        {"\xf4\x80\x80\x80", 4, 0x100000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code_point;
        size_t size;

        assert_true(utf8_decode(cases[i].bytes, cases[i].size, &code_point, &size));
        assert_int_equal(size, cases[i].size);
        assert_int_equal(code_point, cases[i].code_point);
    }
}

static void finds_the_maximal_ill_formed_prefix(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        size_t size;
    } cases[] = {
        {"\x80", 1, 1}, /* a byte that continues nothing */
        {"\xbf\x80", 2, 1},
        {"\xc0\x80", 2, 1}, /* over-long */
        {"\xc1\xbf", 2, 1},
        {"\xe0\x80\x80", 3, 1},
        {"\xe0\x9f\xbf", 3, 1},
        {"\xf0\x80\x80\x80", 4, 1},
        {"\xf0\x8f\xbf\xbf", 4, 1},
        {"\xed\xa0\x80", 3, 1}, /* surrogates */
        {"\xed\xbf\xbf", 3, 1},
        {"\xf4\x90\x80\x80", 4, 1}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 4, 1}, /* bytes that occur nowhere */
        {"\xf8\x88\x80\x80\x80", 5, 1},
        {"\xff", 1, 1},
        {"\xc2", 1, 1}, /* cut short by the end */
        {"\xe2", 1, 1},
        {"\xe2\x82", 2, 2},
        {"\xf0\x9f", 2, 2},
        {"\xf0\x9f\x98", 3, 3},
        {"\xc2z", 2, 1}, /* cut short by another character */
        {"\xe2\x82z", 3, 2},
        {"\xf0\x9f\x98z", 4, 3},
        {"\xf0\x9f\xf0\x9f\x98\x80", 6, 2},
        {"\xe2\x82\x00", 3, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code_point;
        size_t size;

        assert_false(utf8_decode(cases[i].bytes, cases[i].length, &code_point, &size));
        assert_int_equal(size, cases[i].size);
    }
}

static void replaces_each_ill_formed_prefix(void **state)
{
    static const struct {
        const char *in;
        size_t in_length;
        const char *out;
        size_t out_length;
    } cases[] = {
        {"", 0, "", 0},
        {"plain", 5, "plain", 5},
        {"a\0b", 3, "a\0b", 3},
        {"\xe2\x82", 2, R, 3},
        {"\xe2\x82\xe2\x82\xac", 5, R "\xe2\x82\xac", 6},
        {"\xf0\x9f\x98", 3, R, 3},
        {"\xed\xa0\x80", 3, R R R, 9},
        {"\xc0\x80", 2, R R, 6},
        {"\xf8\x88\x80\x80\x80", 5, R R R R R, 15},
        {"\xc3\xa9\xa9", 3, "\xc3\xa9" R, 5},
        {"a\xe2\x82"
         "b\xac",
         5, "a" R "b" R, 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};

        utf8_add_lossy(&out, cases[i].in, cases[i].in_length);
        assert_int_equal(out.length, cases[i].out_length);
        assert_memory_equal(out.data, cases[i].out, out.length);
        buffer_free(&out);
    }
}

/* Writes a code point as the standard defines UTF-8. */
static size_t encode(uint32_t code_point, char *bytes)
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

    for (size_t i = size; i-- > 1; code_point >>= 6)
        bytes[i] = (char)(0x80 | (code_point & 0x3f));
    bytes[0] = (char)(marks[size] | code_point);
    return size;
}

static void decodes_every_code_point(void **state)
{
    (void)state;
    for (uint32_t expected = 0; expected < 0x110000; expected++) {
        char bytes[4];
        uint32_t code_point;
        size_t size;
        size_t length = encode(expected, bytes);
        bool surrogate = expected >= 0xd800 && expected < 0xe000;

        if (utf8_decode(bytes, length, &code_point, &size) == surrogate)
            fail_msg("U+%04X", expected);
        if (!surrogate && (code_point != expected || size != length))
            fail_msg("U+%04X", expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_the_ends_of_each_range),
        cmocka_unit_test(finds_the_maximal_ill_formed_prefix),
        cmocka_unit_test(replaces_each_ill_formed_prefix),
        cmocka_unit_test(decodes_every_code_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
