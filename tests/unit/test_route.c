#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_db.h"
#include "route.h"

static const struct fake_answer nothing = {0};

static char base_path[] = "/usage/tally.fcgi";
static char no_base_path[] = "";

/* Asks with this path as an administrator; `method` NULL: none is told. */
static struct reply ask(char *base, const char *method, const char *script_name,
                        const char *path_info, const struct fake_answer *answer)
{
    struct config config = {.service = {.tenancy = TENANCY_MULTI, .base_path = base}};
    struct app app = {.config = &config};
    struct route_input input = {.method = method,
                                .script_name = script_name,
                                .path_info = path_info,
                                .user = "ada",
                                .role = "admin",
                                .peer_fd = -1};
    struct route_call call;

    fake_answer = answer;
    route_begin(&app, &input, &call);
    route_answer(&app, &call);
    fault_log_end(&app.faults);
    return call.reply;
}

static void expect_status(struct reply reply, const char *status)
{
    assert_string_equal(reply.status, status);
    if (strcmp(status, "200 OK") != 0)
        assert_memory_equal(reply.body.data, "{\"error\":\"", 10);
    buffer_free(&reply.body);
}

static void finds_the_route_in_both_parts_of_the_path(void **state)
{
    (void)state;
    expect_status(ask(no_base_path, "GET", "/admin/usage", "", &nothing), "200 OK");
    expect_status(ask(no_base_path, "GET", "", "/admin/usage", &nothing), "200 OK");
    expect_status(ask(no_base_path, "GET", "/admin", "/usage", &nothing), "200 OK");
    expect_status(ask(no_base_path, "GET", NULL, "/admin/usage", &nothing), "200 OK");
    expect_status(ask(base_path, "GET", "/usage/tally.fcgi", "/admin/usage", &nothing), "200 OK");
    expect_status(ask(base_path, "GET", "/usage/tally.fcgi/admin/usage", NULL, &nothing), "200 OK");
}

static void knows_no_other_path(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "/admin/usage/",
        "/Admin/usage",
        "/admin/usage;x",
        "/admin/usagex",
        "/admin/usag",
        "/admin//usage",
        "/v1/usage",
        "/usage/tally.fcgi/admin/usage",
        "/admin/usage\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        expect_status(ask(no_base_path, "GET", paths[i], "", &nothing), "404 Not Found");
    expect_status(ask(no_base_path, "GET", NULL, NULL, &nothing), "404 Not Found");
    expect_status(ask(base_path, "GET", "/admin/usage", "", &nothing), "404 Not Found");
}

static void answers_get_and_head_alone(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "get", "FOO", "GETX"};

    (void)state;
    expect_status(ask(no_base_path, "HEAD", "/admin/usage", "", &nothing), "200 OK");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct reply reply = ask(no_base_path, methods[i], "/admin/usage", "", &nothing);

        assert_string_equal(reply.allow, "GET, HEAD");
        expect_status(reply, "405 Method Not Allowed");
    }
    expect_status(ask(no_base_path, "", "/admin/usage", "", &nothing), "500 Internal Server Error");
    expect_status(ask(no_base_path, NULL, "/admin/usage", "", &nothing),
                  "500 Internal Server Error");
}

static void turns_each_failure_into_its_status(void **state)
{
    static const struct {
        struct fake_answer answer;
        const char *status;
        int retry_after;
    } cases[] = {
        {{.fails_with = ERROR_UNAVAILABLE}, "503 Service Unavailable", 1},
        {{.fails_with = ERROR_DEADLINE}, "504 Gateway Timeout", 0},
        {{.fails_with = ERROR_INTERNAL}, "500 Internal Server Error", 0},
    };
    static const struct fake_answer gone = {.fails_with = ERROR_PEER_GONE};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply reply = ask(no_base_path, "GET", "/admin/usage", "", &cases[i].answer);

        assert_int_equal(reply.retry_after, cases[i].retry_after);
        assert_string_equal(reply.body.data, "{\"error\":\"as the test said\"}");
        expect_status(reply, cases[i].status);
    }
    struct reply reply = ask(no_base_path, "GET", "/admin/usage", "", &gone);

    assert_null(reply.status);
    buffer_free(&reply.body);
}

static void asks_who_it_is(void **state)
{
    static const struct {
        const char *user, *role, *status;
    } cases[] = {
        {NULL, "admin", "401 Unauthorized"},       {"ada", "user", "403 Forbidden"},
        {"ada", "service", "403 Forbidden"},       {"ada", NULL, "403 Forbidden"},
        {"ada", "x", "500 Internal Server Error"}, {"ada", "admin", "200 OK"},
    };
    struct config config = {.service.base_path = no_base_path};
    struct app app = {.config = &config};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct route_input input = {.method = "GET",
                                    .script_name = "/admin/usage",
                                    .user = cases[i].user,
                                    .role = cases[i].role,
                                    .peer_fd = -1};
        struct route_call call;

        fake_answer = &nothing;
        route_begin(&app, &input, &call);
        route_answer(&app, &call);
        expect_status(call.reply, cases[i].status);
    }
    fault_log_end(&app.faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_route_in_both_parts_of_the_path),
        cmocka_unit_test(knows_no_other_path),
        cmocka_unit_test(answers_get_and_head_alone),
        cmocka_unit_test(turns_each_failure_into_its_status),
        cmocka_unit_test(asks_who_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
