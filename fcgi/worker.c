#include "worker.h"

#include <malloc.h>
#include <string.h>

#include "clock.h"
#include "peer.h"
#include "reply_out.h"
#include "request_in.h"
#include "request_log.h"
#include "route.h"
#include "waiting.h"

/* Memory above this goes back to the system as soon as it is freed. */
enum { LARGE = 256 * 1024 };

/* Answers the request at hand. Returns the status for the log. */
static const char *answer(struct app *app, const struct route_input *input, size_t *bytes)
{
    bool head = input->method != NULL && strcmp(input->method, "HEAD") == 0;
    struct reply reply = {0};
    const char *status;

    *bytes = 0;
    if (peer_has_left()) {
        peer_abandon();
        return error_status(ERROR_PEER_GONE);
    }
    route_answer(app, input, &reply);
    reply_out_send(&reply, head);
    status = reply.status == NULL ? error_status(ERROR_PEER_GONE) : reply.status;
    if (reply.status != NULL && !head)
        *bytes = reply.body.length;
    buffer_free(&reply.body);
    return status;
}

static void serve(struct app *app, int64_t begun)
{
    struct route_input input;
    struct buffer subject = {0};
    size_t bytes;

    request_in_read(app->config, &input);
    /* Its texts end with the request. */
    request_log_add_subject(&subject, &input);

    const char *status = answer(app, &input, &bytes);
    struct db_cost cost = db_take_cost(app->db);

    request_log_write(&subject, status, bytes, &cost, begun);
    buffer_free(&subject);
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
        ready = waiting_wait(&waiting, db_link(app->db), fault_log_timeout(&app->faults),
                             upkeep_timeout(app));
        if (ready.database)
            db_link_tend(db_link(app->db));
        fault_log_tend(&app->faults);

        int64_t begun = clock_microseconds();

        /* Also at the end: the connection may have woken this worker alone. */
        if (ready.request && peer_accept()) {
            serve(app, begun);
            served++;
            upkeep_reply_sent(app);
        }
        if (!ready.end)
            upkeep_tend(app);
    }
    fault_log_end(&app->faults);
    return true;
}
