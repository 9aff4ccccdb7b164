#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "caller.h"

#define OWN "550e8400-e29b-41d4-a716-446655440000"

static void expect_reply(const char *user, const char *role, const char *user_id,
                         enum tenancy tenancy, const char *reply)
{
    struct config config = {.service.tenancy = tenancy};
    struct app app = {.config = &config};
    struct request request = {.query = "", .peer_fd = -1};
    struct buffer body = {0};
    struct error error = {0};

    assert_true(identity_read(user, role, user_id, &request.identity, &error));
    assert_true(caller_get(&app, &request, &body, &error));
    assert_string_equal(body.data, reply);
    buffer_free(&body);
}

static void says_who_it_is(void **state)
{
    (void)state;
    expect_reply("ada", NULL, OWN, TENANCY_MULTI,
                 "{\"user\":\"ada\",\"role\":\"user\",\"user_id\":\"" OWN
                 "\",\"tenancy\":\"multi\"}");
    expect_reply("ada", "service", NULL, TENANCY_MULTI,
                 "{\"user\":\"ada\",\"role\":\"service\",\"user_id\":null,\"tenancy\":\"multi\"}");
    expect_reply("ada", "admin", "550E8400E29B41D4A716446655440000", TENANCY_SINGLE,
                 "{\"user\":\"ada\",\"role\":\"admin\",\"user_id\":\"" OWN
                 "\",\"tenancy\":\"single\"}");
}

static void escapes_the_name(void **state)
{
    (void)state;
    expect_reply("a\"b\\c</\xc3\xa6\xff\xed\xa0\x80", "", "", TENANCY_SINGLE,
                 "{\"user\":\"a\\\"b\\\\c</\xc3\xa6\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                 "\",\"role\":\"user\",\"user_id\":null,\"tenancy\":\"single\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_who_it_is),
        cmocka_unit_test(escapes_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
