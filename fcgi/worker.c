#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "peer.h"
#include "reply_out.h"
#include "request_in.h"
#include "route.h"

/* Memory above this goes back to the system as soon as it is freed. */
enum { LARGE = 256 * 1024 };

static volatile sig_atomic_t ending;

static void note_end(int number)
{
    (void)number;
    ending = 1;
}

static void end_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1);
}

void worker_hold_signals(void)
{
    struct sigaction end = {.sa_handler = note_end};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    end_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGUSR1, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGUSR2, &ignore, NULL);
}

/* Waits for a request, and meanwhile looks after the database. Returns whether one may be there.
 * Only here do the signals get through that end the worker. */
static bool wait_for_request(struct app *app)
{
    struct pollfd fds[] = {{.fd = peer_listen_fd(), .events = POLLIN}, {.fd = -1}};
    int milliseconds = db_wait(app->db, &fds[1]);
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    sigset_t open;

    sigemptyset(&open);

    int ready = ppoll(fds, 2, milliseconds < 0 ? NULL : &timeout, &open);

    if (ending || (ready < 0 && errno == EINTR))
        return false;
    if (ready == 0 || fds[1].revents != 0)
        db_tend(app->db);
    return fds[0].revents != 0;
}

static void serve(struct app *app)
{
    struct route_input input;
    struct reply reply = {0};

    request_in_read(app->config, &input);
    if (peer_has_left()) {
        log_message(LOG_LEVEL_INFO, "a client left before its request was begun");
        peer_abandon();
        return;
    }
    route_answer(app, &input, &reply);
    reply_out_send(&reply, input.method != NULL && strcmp(input.method, "HEAD") == 0);
    buffer_free(&reply.body);
}

void worker_run(struct app *app)
{
    int most = app->config->service.max_requests;
    int served = 0;

    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    while (!ending && (most == 0 || served < most)) {
        if (wait_for_request(app) && peer_accept()) {
            serve(app);
            served++;
        }
    }
}
