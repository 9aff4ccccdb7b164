#include "worker.h"

#include <limits.h>
#include <malloc.h>
#include <string.h>

#include "exchange.h"
#include "peer.h"
#include "waiting.h"

/* Memory above this goes back to the system as soon as it is freed. */
enum { LARGE = 256 * 1024 };

/* A connection that cannot be taken stays, and so would be met again and again. */
static void note_taken(struct app *app, struct waiting *waiting, int taken)
{
    int fault = peer_accept_fault();

    if (fault != 0) {
        fault_log_add(&app->faults, LOG_LEVEL_ERROR, "no connection can be taken", strerror(fault));
        waiting_pause(waiting);
    } else if (taken > 0) {
        waiting_go_on(waiting);
    }
}

bool worker_run(struct app *app, struct error *error)
{
    int max_requests = app->config->service.max_requests;
    int most = max_requests == 0 ? INT_MAX : max_requests;
    int served = 0;
    struct waiting waiting;
    struct waiting_ready ready = {false};

    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    if (!waiting_start(&waiting, peer_listen_fd()))
        return error_internal(error, "cannot wait on the listening socket");
    while (!ready.end && served < most) {
        ready = waiting_wait(&waiting, db_link(app->db), fault_log_timeout(&app->faults),
                             upkeep_timeout(app));
        if (ready.database)
            db_link_tend(db_link(app->db));
        fault_log_tend(&app->faults);

        /* Also at the end: the connection may have woken this worker alone. */
        int taken = ready.request ? exchange_serve(app, most - served) : 0;

        if (ready.request)
            note_taken(app, &waiting, taken);
        if (taken > 0)
            upkeep_reply_sent(app);
        served = most == INT_MAX ? 0 : served + taken;
        if (!ready.end)
            upkeep_tend(app);
    }
    fault_log_end(&app->faults);
    return true;
}
