#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log_sink.h"

enum { WRITERS = 4, LINE = 3000, MILLISECONDS = 500, SECONDS_MOST = 10 };

/* Writes lines for a while to a sink that others fill as well. */
static _Noreturn void write_lines(struct log_sink *sink)
{
    static char line[LINE + 1];
    int64_t until = clock_now() + MILLISECONDS;

    memset(line, 'x', LINE);
    alarm(SECONDS_MOST);
    while (clock_now() < until)
        log_sink_write(sink, line, LINE);
    _exit(0);
}

/* There is room for one of them now and then, and at last for none. */
static void expect_writers_end(struct log_sink *sink, int read_fd)
{
    static char room[4096];
    int64_t until = clock_now() + MILLISECONDS;
    pid_t writers[WRITERS];
    int status;

    for (int i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        if (writers[i] == 0)
            write_lines(sink);
    }
    fcntl(read_fd, F_SETFL, O_NONBLOCK);
    while (clock_now() < until - 100) {
        assert_true(read(read_fd, room, sizeof room) > 0 || errno == EAGAIN);
        usleep(200);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
        assert_true(WIFEXITED(status));
    }
}

static void waits_for_no_pipe_that_others_share(void **state)
{
    struct log_sink sink;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    log_sink_share(&sink, fds[1]);
    assert_int_equal(sink.kind, LOG_SINK_DIRECT);
    assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
    expect_writers_end(&sink, fds[0]);
}

/* As where it belongs to another account. */
static void waits_for_no_pipe_that_cannot_be_opened_again(void **state)
{
    struct log_sink sink = {.kind = LOG_SINK_PIPE};
    int fds[2];
    char text[8];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pipe2(sink.own, O_NONBLOCK), 0);
    sink.fd = fds[1];
    assert_true(log_sink_write(&sink, "first\n", 6));
    assert_int_equal(read(fds[0], text, sizeof text), 6);
    assert_memory_equal(text, "first\n", 6);
    /* It is filled; nothing of what was lost comes later. */
    while (log_sink_write(&sink, "second\n", 7))
        ;
    while (read(fds[0], text, 7) == 7 && memcmp(text, "second\n", 7) == 0 &&
           !log_sink_write(&sink, "third!\n", 7))
        ;
    while (memcmp(text, "third!\n", 7) != 0) {
        assert_int_equal(read(fds[0], text, 7), 7);
        assert_true(memcmp(text, "third!\n", 7) == 0 || memcmp(text, "second\n", 7) == 0);
    }
}

static void waits_for_no_socket(void **state)
{
    struct log_sink sink;
    char text[8192];
    int fds[2], sent = 0, got = 0;
    ssize_t size;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    log_sink_share(&sink, fds[1]);
    assert_int_equal(sink.kind, LOG_SINK_SOCKET);
    memset(text, 'x', LINE);
    while (log_sink_write(&sink, text, LINE))
        sent++;
    assert_true(sent > 0);
    while ((size = recv(fds[0], text, sizeof text, MSG_DONTWAIT)) > 0)
        got += (int)size;
    assert_int_equal(got, sent * LINE);
}

static void appends_to_a_file_that_others_share(void **state)
{
    char path[] = "/tmp/tally-test-sink-XXXXXX", text[32] = "";
    struct log_sink sink;
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(write(fd, "before\n", 7), 7);
    log_sink_share(&sink, fd);
    assert_true(log_sink_write(&sink, "line\n", 5));
    assert_int_equal(pread(fd, text, sizeof text - 1, 0), 12);
    assert_string_equal(text, "before\nline\n");
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_no_pipe_that_others_share),
        cmocka_unit_test(waits_for_no_pipe_that_cannot_be_opened_again),
        cmocka_unit_test(waits_for_no_socket),
        cmocka_unit_test(appends_to_a_file_that_others_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
