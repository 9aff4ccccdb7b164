#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backoff.h"
#include "clock.h"

/* Fails `count` times; stores the shortest and longest wait seen in many such rows. */
static void measure(int count, bool asked, int64_t *shortest, int64_t *longest)
{
    *shortest = INT64_MAX;
    *longest = 0;
    for (int row = 0; row < 2000; row++) {
        struct backoff backoff = {0};

        for (int i = 0; i < count; i++)
            backoff_failed(&backoff);

        int64_t wait = (asked ? backoff.due_asked : backoff.due) - clock_now();

        assert_false(backoff_is_due(&backoff, asked));
        *shortest = wait < *shortest ? wait : *shortest;
        *longest = wait > *longest ? wait : *longest;
    }
}

static void waits_longer_after_each_failure(void **state)
{
    static const int64_t delays[] = {250, 500, 1000, 2000, 4000, 5000, 5000};
    int64_t shortest, longest;

    (void)state;
    for (int i = 0; i < 7; i++) {
        measure(i + 1, false, &shortest, &longest);
        /* Some milliseconds may have passed since the failure. */
        assert_in_range(shortest, delays[i] * 80 / 100 - 20, delays[i] * 85 / 100);
        assert_in_range(longest, delays[i] * 115 / 100 - 20, delays[i] * 120 / 100);
    }
}

static void does_not_let_a_request_wait_longer(void **state)
{
    int64_t shortest, longest;

    (void)state;
    measure(9, true, &shortest, &longest);
    assert_in_range(shortest, 180, 300);
    assert_in_range(longest, 180, 300);
}

static void is_due_at_first_and_after_success(void **state)
{
    struct backoff backoff = {0};

    (void)state;
    assert_true(backoff_is_due(&backoff, false));
    backoff_failed(&backoff);
    backoff_succeeded(&backoff);
    assert_true(backoff_is_due(&backoff, false));
    assert_true(backoff_is_due(&backoff, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_after_each_failure),
        cmocka_unit_test(does_not_let_a_request_wait_longer),
        cmocka_unit_test(is_due_at_first_and_after_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
