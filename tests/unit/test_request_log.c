#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "log_file.h"
#include "request_log.h"

static void expect_subject(const struct route_input *input, const char *expected)
{
    struct buffer subject = {0};

    request_log_add_subject(&subject, input);
    assert_string_equal(subject.data, expected);
    buffer_free(&subject);
}

static void says_which_request(void **state)
{
    (void)state;
    expect_subject(&(struct route_input){.method = "GET",
                                         .script_name = "/api",
                                         .path_info = "/admin/usage",
                                         .query = "secret=1",
                                         .user = "ada",
                                         .request_id = "5b0c"},
                   "request=\"5b0c\" user=\"ada\" method=\"GET\" path=\"/api/admin/usage\"");
    expect_subject(&(struct route_input){0}, "request=\"\" user=\"\" method=\"\" path=\"\"");
}

static void lets_nothing_forge_a_field(void **state)
{
    (void)state;
    expect_subject(&(struct route_input){.user = "a\" status=200 x=\"\\"},
                   "request=\"\" user=\"a\\\" status=200 x=\\\"\\\\\" method=\"\" path=\"\"");
}

static void cuts_what_is_long(void **state)
{
    static char path[1000];
    struct buffer subject = {0};

    (void)state;
    memset(path, 'x', sizeof path - 1);
    request_log_add_subject(&subject, &(struct route_input){.script_name = path});
    assert_int_equal(subject.length,
                     strlen("request=\"\" user=\"\" method=\"\" path=\"...\"") + 256);
    assert_non_null(strstr(subject.data, "x...\""));
    buffer_free(&subject);
}

static void tells_the_outcome(void **state)
{
    struct buffer subject = {0};
    char *line;

    (void)state;
    buffer_add_text(&subject, "SUBJECT");
    request_log_write(&subject, "404 Not Found", 21, &(struct db_cost){3, 1204}, 7012);
    line = log_file_read();
    assert_non_null(
        strstr(line, " info: SUBJECT status=404 rows=3 database_ms=1.204 total_ms=7.012"));
    assert_non_null(strstr(line, " bytes=21\n"));
    buffer_free(&subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_request),
        cmocka_unit_test(lets_nothing_forge_a_field),
        cmocka_unit_test(cuts_what_is_long),
        cmocka_unit_test(tells_the_outcome),
    };

    return cmocka_run_group_tests(tests, log_file_open, log_file_remove);
}
