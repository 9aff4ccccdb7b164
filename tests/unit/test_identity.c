#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity.h"

#define OWN "550e8400-e29b-41d4-a716-446655440000"

static enum error_code read_code(const char *user, const char *role, const char *user_id)
{
    struct identity identity;
    struct error error = {0};
    bool good = identity_read(user, role, user_id, &identity, &error);
    enum error_code code = error.code;

    assert_int_equal(good, code == ERROR_NONE);
    if (code == ERROR_INTERNAL)
        assert_true(error.detail.length > 0);
    error_free(&error);
    return code;
}

static void reads_who_asks(void **state)
{
    static const char *const names[] = {"user", "service", "admin", "", NULL};
    static const enum role roles[] = {ROLE_USER, ROLE_SERVICE, ROLE_ADMIN, ROLE_USER, ROLE_USER};
    struct error error = {0};
    struct identity identity;

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        assert_true(identity_read("ada", names[i], i % 2 ? OWN : "", &identity, &error));
        assert_string_equal(identity.user, "ada");
        assert_int_equal(identity.role, roles[i]);
        assert_int_equal(identity.has_user_id, i % 2);
    }
}

static void asks_for_a_user_name(void **state)
{
    char name[257];

    (void)state;
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    assert_int_equal(read_code(name, "admin", OWN), ERROR_UNAUTHENTICATED);
    name[255] = '\0';
    assert_int_equal(read_code(name, "admin", OWN), ERROR_NONE);
    assert_int_equal(read_code(NULL, "admin", OWN), ERROR_UNAUTHENTICATED);
    assert_int_equal(read_code("", "admin", OWN), ERROR_UNAUTHENTICATED);
    assert_int_equal(read_code("a\nb", "admin", OWN), ERROR_UNAUTHENTICATED);
    assert_int_equal(read_code("a\x7f", "admin", OWN), ERROR_UNAUTHENTICATED);
    assert_int_equal(read_code("\xc3\xa6", "admin", OWN), ERROR_NONE);
}

static void refuses_what_the_web_server_should_not_send(void **state)
{
    (void)state;
    assert_int_equal(read_code("ada", "Admin", OWN), ERROR_INTERNAL);
    assert_int_equal(read_code("ada", "admin ", OWN), ERROR_INTERNAL);
    assert_int_equal(read_code("ada", "root", OWN), ERROR_INTERNAL);
    assert_int_equal(read_code("ada", "user", "7"), ERROR_INTERNAL);
}

static bool knows(const char *given, const char *wanted)
{
    struct error error = {0};
    bool good = identity_check_secret(given, wanted, &error);

    assert_int_equal(error.code, good ? ERROR_NONE : ERROR_INTERNAL);
    error_free(&error);
    return good;
}

static void asks_for_the_secret(void **state)
{
    (void)state;
    assert_true(knows("0123456789abcdef", "0123456789abcdef"));
    assert_false(knows("0123456789abcdeF", "0123456789abcdef"));
    assert_false(knows("1123456789abcdef", "0123456789abcdef"));
    assert_false(knows("0123456789abcde", "0123456789abcdef"));
    assert_false(knows("0123456789abcdef0", "0123456789abcdef"));
    assert_false(knows("", "0123456789abcdef"));
    assert_false(knows(NULL, "0123456789abcdef"));
    assert_true(knows("0123456789abcdef", ""));
    assert_true(knows("", ""));
    assert_true(knows(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_who_asks),
        cmocka_unit_test(asks_for_a_user_name),
        cmocka_unit_test(refuses_what_the_web_server_should_not_send),
        cmocka_unit_test(asks_for_the_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
