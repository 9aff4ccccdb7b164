#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static char path[] = "/tmp/tally-test-log-XXXXXX";

static int open_log(void **state)
{
    struct error error = {0};
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0 || !log_open(LOG_LEVEL_INFO, path, &error) ? -1 : 0;
}

static int remove_log(void **state)
{
    (void)state;
    return unlink(path);
}

/* What has been logged since the last call. */
static char *logged(void)
{
    static char text[4096];
    int fd = open(path, O_RDWR);

    ssize_t length = read(fd, text, sizeof text - 1);

    assert_true(length >= 0);
    text[length] = '\0';
    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    return text;
}

static void writes_a_line(void **state)
{
    char *line;

    (void)state;
    errno = EAGAIN;
    log_message(LOG_LEVEL_WARNING, "the %s is %d", "answer", 42);
    assert_int_equal(errno, EAGAIN);
    line = logged();
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[23], 'Z');
    assert_non_null(strstr(line, "] warning: the answer is 42\n"));
}

static void lets_nothing_forge_a_line(void **state)
{
    char *line;

    (void)state;
    log_message(LOG_LEVEL_ERROR, "a\r\nb\x1b[31m\x7f \xc3\xa6");
    line = logged();
    assert_non_null(strstr(line, ": a\\x0d\\x0ab\\x1b[31m\\x7f \xc3\xa6\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void keeps_to_the_level(void **state)
{
    (void)state;
    log_message(LOG_LEVEL_DEBUG, "nothing");
    assert_string_equal(logged(), "");
}

static void knows_the_levels(void **state)
{
    enum log_level level;

    (void)state;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_parse("Error", &level));
    assert_false(log_level_parse("", &level));
}

static void says_why_it_cannot_open(void **state)
{
    struct error error = {0};

    (void)state;
    assert_false(log_open(LOG_LEVEL_INFO, "/nonexistent/log", &error));
    assert_string_equal(error.detail.data,
                        "cannot open the log file /nonexistent/log: No such file or directory");
    error_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_line),           cmocka_unit_test(lets_nothing_forge_a_line),
        cmocka_unit_test(keeps_to_the_level),      cmocka_unit_test(knows_the_levels),
        cmocka_unit_test(says_why_it_cannot_open),
    };

    return cmocka_run_group_tests(tests, open_log, remove_log);
}
