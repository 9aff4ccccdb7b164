#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buffer.h"
#include "json_text.h"

static struct json_span span(const char *text)
{
    return (struct json_span){text, strlen(text)};
}

/* Whether a text is one whole value and nothing else. */
static bool is_value(const char *text)
{
    struct json_span whole = span(text), value;
    struct json_text json;

    json_text_start(&json, &whole);
    return json_text_take(&json, &value) && json_text_is_at_end(&json);
}

static void takes_what_is_json(void **state)
{
    static const char *const good[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-1.5",
        "1e5",
        "1E+05",
        "1.0e-9",
        "\"\"",
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "[]",
        "{}",
        " [ 1 , \"a\" , [ ] ] ",
        "{\"a\":1,\"a\":{\"b\":[null]}}",
        "\t\r\n1\n",
    };
    static const char *const bad[] = {
        "",      " ",           "nul",    "nulll", "True",    "01",        "+1",       "-",
        "1.",    ".5",          "1e",     "1e+",   "0x1",     "NaN",       "\"",       "\"\\x\"",
        "\"\\",  "\"\\u12g4\"", "\"\n\"", "[",     "[1",      "[1,",       "[1,]",     "[,1]",
        "[1 2]", "]",           "{",      "{a:1}", "{\"a\"}", "{\"a\" 1}", "{\"a\":}", "{\"a\":1,}",
        "{,}",   "{\"a\":1]",   "[1}",    "1 2",   "'a'",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(is_value(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(is_value(bad[i]));
}

static void hands_out_members_as_they_stand(void **state)
{
    struct json_span whole = span(" { \"a\" : 1.50 , \"b\\u0062\":[ 1, {} ] ,\"c\":\"x\" } ");
    struct json_span key, value;
    struct json_text json;
    struct buffer list = {0};

    (void)state;
    json_text_start(&json, &whole);
    assert_int_equal(json_text_peek(&json), '{');
    assert_true(json_text_enter(&json));
    while (json_text_next(&json, &key, &value))
        buffer_add_format(&list, "%.*s=%.*s;", (int)key.length, key.text, (int)value.length,
                          value.text);
    assert_null(json.fault);
    assert_true(json_text_is_at_end(&json));
    assert_string_equal(list.data, "\"a\"=1.50;\"b\\u0062\"=[ 1, {} ];\"c\"=\"x\";");
    assert_int_equal(json.deepest, 3);
    buffer_free(&list);
}

static void passes_over_what_lies_too_deep(void **state)
{
    char text[4 * JSON_TEXT_DEPTH + 16];

    (void)state;
    for (int depth = 1; depth <= 2 * JSON_TEXT_DEPTH; depth++) {
        struct json_span whole = {text, (size_t)(2 * depth) + 5}, value;
        struct json_text json;

        memset(text, '[', (size_t)depth);
        memcpy(text + depth, "\"]\\\"\"", 6);
        memset(text + depth + 5, ']', (size_t)depth);
        json_text_start(&json, &whole);
        assert_true(json_text_take(&json, &value));
        assert_true(json_text_is_at_end(&json));
        assert_int_equal(json.deepest, depth <= JSON_TEXT_DEPTH ? depth : JSON_TEXT_DEPTH + 1);
        assert_int_equal(json.depth, 0);
        whole.length--;
        json_text_start(&json, &whole);
        assert_false(json_text_take(&json, &value));
        assert_string_equal(json.fault, "the text ends too early");
    }
}

static void notices_extreme_numbers(void **state)
{
    static const struct {
        const char *text;
        bool is_extreme;
    } cases[] = {
        {"1e400", false},         {"1e401", true},   {"-1e-400", false},
        {"1e-401", true},         {"1e0400", false}, {"1e99999999999999999999", true},
        {"[0.5,[1E+500]]", true},
    };
    char digits[402];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_span whole = span(cases[i].text), value;
        struct json_text json;

        json_text_start(&json, &whole);
        assert_true(json_text_take(&json, &value));
        assert_int_equal(json.has_extreme_number, cases[i].is_extreme);
    }
    for (size_t length = 400; length <= 401; length++) {
        struct json_span whole = {digits, length}, value;
        struct json_text json;

        memset(digits, '7', length);
        json_text_start(&json, &whole);
        assert_true(json_text_take(&json, &value));
        assert_int_equal(json.has_extreme_number, length == 401);
    }
}

static void tells_the_place(void **state)
{
    struct json_span text = span("a\n\xe2\x98\x83\xc3\xa9x\n");
    int line, column;

    (void)state;
    json_text_locate(&text, text.text, &line, &column);
    assert_int_equal(line * 100 + column, 101);
    json_text_locate(&text, text.text + 7, &line, &column);
    assert_int_equal(line * 100 + column, 203);
    json_text_locate(&text, text.text + text.length, &line, &column);
    assert_int_equal(line * 100 + column, 301);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_json),
        cmocka_unit_test(hands_out_members_as_they_stand),
        cmocka_unit_test(passes_over_what_lies_too_deep),
        cmocka_unit_test(notices_extreme_numbers),
        cmocka_unit_test(tells_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
