#include "exchange.h"

#include <string.h>

#include "clock.h"
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

/* What is at hand: `count` exchanges wait for their events to be recorded, and the one behind them,
 * if there is one, needs something else. */
struct at_hand {
    struct exchange list[ROUTE_TOGETHER + 1];
    size_t count;
    bool has_other;
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

/* Takes requests until there is none, or one that cannot be recorded together with those before it.
 * Returns how many it took. */
static int take(struct app *app, struct at_hand *at_hand, int most)
{
    int64_t begun = clock_microseconds();
    struct peer *peer;
    int taken = 0;

    at_hand->count = 0;
    at_hand->has_other = false;
    while (taken < most && at_hand->count < ROUTE_TOGETHER && !at_hand->has_other &&
           (peer = peer_accept()) != NULL) {
        struct exchange *exchange = &at_hand->list[at_hand->count];

        begin(app, exchange, peer, begun);
        begun = clock_microseconds();
        taken++;
        if (exchange->call.events != NULL) {
            at_hand->count++;
        } else if (at_hand->count > 0 && is_decided(exchange)) {
            answer(app, exchange);
            end(exchange);
        } else {
            at_hand->has_other = true;
        }
    }
    return taken;
}

/* Records the events of all together, where there is more than the request that brings them: each
 * of these has the costs of all. Returns false where route_answer is still to do it. */
static bool record(struct app *app, struct at_hand *at_hand)
{
    struct route_call *calls[ROUTE_TOGETHER];
    struct db_cost cost;
    bool good;

    for (size_t i = 0; i < at_hand->count; i++)
        calls[i] = &at_hand->list[i].call;
    good = route_record(app, calls, at_hand->count, at_hand->has_other);
    cost = db_take_cost(app->db);
    for (size_t i = 0; i < at_hand->count; i++)
        at_hand->list[i].cost = cost;
    return good;
}

static void answer_other(struct app *app, struct at_hand *at_hand)
{
    struct exchange *other = &at_hand->list[at_hand->count];

    if (at_hand->has_other) {
        answer(app, other);
        end(other);
    }
    at_hand->has_other = false;
}

int exchange_serve(struct app *app, int most)
{
    struct at_hand at_hand;
    int taken = take(app, &at_hand, most);
    bool are_several = at_hand.count > 1 || (at_hand.count == 1 && at_hand.has_other);

    /* Whoever needs something else does not wait for events that take long. */
    if (are_several && !record(app, &at_hand))
        answer_other(app, &at_hand);
    /* The lines of the log come after the replies: nobody waits for them. */
    for (size_t i = 0; i < at_hand.count; i++)
        answer(app, &at_hand.list[i]);
    for (size_t i = 0; i < at_hand.count; i++)
        end(&at_hand.list[i]);
    answer_other(app, &at_hand);
    return taken;
}
