#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app.h"
#include "clock.h"
#include "fake_db.h"

static struct config config;
static struct app app;

static int begin(void **state)
{
    (void)state;
    config = (struct config){.reports.upkeep = true, .database.query_timeout = 10000};
    app = (struct app){.config = &config};
    fake_can_change = true;
    fake_calls = 0;
    fake_statement = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    fault_log_end(&app.faults);
    return 0;
}

/* Takes a step at once, which says this or, where it is NULL, fails so. */
static void step(const char *said, enum error_code fails_with)
{
    const struct fake_answer answer = {fails_with, {{{said == NULL ? "" : said}}}};

    fake_answer = &answer;
    app.upkeep.wanted = true;
    app.upkeep.due = clock_now();
    fake_calls = 0;
    upkeep_tend(&app);
}

static void nothing_is_due_before_a_reply(void **state)
{
    (void)state;
    assert_int_equal(upkeep_timeout(&app), -1);
    upkeep_tend(&app);
    assert_int_equal(fake_calls, 0);
}

static void a_reply_makes_a_step_due(void **state)
{
    const struct fake_answer answer = {ERROR_NONE, {{{"done"}}}};

    (void)state;
    fake_answer = &answer;
    upkeep_reply_sent(&app);
    assert_int_equal(upkeep_timeout(&app), 0);
    upkeep_tend(&app);
    assert_int_equal(fake_calls, 1);
    assert_string_equal(fake_statement, "upkeep_step");
    assert_int_equal(fake_timeout, UPKEEP_STEP);
    assert_true(atoi(fake_values[0]) > 0);
}

static void none_where_it_is_switched_off(void **state)
{
    (void)state;
    config.reports.upkeep = false;
    upkeep_reply_sent(&app);
    assert_int_equal(upkeep_timeout(&app), -1);
}

static void none_on_a_standby_or_without_a_connection(void **state)
{
    (void)state;
    fake_can_change = false;
    upkeep_reply_sent(&app);
    upkeep_tend(&app);
    assert_int_equal(fake_calls, 0);
    assert_int_equal(upkeep_timeout(&app), -1);
}

static void done_rests_until_a_later_reply(void **state)
{
    (void)state;
    step("done", ERROR_NONE);
    assert_int_equal(upkeep_timeout(&app), -1);
    upkeep_reply_sent(&app);
    assert_in_range(upkeep_timeout(&app), 900, 1000);
    upkeep_tend(&app);
    assert_int_equal(fake_calls, 1);
}

static void more_goes_on_without_requests(void **state)
{
    (void)state;
    step("more", ERROR_NONE);
    assert_in_range(upkeep_timeout(&app), 0, 100);
    step("waiting", ERROR_NONE);
    assert_in_range(upkeep_timeout(&app), 900, 1000);
}

static void others_that_are_at_it_are_left_to_it(void **state)
{
    (void)state;
    step("busy", ERROR_NONE);
    assert_int_equal(upkeep_timeout(&app), -1);
}

static void quick_steps_become_larger(void **state)
{
    int events;

    (void)state;
    step("more", ERROR_NONE);
    events = app.upkeep.events;
    step("more", ERROR_NONE);
    assert_int_equal(app.upkeep.events, 2 * events);
    for (int i = 0; i < 20; i++)
        step("more", ERROR_NONE);
    assert_int_equal(app.upkeep.events, 20000);
}

static void a_step_that_took_too_long_is_tried_smaller(void **state)
{
    (void)state;
    app.upkeep.events = 400;
    step(NULL, ERROR_DEADLINE);
    assert_int_equal(app.upkeep.events, 100);
    assert_in_range(upkeep_timeout(&app), 900, 1000);
    assert_int_equal(app.faults.kinds[0].text.length, 0);
}

static void the_smallest_that_takes_too_long_gets_more_time(void **state)
{
    (void)state;
    app.upkeep.events = 1;
    step(NULL, ERROR_DEADLINE);
    assert_int_equal(fake_timeout, UPKEEP_STEP);
    assert_int_equal(app.upkeep.events, 1);
    assert_in_range(upkeep_timeout(&app), 900, 1000);
    assert_int_equal(app.faults.kinds[0].text.length, 0);
    step("more", ERROR_NONE);
    assert_int_equal(fake_timeout, UPKEEP_STEP_OF_ONE);
    step("more", ERROR_NONE);
    assert_int_equal(fake_timeout, UPKEEP_STEP);
}

static void but_no_more_than_a_request(void **state)
{
    (void)state;
    config.database.query_timeout = 1000;
    app.upkeep.events = 1;
    step(NULL, ERROR_DEADLINE);
    step("more", ERROR_NONE);
    assert_int_equal(fake_timeout, 1000);
}

static void the_smallest_that_takes_too_long_even_so_is_told(void **state)
{
    (void)state;
    app.upkeep.events = 1;
    step(NULL, ERROR_DEADLINE);
    step(NULL, ERROR_DEADLINE);
    assert_int_equal(upkeep_timeout(&app), -1);
    assert_string_equal(app.faults.kinds[0].text.data, "as the test said");
    step(NULL, ERROR_DEADLINE);
    assert_int_equal(fake_timeout, UPKEEP_STEP);
}

static void a_failure_is_told_and_tried_again_later(void **state)
{
    (void)state;
    step(NULL, ERROR_UNFIT);
    assert_string_equal(app.faults.kinds[0].text.data, "as the test said");
    upkeep_reply_sent(&app);
    assert_in_range(upkeep_timeout(&app), 9000, 10000);
}

static void an_unfit_log_is_told_once(void **state)
{
    (void)state;
    step("unfit", ERROR_NONE);
    assert_string_equal(app.upkeep.said, "unfit");
    step("unfit", ERROR_NONE);
    assert_string_equal(app.upkeep.said, "unfit");
    step("done", ERROR_NONE);
    assert_null(app.upkeep.said);
    step("something new", ERROR_NONE);
    assert_string_equal(app.upkeep.said, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_due_before_a_reply),
        CASE(a_reply_makes_a_step_due),
        CASE(none_where_it_is_switched_off),
        CASE(none_on_a_standby_or_without_a_connection),
        CASE(done_rests_until_a_later_reply),
        CASE(more_goes_on_without_requests),
        CASE(others_that_are_at_it_are_left_to_it),
        CASE(quick_steps_become_larger),
        CASE(a_step_that_took_too_long_is_tried_smaller),
        CASE(the_smallest_that_takes_too_long_gets_more_time),
        CASE(but_no_more_than_a_request),
        CASE(the_smallest_that_takes_too_long_even_so_is_told),
        CASE(a_failure_is_told_and_tried_again_later),
        CASE(an_unfit_log_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
