#include "peer.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "log.h"

enum { LISTEN_FD = 0, ALARM_AGAIN = 100 /* milliseconds */ };

/* One request at a time, as libfcgi itself has one environment. */
static FCGX_Request request;

static void ignore_alarm(int number)
{
    (void)number;
}

/* The alarm interrupts a read or write that blocks. It comes again, since the first one may come
 * just before the call. */
static void set_alarm(int milliseconds)
{
    struct itimerval timer = {
        .it_interval = {0, milliseconds > 0 ? ALARM_AGAIN * 1000 : 0},
        .it_value = {milliseconds / 1000, milliseconds % 1000 * 1000},
    };

    setitimer(ITIMER_REAL, &timer, NULL);
}

bool peer_listen(struct error *error)
{
    struct sigaction action = {.sa_handler = ignore_alarm};
    int flags = fcntl(LISTEN_FD, F_GETFL);

    /* How long libfcgi waits for the web server to close first, in milliseconds. */
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 0);
    if (FCGX_IsCGI() || FCGX_Init() != 0 ||
        FCGX_InitRequest(&request, LISTEN_FD, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
        return error_set(error, ERROR_INTERNAL, "standard input is not a listening socket");
    if (flags < 0 || fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) != 0)
        return error_set(error, ERROR_INTERNAL, "standard input cannot be made non-blocking");
    sigaction(SIGALRM, &action, NULL);
    return true;
}

int peer_listen_fd(void)
{
    return LISTEN_FD;
}

bool peer_accept(void)
{
    set_alarm(PEER_PATIENCE);

    bool accepted = FCGX_Accept_r(&request) == 0;

    set_alarm(0);
    return accepted;
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

void peer_answer(const struct buffer *header, const struct buffer *body)
{
    set_alarm(PEER_PATIENCE);

    bool sent = FCGX_PutStr(header->data, (int)header->length, request.out) >= 0 &&
                (body->length == 0 ||
                 FCGX_PutStr(body->data, (int)body->length, request.out) >= 0);

    /* After a fault FCGX_Finish_r would try to write the rest, and block again. */
    if (sent && FCGX_GetError(request.out) == 0) {
        FCGX_Finish_r(&request);
    } else {
        log_message(LOG_LEVEL_DEBUG, "the web server did not take the reply");
        FCGX_Free(&request, 1);
    }
    set_alarm(0);
}

void peer_abandon(void)
{
    FCGX_Free(&request, 1);
}
