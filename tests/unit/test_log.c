#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "log_file.h"

static void writes_a_line(void **state)
{
    char *line;

    (void)state;
    errno = EAGAIN;
    log_message(LOG_LEVEL_WARNING, "the %s is %d", "answer", 42);
    assert_int_equal(errno, EAGAIN);
    line = log_file_read();
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[23], 'Z');
    assert_non_null(strstr(line, "] warning: the answer is 42\n"));
}

static void lets_nothing_forge_a_line(void **state)
{
    char *line;

    (void)state;
    log_message(LOG_LEVEL_ERROR, "a\r\nb\x1b[31m\x7f \xc3\xa6");
    line = log_file_read();
    assert_non_null(strstr(line, ": a\\x0d\\x0ab\\x1b[31m\\x7f \xc3\xa6\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void escapes_what_a_terminal_obeys(void **state)
{
    (void)state;
    log_message(LOG_LEVEL_INFO, "\xc2\x9b\x33\x31m \xe2\x80\xa8 \xff\xc3 \xed\xa0\x80");
    assert_non_null(strstr(log_file_read(), ": \\xc2\\x9b31m \\xe2\\x80\\xa8 \\xff\\xc3 "
                                            "\\xed\\xa0\\x80\n"));
}

static void escapes_what_turns_text_around_or_hides(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"\xd8\x9c", "\\xd8\\x9c"},                               /* U+061C */
        {"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},                      /* U+200B */
        {"\xe2\x80\x8f", "\\xe2\\x80\\x8f"},                      /* U+200F */
        {"\xe2\x80\xaa", "\\xe2\\x80\\xaa"},                      /* U+202A */
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"},                      /* U+202E */
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},                      /* U+2066 */
        {"\xe2\x81\xa9", "\\xe2\\x81\\xa9"},                      /* U+2069 */
        {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},                      /* U+FEFF */
        {"\xf3\xa0\x80\xa1", "\\xf3\\xa0\\x80\\xa1"},             /* U+E0021 */
        {"\xe2\x80\xaf\xe2\x80\x90", "\xe2\x80\xaf\xe2\x80\x90"}, /* U+202F, U+2010: seen */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64];

        log_message(LOG_LEVEL_INFO, "a%sb", cases[i].text);
        snprintf(expected, sizeof expected, ": a%sb\n", cases[i].written);
        assert_non_null(strstr(log_file_read(), expected));
    }
}

static void cuts_a_long_line(void **state)
{
    char *line;

    (void)state;
    log_message(LOG_LEVEL_INFO, "%010000d", 1);
    line = log_file_read();
    assert_in_range(strlen(line), LOG_LINE_MOST - 10, LOG_LINE_MOST + 4);
    assert_string_equal(line + strlen(line) - 4, "...\n");
}

/* Makes a pipe the log from now on. */
static int log_to_pipe(int pipe_fds[2])
{
    static char pipe_path[32];
    struct error error = {0};

    assert_int_equal(pipe(pipe_fds), 0);
    snprintf(pipe_path, sizeof pipe_path, "/proc/self/fd/%d", pipe_fds[1]);
    return log_open(LOG_LEVEL_INFO, pipe_path, &error) ? 0 : -1;
}

static void waits_for_nobody(void **state)
{
    static char text[65536 + 1];
    int pipe_fds[2];
    ssize_t size;

    (void)state;
    assert_int_equal(log_to_pipe(pipe_fds), 0);
    for (int i = 0; i < 1000; i++)
        log_message(LOG_LEVEL_INFO, "%0200d", i);
    assert_true(read(pipe_fds[0], text, sizeof text) > 50000);
    log_message(LOG_LEVEL_INFO, "the last one");
    size = read(pipe_fds[0], text, sizeof text - 1);
    assert_true(size > 0);
    text[size] = '\0';
    assert_non_null(strstr(text, " lines before this one could not be written\n"));
    assert_non_null(strstr(text, "info: the last one\n"));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* A socket as syslog has it, and its path. */
static int open_syslog(int type, const char **path)
{
    static char place[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    snprintf(place, sizeof place, "/tmp/tally-test-syslog-%ld", (long)getpid());
    unlink(place);
    strcpy(address.sun_path, place);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 4), 0);
    *path = place;
    return fd;
}

