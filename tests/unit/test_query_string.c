#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "query_string.h"

#define R "\xef\xbf\xbd" /* U+FFFD */

/* Writes all pairs of a query as <key|value>, with ~ for NUL. */
static void list_pairs(const char *text, struct buffer *list)
{
    struct query_string query;

    query_string_start(&query, text);
    while (query_string_next(&query)) {
        buffer_add_byte(list, '<');
        buffer_add(list, query.key.data, query.key.length);
        buffer_add_byte(list, '|');
        buffer_add(list, query.value.data, query.value.length);
        buffer_add_byte(list, '>');
    }
    assert_false(query_string_next(&query));
    query_string_free(&query);
    for (size_t i = 0; i < list->length; i++)
        if (list->data[i] == '\0')
            list->data[i] = '~';
}

struct pairs {
    const char *query;
    const char *list;
};

static void check(const struct pairs *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer list = {0};

        buffer_add_text(&list, "");
        list_pairs(cases[i].query, &list);
        assert_string_equal(list.data, cases[i].list);
        buffer_free(&list);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

static void splits_at_ampersand_and_first_equals_sign(void **state)
{
    static const struct pairs cases[] = {
        {"", ""},
        {"&", ""},
        {"&&&", ""},
        {"a", "<a|>"},
        {"a=", "<a|>"},
        {"=", "<|>"},
        {"=b", "<|b>"},
        {"a=b", "<a|b>"},
        {"a=b=c", "<a|b=c>"},
        {"a==b", "<a|=b>"},
        {"&a=b&&c=d&", "<a|b><c|d>"},
        {"a&b", "<a|><b|>"},
        {"a=b;c?d#e", "<a|b;c?d#e>"},
        {"a%26b=c%3Dd", "<a&b|c=d>"},
        {"a%3Db=c", "<a=b|c>"},
    };

    (void)state;
    CHECK(cases);
}

static void decodes_plus_and_percent(void **state)
{
    static const struct pairs cases[] = {
        {"a+b=c+d", "<a b|c d>"}, {"a=%2B%2b", "<a|++>"}, {"%61%6a%6A=%7e", "<ajj|~>"},
        {"a=%", "<a|%>"},         {"a=%4", "<a|%4>"},     {"a=%4&b=1", "<a|%4><b|1>"},
        {"a=%&41", "<a|%><41|>"}, {"a%=41", "<a%|41>"},   {"a=%zz%4z%z4", "<a|%zz%4z%z4>"},
        {"a=%%41", "<a|%A>"},     {"a=%2541", "<a|%41>"}, {"a=%+41", "<a|% 41>"},
        {"a=%00b", "<a|~b>"},     {"a%00=b", "<a~|b>"},
    };

    (void)state;
    CHECK(cases);
}

static void makes_valid_utf8(void **state)
{
    static const struct pairs cases[] = {
        {"a=%c3%a9", "<a|\xc3\xa9>"},    {"a=\xc3\xa9", "<a|\xc3\xa9>"},
        {"a=\xc3%a9", "<a|\xc3\xa9>"},   {"a=%e2%82", "<a|" R ">"},
        {"a=%f0%9f%98", "<a|" R ">"},    {"a=%ed%a0%80", "<a|" R R R ">"},
        {"a=%c0%80", "<a|" R R ">"},     {"a%ff=\xff", "<a" R "|" R ">"},
        {"%e2%82=%ac", "<" R "|" R ">"},
    };

    (void)state;
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_at_ampersand_and_first_equals_sign),
        cmocka_unit_test(decodes_plus_and_percent),
        cmocka_unit_test(makes_valid_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
