#include "worker.h"

#include <malloc.h>
#include <string.h>

#include "log.h"
#include "peer.h"
#include "reply_out.h"
#include "request_in.h"
#include "route.h"
#include "waiting.h"

/* Memory above this goes back to the system as soon as it is freed. */
enum { LARGE = 256 * 1024 };

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

bool worker_run(struct app *app, struct error *error)
{
    int most = app->config->service.max_requests;
    int served = 0;
    struct waiting waiting;
    struct waiting_ready ready = {false};

    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    if (!waiting_start(&waiting, peer_listen_fd()))
        return error_internal(error, "cannot wait on the listening socket");
    while (!ready.end && (most == 0 || served < most)) {
        ready = waiting_wait(&waiting, app->db);
        if (ready.database)
            db_tend(app->db);
        /* Also at the end: the connection may have woken this worker alone. */
        if (ready.request && peer_accept()) {
            serve(app);
            served++;
        }
    }
    return true;
}
