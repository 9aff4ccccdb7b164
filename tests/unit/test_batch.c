#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "batch.h"

struct expected {
    const char *body, *events, *error;
    enum batch_form form;
};

static void check(const struct expected *expected)
{
    struct json_span body = {expected->body, strlen(expected->body)}, event;
    struct buffer list = {0};
    struct error error = {0};
    struct batch batch;

    buffer_add_text(&list, "");
    batch_start(&batch, &body, expected->form);
    while (batch_next(&batch, &event, &error))
        buffer_add_format(&list, "<%.*s>", (int)event.length, event.text);
    assert_false(batch_next(&batch, &event, &error));
    assert_string_equal(list.data, expected->events);
    assert_string_equal(error.code == ERROR_NONE ? "" : error.message.data, expected->error);
    error_free(&error);
    buffer_free(&list);
}

#define BROKEN(line, column) "broken JSON at line " #line ", column " #column ": "

static void splits_bodies(void **state)
{
    static const struct expected cases[] = {
        {"[]", "", "", BATCH_JSON},
        {" [ 1 , {} ] ", "<1><{}>", "", BATCH_JSON},
        {" {\"a\":[]} ", "<{\"a\":[]}>", "", BATCH_JSON},
        {"5", "<5>", "", BATCH_JSON},
        {"", "", BROKEN(1, 1) "the text ends too early", BATCH_JSON},
        {"[1", "<1>", BROKEN(1, 3) "the text ends too early", BATCH_JSON},
        {"[1,\n2 3]", "<1><2>", BROKEN(2, 3) "a comma or ] is expected", BATCH_JSON},
        {"[1] 2", "<1>", BROKEN(1, 5) "only one value is expected", BATCH_JSON},
        {"{} {}", "", BROKEN(1, 4) "only one value is expected", BATCH_JSON},
        {"\xef\xbb\xbf{}", "", BROKEN(1, 1) "a byte order mark, which must be left out",
         BATCH_JSON},
        {"", "", "", BATCH_LINES},
        {"\n\n \r\n", "", "", BATCH_LINES},
        {"1\n{}\r\n\n [2] ", "<1><{}><[2]>", "", BATCH_LINES},
        {"1\n2 3\n4", "<1>", BROKEN(2, 3) "only one value is expected", BATCH_LINES},
        {"[1,\n2]", "", BROKEN(1, 4) "the text ends too early", BATCH_LINES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_bodies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
