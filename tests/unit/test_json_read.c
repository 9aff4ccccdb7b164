#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "json_read.h"
#include "utf8.h"

static void writes_out_what_is_beyond_ascii(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {"{\"a\": [1.50, 1e+2, null]}", "{\"a\": [1.50, 1e+2, null]}"},
        {"{\"caf\\u00e9\":\"\\u00C9\"}", "{\"café\":\"É\"}"},
        {"{\"a\":\"é\\u20ac€\"}", "{\"a\":\"é€€\"}"},
        {"{\"a\":\"\\ud83d\\uDE00\\uDBFF\\udfff.\"}",
         "{\"a\":\"\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF.\"}"},
        {"{\"a\":\"\\ud7ff\\ue000\\u0080\"}", "{\"a\":\"\xED\x9F\xBF\xEE\x80\x80\xC2\x80\"}"},
        /* What could end the string, and what must be escaped. */
        {"{\"a\":\"\\u0022\\u005c\\u001f\\u007f\"}", "{\"a\":\"\\u0022\\u005c\\u001f\\u007f\"}"},
        {"{\"a\":\"\\\"\\\\\\/\\b\\n\\t\"}", "{\"a\":\"\\\"\\\\\\/\\b\\n\\t\"}"},
        {"{\"a\":\"\\\\u00e9\\\\\\u00e9\"}", "{\"a\":\"\\\\u00e9\\\\é\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_span text = {cases[i][0], strlen(cases[i][0])};
        struct buffer plain = {0};

        json_read_plain(&text, &plain);
        assert_string_equal(plain.data, cases[i][1]);
        buffer_free(&plain);
    }
}

static void every_character(void **state)
{
    (void)state;
    for (unsigned code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 0x3B) {
        char escape[32] = "";
        struct buffer plain = {0};
        struct json_span text = {escape, 0};
        uint32_t found;
        size_t size;

        if (code >= 0xD800 && code < 0xE000)
            continue;
        if (code < 0x10000)
            text.length = (size_t)snprintf(escape, sizeof escape, "\"\\u%04x\"", code);
        else
            text.length = (size_t)snprintf(escape, sizeof escape, "\"\\u%04X\\u%04X\"",
                                           0xD800 + ((code - 0x10000) >> 10),
                                           0xDC00 + ((code - 0x10000) & 0x3FF));
        json_read_plain(&text, &plain);
        if (code < 0x80) {
            assert_string_equal(plain.data, escape);
        } else {
            assert_true(utf8_decode(plain.data + 1, plain.length - 2, &found, &size));
            assert_int_equal(found, code);
            assert_int_equal(size, plain.length - 2);
        }
        buffer_free(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_out_what_is_beyond_ascii),
        cmocka_unit_test(every_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
