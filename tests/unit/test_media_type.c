#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media_type.h"

static void knows_a_type_by_its_name_alone(void **state)
{
    static const char *const good[] = {
        "application/json",
        "APPLICATION/Json",
        "application/json;charset=utf-8",
        "application/json ; charset=\"UTF-8\"",
        "application/json; x=y; charset=us-ascii ",
        "application/json;",
        "application/json; charset",
    };
    static const char *const bad[] = {
        "",
        "application/jso",
        "application/jsonx",
        "application/json, text/plain",
        " application/json",
        "application/json;charset=latin1",
        "application/json; x=y; charset=utf-16",
        "application/json; charset=",
        "application/json; charset=\"",
        "application/json charset=utf-8",
    };

    (void)state;
    assert_false(media_type_is(NULL, "application/json"));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(media_type_is(good[i], "application/json"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(media_type_is(bad[i], "application/json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_type_by_its_name_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
