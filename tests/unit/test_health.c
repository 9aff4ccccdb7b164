#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_db.h"
#include "health.h"
#include "schema_version.h"

static const struct request nobody = {.query = "", .peer_fd = -1};

static void expect_reason(const struct fake_answer *answer, enum error_code code,
                          const char *message)
{
    struct app app = {0};
    struct buffer body = {0};
    struct error error = {0};

    fake_answer = answer;
    assert_false(health_ready_get(&app, &nobody, &body, &error));
    assert_int_equal(error.code, code);
    assert_string_equal(error.message.data, message);
    assert_int_equal(body.length, 0);
    error_free(&error);
}

static void is_ready(void **state)
{
    static const struct fake_answer fit = {.rows = {{{SCHEMA_VERSION}}, {{"", ""}}}};
    struct app app = {0};
    struct buffer body = {0};
    struct error error = {0};

    (void)state;
    fake_answer = &fit;
    fake_can_change = true;
    assert_true(health_ready_get(&app, &nobody, &body, &error));
    assert_string_equal(body.data, "{\"status\":\"ready\"}");
    assert_string_equal(fake_statements[0], "schema_version");
    assert_string_equal(fake_statements[1], "schema_rights");
    assert_int_equal(fake_timeout, 1000);
    buffer_free(&body);
}

static void says_that_events_are_not_stored(void **state)
{
    static const struct fake_answer fit = {.rows = {{{SCHEMA_VERSION}}}};
    struct app app = {0};
    struct buffer body = {0};
    struct error error = {0};

    (void)state;
    fake_answer = &fit;
    fake_can_change = false;
    assert_true(health_ready_get(&app, &nobody, &body, &error));
    assert_string_equal(body.data, "{\"status\":\"ready\",\"events\":false}");
    buffer_free(&body);
}

static void says_why_it_is_not(void **state)
{
    static const struct {
        struct fake_answer answer;
        const char *reason;
    } cases[] = {
        {{.fails_with = ERROR_UNAVAILABLE}, "database_unavailable"},
        {{.fails_with = ERROR_LOGIN_REFUSED}, "database_refused"},
        {{.fails_with = ERROR_DEADLINE}, "database_slow"},
        {{.fails_with = ERROR_UNFIT}, "schema_unfit"},
        {{.fails_with = ERROR_INTERNAL}, "database_fault"},
        {{.rows = {{{"99"}}}}, "schema_unfit"},
        {{.rows = {{{""}}}}, "schema_unfit"},
        {{.rows = {{{SCHEMA_VERSION}}, {{"nodes", ""}}}}, "schema_unfit"},
        {{.rows = {{{SCHEMA_VERSION}}, {{"nodes", "tally_record"}}}}, "schema_unfit"},
        {{.rows = {{{SCHEMA_VERSION}}, {{"", "tally_record"}}}}, "rights_unfit"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_reason(&cases[i].answer, ERROR_UNAVAILABLE, cases[i].reason);
}

static void says_nothing_to_nobody(void **state)
{
    static const struct fake_answer gone = {.fails_with = ERROR_PEER_GONE};

    (void)state;
    expect_reason(&gone, ERROR_PEER_GONE, "as the test said");
}

static void is_alive_without_a_database(void **state)
{
    struct buffer body = {0};

    (void)state;
    fake_statement = NULL;
    assert_true(health_alive_get(NULL, &nobody, &body, NULL));
    assert_string_equal(body.data, "{\"status\":\"ok\"}");
    assert_null(fake_statement);
    buffer_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_ready),
        cmocka_unit_test(says_that_events_are_not_stored),
        cmocka_unit_test(says_why_it_is_not),
        cmocka_unit_test(says_nothing_to_nobody),
        cmocka_unit_test(is_alive_without_a_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
