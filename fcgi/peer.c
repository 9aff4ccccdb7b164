#include "peer.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

enum { LISTEN_FD = 0, ALARM_AGAIN = 100 /* milliseconds */, BODY_PIECE = 65536 /* bytes */ };

static struct peer {
    FCGX_Request request;
    int patience; /* milliseconds */
    bool is_taken;
    bool is_read_whole; /* nothing that the web server sends is still to be read */
} peers[PEER_MOST];

static int accept_fault;

/* libfcgi asserts that there is memory for a parameter, however long the peer says that it is. So
 * any program that may speak to the socket can end a worker: quickly at least, in the log, and
 * without waiting for whoever reads standard error. */
_Noreturn void __assert_fail(const char *assertion, const char *file, unsigned line,
                             const char *function)
{
    char text[256];

    snprintf(text, sizeof text,
             "the worker ends: a peer of its socket sent what libfcgi cannot take (%s:%u: %s: %s)",
             file, line, function, assertion);
    log_last_words(text);
    _exit(EX_SOFTWARE);
}

static void ignore_alarm(int number)
{
    (void)number;
}

/* From now on a read or write that blocks is interrupted after `patience`, and again and again
 * after it, since the alarm may come just before the call. What waits elsewhere is not disturbed:
 * poll is called again, and between requests the signal is held. So nobody needs to end it. */
static void start_alarm(int patience)
{
    const struct itimerval timer = {
        .it_interval = {0, ALARM_AGAIN * 1000L},
        .it_value = {patience / 1000, patience % 1000 * 1000L},
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

static bool init_peers(void)
{
    for (int i = 0; i < PEER_MOST; i++) {
        if (FCGX_InitRequest(&peers[i].request, LISTEN_FD, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
            return false;
    }
    return true;
}

bool peer_listen(struct error *error)
{
    struct sigaction action = {.sa_handler = ignore_alarm};
    int flags = fcntl(LISTEN_FD, F_GETFL);

    /* How long libfcgi waits for the web server to close first, in milliseconds. */
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 0);
    if (!is_listening() || FCGX_Init() != 0 || !init_peers())
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

static struct peer *find_free(void)
{
    for (int i = 0; i < PEER_MOST; i++) {
        if (!peers[i].is_taken)
            return &peers[i];
    }
    return NULL;
}

/* libfcgi hands over a negative errno. */
static int fault_of(int accepted)
{
    static const int wants[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};

    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        if (accepted == -wants[i])
            return wants[i];
    }
    return 0;
}

int peer_accept_fault(void)
{
    return accept_fault;
}

struct peer *peer_accept(int patience)
{
    struct peer *peer = find_free();

    if (peer == NULL)
        return NULL;
    start_alarm(patience);

    FCGX_Request *request = &peer->request;
    int accepted = FCGX_Accept_r(request);

    accept_fault = fault_of(accepted);
    if (accepted != 0)
        return NULL;
    /* A connection that is kept would hold a worker that serves one request of each. */
    request->keepConnection = 0;

    int first = FCGX_GetChar(request->in);

    peer->is_taken = true;
    peer->patience = patience;
    peer->is_read_whole = first == EOF && FCGX_GetError(request->in) == 0;
    if (first != EOF)
        FCGX_UnGetChar(first, request->in);
    return peer;
}

/* Returns false where there is no more: the body has ended, or broke off. */
static bool read_piece(struct peer *peer, struct buffer *body, size_t most)
{
    int wanted = most < BODY_PIECE ? (int)most : BODY_PIECE;

    buffer_reserve(body, (size_t)wanted);

    int got = FCGX_GetStr(body->data + body->length, wanted, peer->request.in);

    body->length += (size_t)got;
    body->data[body->length] = '\0';
    return got == wanted;
}

bool peer_read_body(struct peer *peer, size_t most, struct buffer *body)
{
    size_t end = body->length + most + 1;

    start_alarm(peer->patience);
    while (body->length < end) {
        if (!read_piece(peer, body, end - body->length)) {
            peer->is_read_whole = FCGX_GetError(peer->request.in) == 0;
            return peer->is_read_whole;
        }
    }
    return true;
}

void peer_wait_longer(struct peer *peer)
{
    peer->patience = PEER_PATIENCE;
}

const char *peer_param(const struct peer *peer, const char *name)
{
    return FCGX_GetParam(name, peer->request.envp);
}

int peer_fd(const struct peer *peer)
{
    /* libfcgi calls the member private, but has no other way to it. */
    return peer->request.ipcFd;
}

bool peer_has_left(const struct peer *peer)
{
    struct pollfd poll_fd = {.fd = peer_fd(peer), .events = POLLRDHUP};

    return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents != 0;
}

/* libfcgi waits for the web server to close first, so that closing with unread input does not make
 * the system throw away what was sent. Where nothing is unread there is nothing to wait for. */
static void skip_waiting(struct peer *peer)
{
    if (peer->is_read_whole)
        FCGX_Detach(&peer->request);
}

void peer_answer(struct peer *peer, const struct buffer *header, const struct buffer *body)
{
    FCGX_Stream *out = peer->request.out;

    start_alarm(PEER_PATIENCE);

    bool sent = FCGX_PutStr(header->data, (int)header->length, out) >= 0 &&
                (body->length == 0 || FCGX_PutStr(body->data, (int)body->length, out) >= 0);

    skip_waiting(peer);
    /* After a fault FCGX_Finish_r would try to write the rest, and block again. */
    if (sent && FCGX_GetError(out) == 0) {
        FCGX_Finish_r(&peer->request);
        peer->is_taken = false;
    } else {
        log_message(LOG_LEVEL_DEBUG, "the web server did not take the reply");
        peer_abandon(peer);
    }
}

void peer_abandon(struct peer *peer)
{
    FCGX_Free(&peer->request, 1);
    peer->is_taken = false;
}
