#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

static void first_cause_survives(void **state)
{
    struct error error = {0};

    (void)state;
    assert_false(error_set(&error, ERROR_NOT_FOUND, "no %s", "page"));
    assert_false(error_set(&error, ERROR_INTERNAL, "later"));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_string_equal(error.message.data, "no page");
    error_free(&error);
}

static void detail_is_apart(void **state)
{
    struct error error = {0};

    (void)state;
    assert_false(error_detail(&error, "of nothing"));
    assert_int_equal(error.detail.length, 0);
    error_set(&error, ERROR_UNAVAILABLE, "database away");
    assert_int_equal(error.detail.length, 0);
    assert_false(error_detail(&error, "socket %d", 5));
    error_detail(&error, "later");
    assert_string_equal(error.message.data, "database away");
    assert_string_equal(error.detail.data, "socket 5");
    error_free(&error);
}

static void can_be_used_again_after_free(void **state)
{
    struct error error = {0};

    (void)state;
    error_free(&error);
    error_set(&error, ERROR_FORBIDDEN, "no");
    error_detail(&error, "why");
    error_free(&error);
    assert_int_equal(error.code, ERROR_NONE);
    assert_null(error.message.data);
    assert_null(error.detail.data);
    error_set(&error, ERROR_DEADLINE, "late");
    assert_string_equal(error.message.data, "late");
    error_free(&error);
}

static void every_code_has_its_status(void **state)
{
    static const struct {
        enum error_code code;
        const char *number;
    } cases[] = {
        {ERROR_NONE, "200 "},
        {ERROR_BAD_REQUEST, "400 "},
        {ERROR_UNAUTHENTICATED, "401 "},
        {ERROR_FORBIDDEN, "403 "},
        {ERROR_NOT_FOUND, "404 "},
        {ERROR_METHOD_NOT_ALLOWED, "405 "},
        {ERROR_INTERNAL, "500 "},
        {ERROR_UNAVAILABLE, "503 "},
        {ERROR_DEADLINE, "504 "},
        {ERROR_PEER_GONE, "499 "},
        {ERROR_REPLY_TOO_LARGE, "503 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(strncmp(error_status(cases[i].code), cases[i].number, 4), 0);
    for (int code = ERROR_NONE; code < ERROR_CODES; code++)
        assert_true(strlen(error_status((enum error_code)code)) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_cause_survives),
        cmocka_unit_test(detail_is_apart),
        cmocka_unit_test(can_be_used_again_after_free),
        cmocka_unit_test(every_code_has_its_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
