#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "login_advice.h"

static void says_what_to_do(void **state)
{
    static const struct {
        const char *sqlstate, *reason, *advice;
    } cases[] = {
        {"28P01", "fe_sendauth: no password supplied", "name a file with it as passfile"},
        {"28P01", "password authentication failed for user", "not that of the role"},
        {"28000", "no pg_hba.conf entry for host", "pg_hba.conf"},
        {"28000", "role \"x\" does not exist", "create role"},
        {"28000", "Rolle existiert nicht", "do not fit together"},
        {"3D000", "", "mend dbname"},
        {"53300", "sorry, too many clients already", "max_connections"},
        {"57P03", "the database system is starting up", "in a moment"},
        {"", "connecting took longer than connect_timeout", "firewall"},
        {"", "host \"db\": Name or service not known", "no address"},
        {"", "host \"db\": it is a standby", "target in [database]"},
        {"", "Network is unreachable", "network"},
        {"", "server does not support SSL, but SSL was required", "sslmode"},
        {"XX000", "anything else", "look at [database]"},
        {"", "", "look at [database]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *advice = login_advice(cases[i].sqlstate, cases[i].reason);

        assert_non_null(strstr(advice, cases[i].advice));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_to_do)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
