#include "worker.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "log.h"
#include "peer.h"
#include "reply_out.h"
#include "request_in.h"
#include "route.h"
#include "waiting.h"

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

/* Only in the wait do the signals get through that end the worker; the alarm, which guards reading
 * and writing, is held there. */
bool worker_run(struct app *app, struct error *error)
{
    int most = app->config->service.max_requests;
    int served = 0;
    struct waiting waiting;
    sigset_t open_signals;

    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    sigemptyset(&open_signals);
    sigaddset(&open_signals, SIGALRM);
    if (!waiting_start(&waiting, peer_listen_fd()))
        return error_set(error, ERROR_INTERNAL, "cannot wait on the listening socket");
    while (!ending && (most == 0 || served < most)) {
        bool request_ready, db_ready;

        waiting_wait(&waiting, app->db, &open_signals, &request_ready, &db_ready);
        if (db_ready)
            db_tend(app->db);
        if (request_ready && peer_accept()) {
            serve(app);
            served++;
        }
    }
    return true;
}