static void expect_message(int fd, const char *text)
{
    char got[8192] = "", end[64];
    ssize_t size = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);

    assert_true(size > 0);
    /* <DAEMON|WARNING>Mmm dd hh:mm:ss name[pid]: text */
    assert_memory_equal(got, "<28>", 4);
    assert_int_equal(got[7], ' ');
    assert_int_equal(got[10], ' ');
    assert_int_equal(got[13], ':');
    snprintf(end, sizeof end, " tally[%ld]: %s", (long)getpid(), text);
    assert_string_equal(got + 19, end);
}

static void speaks_to_syslog(void **state)
{
    const char *path;
    int fd = open_syslog(SOCK_DGRAM, &path);

    (void)state;
    log_open_syslog(LOG_LEVEL_INFO, path);
    log_message(LOG_LEVEL_WARNING, "a\n%d", 1);
    expect_message(fd, "a\\x0a1");
    close(fd);
    /* It is started anew. */
    log_message(LOG_LEVEL_WARNING, "nobody hears it");
    fd = open_syslog(SOCK_DGRAM, &path);
    log_message(LOG_LEVEL_WARNING, "again");
    expect_message(fd, "1 lines before this one could not be written");
    expect_message(fd, "again");
    close(fd);
    unlink(path);
}

static void waits_for_no_syslog(void **state)
{
    const char *path;
    int fd = open_syslog(SOCK_DGRAM, &path), left = 0;
    char text[8192];

    (void)state;
    log_open_syslog(LOG_LEVEL_INFO, path);
    for (int i = 0; i < 2000; i++)
        log_message(LOG_LEVEL_WARNING, "%03000d", i);
    while (recv(fd, text, sizeof text, MSG_DONTWAIT) > 0)
        left++;
    assert_in_range(left, 1, 1999);
    log_message(LOG_LEVEL_WARNING, "the last one");
    snprintf(text, sizeof text, "%d lines before this one could not be written", 2000 - left);
    expect_message(fd, text);
    expect_message(fd, "the last one");
    close(fd);
    unlink(path);
}

static void speaks_to_a_stream_of_syslog(void **state)
{
    const char *path;
    int fd = open_syslog(SOCK_STREAM, &path), peer;

    (void)state;
    log_open_syslog(LOG_LEVEL_INFO, path);
    log_message(LOG_LEVEL_WARNING, "by a stream");
    peer = accept(fd, NULL, NULL);
    expect_message(peer, "by a stream");
    close(peer);
    close(fd);
    unlink(path);
}

static void keeps_to_the_level(void **state)
{
    (void)state;
    log_message(LOG_LEVEL_DEBUG, "nothing");
    assert_string_equal(log_file_read(), "");
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
        cmocka_unit_test(writes_a_line),
        cmocka_unit_test(lets_nothing_forge_a_line),
        cmocka_unit_test(keeps_to_the_level),
        cmocka_unit_test(knows_the_levels),
        cmocka_unit_test(says_why_it_cannot_open),
        cmocka_unit_test(cuts_a_long_line),
        cmocka_unit_test(escapes_what_a_terminal_obeys),
        cmocka_unit_test(escapes_what_turns_text_around_or_hides),
        cmocka_unit_test(waits_for_nobody),
        cmocka_unit_test(speaks_to_syslog),
        cmocka_unit_test(waits_for_no_syslog),
        cmocka_unit_test(speaks_to_a_stream_of_syslog),
    };

    return cmocka_run_group_tests(tests, log_file_open, log_file_remove);
}
