#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db_fault.h"

static void knows_what_a_fault_means(void **state)
{
    static const struct {
        const char *sqlstate;
        enum error_code code;
        bool renew, again;
    } cases[] = {
        {"", ERROR_UNAVAILABLE, true, true},         {"57014", ERROR_DEADLINE, false, false},
        {"55P03", ERROR_DEADLINE, false, false},     {"57P01", ERROR_UNAVAILABLE, true, true},
        {"53300", ERROR_UNAVAILABLE, true, false},   {"40001", ERROR_UNAVAILABLE, false, true},
        {"26000", ERROR_UNAVAILABLE, true, true},    {"42P01", ERROR_UNFIT, true, true},
        {"42501", ERROR_UNFIT, true, true},          {"22003", ERROR_REFUSED, false, false},
        {"23503", ERROR_REFUSED, false, false},      {"54000", ERROR_REFUSED, false, false},
        {"P0001", ERROR_REFUSED, false, false},      {"40P01", ERROR_UNAVAILABLE, false, true},

        {"XX000", ERROR_INTERNAL, false, false},     {"25006", ERROR_INTERNAL, false, false},
        {"55000", ERROR_INTERNAL, false, false},     {"TX001", ERROR_REFUSED, false, false},
        {"22P05", ERROR_NO_SUCH_TEXT, false, false}, {"42P05", ERROR_UNAVAILABLE, true, false},
        {"TL001", ERROR_LOG_FAULT, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct db_fault *fault = db_fault_find(cases[i].sqlstate);

        assert_int_equal(fault->code, cases[i].code);
        assert_int_equal(fault->renew, cases[i].renew);
        assert_int_equal(fault->again, cases[i].again);
    }
}

static void knows_what_a_login_met(void **state)
{
    static const char *const refusals[] = {"28000", "28P01", "3D000", "42501"};
    static const char *const others[] = {"", "53300", "57P03", "08006", "XX000"};

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        assert_int_equal(db_fault_of_login(refusals[i])->code, ERROR_LOGIN_REFUSED);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(db_fault_of_login(others[i])->code, ERROR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_a_fault_means),
        cmocka_unit_test(knows_what_a_login_met),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
