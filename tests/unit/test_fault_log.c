#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fault_log.h"
#include "log_file.h"

static int lines(const char *text)
{
    int count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* As if that many milliseconds had passed. */
static void let_pass(struct fault_log *faults, int milliseconds)
{
    for (int i = 0; i < FAULT_LOG_KINDS; i++)
        faults->kinds[i].since -= milliseconds;
}

static void tells_the_first_and_counts_the_rest(void **state)
{
    struct fault_log faults = {0};
    char *text;

    (void)state;
    assert_int_equal(fault_log_timeout(&faults), -1);
    for (int i = 0; i < 58; i++)
        fault_log_add(&faults, LOG_LEVEL_WARNING, "a request", "the database is away");
    text = log_file_read();
    assert_int_equal(lines(text), 1);
    assert_non_null(strstr(text, "warning: a request: the database is away\n"));
    assert_in_range(fault_log_timeout(&faults), FAULT_LOG_PERIOD - 1000, FAULT_LOG_PERIOD);
    fault_log_tend(&faults);
    assert_string_equal(log_file_read(), "");
    let_pass(&faults, FAULT_LOG_PERIOD);
    assert_int_equal(fault_log_timeout(&faults), 0);
    fault_log_tend(&faults);
    assert_non_null(strstr(log_file_read(), "warning: 57 more in 6"));
    fault_log_end(&faults);
    assert_string_equal(log_file_read(), "");
}

static void goes_on_counting_and_then_forgets(void **state)
{
    struct fault_log faults = {0};

    (void)state;
    fault_log_add(&faults, LOG_LEVEL_ERROR, "first", "broken");
    fault_log_add(&faults, LOG_LEVEL_ERROR, "second", "broken");
    let_pass(&faults, FAULT_LOG_PERIOD);
    fault_log_tend(&faults);
    fault_log_add(&faults, LOG_LEVEL_ERROR, "third", "broken");
    assert_int_equal(lines(log_file_read()), 2);
    let_pass(&faults, FAULT_LOG_PERIOD);
    fault_log_tend(&faults);
    assert_non_null(strstr(log_file_read(), "error: 1 more in 6"));
    let_pass(&faults, FAULT_LOG_PERIOD);
    fault_log_tend(&faults);
    assert_int_equal(fault_log_timeout(&faults), -1);
    fault_log_add(&faults, LOG_LEVEL_ERROR, "fourth", "broken");
    assert_non_null(strstr(log_file_read(), "fourth: broken\n"));
    fault_log_end(&faults);
}

static void tells_the_rest_at_the_end(void **state)
{
    struct fault_log faults = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        fault_log_add(&faults, LOG_LEVEL_ERROR, "a request", "broken");
    log_file_read();
    fault_log_end(&faults);
    assert_non_null(strstr(log_file_read(), "error: 2 more in "));
    fault_log_end(&faults);
    assert_string_equal(log_file_read(), "");
}

static void keeps_several_faults_apart(void **state)
{
    struct fault_log faults = {0};
    char fault[32];
    char *text;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FAULT_LOG_KINDS; i++) {
            snprintf(fault, sizeof fault, "fault %d", i);
            fault_log_add(&faults, LOG_LEVEL_ERROR, "a request", fault);
        }
    }
    assert_int_equal(lines(log_file_read()), FAULT_LOG_KINDS);
    /* One too many takes the place of another, whose sum is told. */
    fault_log_add(&faults, LOG_LEVEL_ERROR, "a request", "one too many");
    text = log_file_read();
    assert_int_equal(lines(text), 2);
    assert_non_null(strstr(text, "1 more in "));
    fault_log_end(&faults);
}

/* As much as a line of the log has room for: the database's words may be of any length. */
static void keeps_no_long_text(void **state)
{
    enum { LENGTH = 1000000 };
    static char text[LENGTH + 1];
    struct fault_log faults = {0};

    (void)state;
    log_file_read(); /* of the test before */
    memset(text, 'x', LENGTH);
    fault_log_add(&faults, LOG_LEVEL_ERROR, "a request", text);
    text[LENGTH - 1] = 'y';
    fault_log_add(&faults, LOG_LEVEL_ERROR, "a request", text);
    assert_true(faults.kinds[0].text.capacity <= 2 * LOG_LINE_MOST);
    assert_int_equal(faults.kinds[0].more, 1);
    assert_int_equal(lines(log_file_read()), 1);
    fault_log_end(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_first_and_counts_the_rest),
        cmocka_unit_test(goes_on_counting_and_then_forgets),
        cmocka_unit_test(tells_the_rest_at_the_end),
        cmocka_unit_test(keeps_several_faults_apart),
        cmocka_unit_test(keeps_no_long_text),
    };

    return cmocka_run_group_tests(tests, log_file_open, log_file_remove);
}
