#include "peer.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "log.h"

enum { LISTEN_FD = 0, ALARM_AGAIN = 100 /* milliseconds */, BODY_PIECE = 65536 /* bytes */ };

/* One request at a time: a worker has no more. */
static FCGX_Request request;
static bool is_read_whole; /* nothing that the web server sends is still to be read */

static void ignore_alarm(int number)
{
    (void)number;
}

/* From now on a read or write that blocks is interrupted after PEER_PATIENCE, and again and again
 * after it, since the alarm may come just before the call. What waits elsewhere is not disturbed:
 * poll is called again, and between requests the signal is held. So nobody needs to end it. */
static void start_alarm(void)
{
    static const struct itimerval timer = {
        .it_interval = {0, ALARM_AGAIN * 1000L},
        .it_value = {PEER_PATIENCE / 1000, PEER_PATIENCE % 1000 * 1000L},
    };

    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Not before FCGX_Init, which puts a handler in place of SIG_IGN that lets SIGPIPE break off a
 * read. */
static void ignore_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGUSR2, &ignore, NULL);
}

static bool is_listening(void)
{
    int listening = 0;
    socklen_t size = sizeof listening;

    return getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

bool peer_listen(struct error *error)
{
    struct sigaction action = {.sa_handler = ignore_alarm};
    int flags = fcntl(LISTEN_FD, F_GETFL);

    /* How long libfcgi waits for the web server to close first, in milliseconds. */
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 0);
    if (!is_listening() || FCGX_Init() != 0 ||
        FCGX_InitRequest(&request, LISTEN_FD, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
        return error_internal(error,
                              "standard input is not a listening socket: this program is "
                              "started by spawn-fcgi, mod_fcgid or systemd, see tally.fcgi(8)");
    if (flags < 0 || fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) != 0)
        return error_internal(error, "standard input cannot be made non-blocking");
    sigaction(SIGALRM, &action, NULL);
    ignore_signals();
    return true;
}

int peer_listen_fd(void)
{
    return LISTEN_FD;
}

bool peer_accept(void)
{
    start_alarm();
    if (FCGX_Accept_r(&request) != 0)
        return false;
    /* A connection that is kept would hold a worker that has one at a time. */
    request.keepConnection = 0;

    int first = FCGX_GetChar(request.in);

    is_read_whole = first == EOF && FCGX_GetError(request.in) == 0;
    if (first != EOF)
        FCGX_UnGetChar(first, request.in);
    return true;
}

/* Returns false where there is no more: the body has ended, or broke off. */
static bool read_piece(struct buffer *body, size_t most)
{
    int wanted = most < BODY_PIECE ? (int)most : BODY_PIECE;

    buffer_reserve(body, (size_t)wanted);

    int got = FCGX_GetStr(body->data + body->length, wanted, request.in);

    body->length += (size_t)got;
    body->data[body->length] = '\0';
    return got == wanted;
}

bool peer_read_body(size_t most, struct buffer *body)
{
    size_t end = body->length + most + 1;

    start_alarm();
    while (body->length < end) {
        if (!read_piece(body, end - body->length)) {
            is_read_whole = FCGX_GetError(request.in) == 0;
            return is_read_whole;
        }
    }
    return true;
}

const char *peer_param(const char *name)
{
    return FCGX_GetParam(name, request.envp);
}

int peer_fd(void)
{
    /* libfcgi calls the member private, but has no other way to it. */
    return request.ipcFd;
}

bool peer_has_left(void)
{
    struct pollfd poll_fd = {.fd = peer_fd(), .events = POLLRDHUP};

    return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents != 0;
}

/* libfcgi waits for the web server to close first, so that closing with unread input does not make
 * the system throw away what was sent. Where nothing is unread there is nothing to wait for. */
static void skip_waiting(void)
{
    if (is_read_whole)
        FCGX_Detach(&request);
}

void peer_answer(const struct buffer *header, const struct buffer *body)
{
    start_alarm();

    bool sent = FCGX_PutStr(header->data, (int)header->length, request.out) >= 0 &&
                (body->length == 0 || FCGX_PutStr(body->data, (int)body->length, request.out) >= 0);

    skip_waiting();
    /* After a fault FCGX_Finish_r would try to write the rest, and block again. */
    if (sent && FCGX_GetError(request.out) == 0) {
        FCGX_Finish_r(&request);
    } else {
        log_message(LOG_LEVEL_DEBUG, "the web server did not take the reply");
        FCGX_Free(&request, 1);
    }
}

void peer_abandon(void)
{
    FCGX_Free(&request, 1);
}
