#include "exchange.h"

#include <string.h>

#include "clock.h"
#include "ingest.h"
#include "peer.h"
#include "reply_out.h"
#include "request_in.h"
#include "request_log.h"
#include "route.h"

struct exchange {
    struct peer *peer;
    struct route_input input;
    struct route_call call;
    bool is_abandoned; /* nobody waits for the reply */
    /* For the log. */
    struct buffer subject;
    const char *status;
    size_t bytes;
    struct db_cost cost;
    int64_t begun, took; /* clock_microseconds() and a duration of it */
};

/* While events wait: milliseconds in which more requests are taken, and for each to arrive. */
enum { HELD_MOST = 1000 };

_Static_assert((int)PEER_MOST <= (int)INGEST_TOGETHER,
               "all that is at hand can be recorded at once");

struct at_hand {
    struct exchange list[PEER_MOST];
    size_t count;
    struct exchange *other; /* the last of them, if it needs more than its events recorded */
};

static void begin(struct app *app, struct exchange *exchange, struct peer *peer, int64_t begun)
{
    *exchange = (struct exchange){.peer = peer, .begun = begun};
    request_in_read(peer, app->config, &exchange->input);
    /* Its texts end with the request. */
    request_log_add_subject(&exchange->subject, &exchange->input);
    exchange->is_abandoned = peer_has_left(peer);
    if (!exchange->is_abandoned)
        route_begin(app, &exchange->input, &exchange->call);
}

static bool is_decided(const struct exchange *exchange)
{
    return exchange->is_abandoned || route_is_decided(&exchange->call);
}

static void reply(struct app *app, struct exchange *exchange)
{
    const char *method = exchange->input.method;
    bool head = method != NULL && strcmp(method, "HEAD") == 0;
    struct reply *made = &exchange->call.reply;

    route_answer(app, &exchange->call);
    reply_out_send(exchange->peer, made, head);
    if (made->status != NULL) {
        exchange->status = made->status;
        exchange->bytes = head ? 0 : made->body.length;
    }
    buffer_free(&made->body);
}

static void answer(struct app *app, struct exchange *exchange)
{
    struct db_cost cost;

    exchange->status = error_status(ERROR_PEER_GONE);
    if (exchange->is_abandoned)
        peer_abandon(exchange->peer);
    else
        reply(app, exchange);
    cost = db_take_cost(app->db);
    exchange->cost.rows += cost.rows;
    exchange->cost.microseconds += cost.microseconds;
    exchange->took = clock_microseconds() - exchange->begun;
}

static void end(struct exchange *exchange)
{
    request_log_write(&exchange->subject, exchange->status, exchange->bytes, &exchange->cost,
                      exchange->took);
    buffer_free(&exchange->subject);
}

static bool has_events(const struct exchange *exchange)
{
    return !exchange->is_abandoned && exchange->call.events != NULL;
}

/* Takes requests until there is none, or one that is no event's. Those with nothing to record take
 * no time, and are answered with the rest. */
static void take(struct app *app, struct at_hand *at_hand, size_t most)
{
    int64_t until = clock_now() + HELD_MOST;
    int64_t begun = clock_microseconds();
    int patience = PEER_PATIENCE;
    struct peer *peer;

    at_hand->count = 0;
    at_hand->other = NULL;
    while (at_hand->count < most && patience > 0 && (peer = peer_accept(patience)) != NULL) {
        struct exchange *exchange = &at_hand->list[at_hand->count++];

        begin(app, exchange, peer, begun);
        begun = clock_microseconds();
        if (!has_events(exchange) && (at_hand->count == 1 || !is_decided(exchange))) {
            at_hand->other = exchange;
            break;
        }
        patience = clock_left(until) > 0 ? HELD_MOST : 0;
    }
}

/* Records the events of all together: each of these has the costs of all. */
static enum ingest_recorded record_events(struct app *app, struct at_hand *at_hand)
{
    struct intake *events[INGEST_TOGETHER];
    enum ingest_recorded recorded;
    struct db_cost cost;
    size_t count = 0;

    for (size_t i = 0; i < at_hand->count; i++) {
        if (has_events(&at_hand->list[i]))
            events[count++] = at_hand->list[i].call.events;
    }
    if (count == 0 || at_hand->count == 1)
        return INGEST_DECIDED;
    recorded = ingest_record(app, events, count, at_hand->other != NULL);
    cost = db_take_cost(app->db);
    for (size_t i = 0; i < at_hand->count; i++) {
        if (has_events(&at_hand->list[i]))
            at_hand->list[i].cost = cost;
    }
    return recorded;
}

static void answer_other(struct app *app, struct at_hand *at_hand)
{
    peer_wait_longer(at_hand->other->peer);
    answer(app, at_hand->other);
    end(at_hand->other);
    at_hand->other = NULL;
    at_hand->count--;
}

/* The lines of the log come after the replies: nobody waits for them. */
static void answer_rest(struct app *app, struct at_hand *at_hand)
{
    size_t count = at_hand->count - (at_hand->other != NULL);

    for (size_t i = 0; i < count; i++)
        answer(app, &at_hand->list[i]);
    for (size_t i = 0; i < count; i++)
        end(&at_hand->list[i]);
}

int exchange_serve(struct app *app, int most)
{
    struct at_hand at_hand;

    if (most > PEER_MOST)
        most = PEER_MOST;
    take(app, &at_hand, ingest_may_gather(app) ? (size_t)most : 1);

    int taken = (int)at_hand.count;

    /* Whoever needs something else does not wait for events that take long. */
    if (record_events(app, &at_hand) == INGEST_LATE && at_hand.other != NULL)
        answer_other(app, &at_hand);
    answer_rest(app, &at_hand);
    if (at_hand.other != NULL)
        answer_other(app, &at_hand);
    return taken;
}
