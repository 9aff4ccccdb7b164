#include "db_exchange.h"

#include <errno.h>
#include <poll.h>

#include "clock.h"

enum { FINISH_MOST = 500 }; /* milliseconds for a query to end once nobody needs it */

static bool fail_late(struct error *error)
{
    return error_set(error, ERROR_DEADLINE, "the query took too long");
}

static bool fail_left(struct error *error)
{
    return error_set(error, ERROR_PEER_GONE, "the client has left");
}

bool db_exchange_has_time(const struct db_limit *limit, struct error *error)
{
    return clock_left(limit->deadline) > 0 || fail_late(error);
}

bool db_exchange_wait(int fd, short events, const struct db_limit *limit, struct error *error)
{
    struct pollfd fds[] = {{.fd = fd, .events = events},
                           {.fd = limit->peer_fd, .events = POLLRDHUP}};

    /* The alarm that guards the client's side may come here too. */
    while (poll(fds, 2, clock_left(limit->deadline)) < 0 && errno == EINTR)
        ;
    if (fds[1].revents != 0)
        return fail_left(error);
    if (fds[0].revents == 0)
        return fail_late(error);
    return true;
}

/* The first fault is the cause; what fails after it in a batch fails because of it. */
static void note_fault(const struct pq_result *result, const struct db_fault **fault,
                       struct error *error)
{
    const char *sqlstate = pq_sqlstate(result);
    struct buffer text = {0};

    if (*fault != NULL)
        return;
    *fault = db_fault_find(sqlstate);
    error_set(error, (*fault)->code, "%s", (*fault)->message);
    pq_add_message(result, &text);
    error_detail(error, "%s %s%s", sqlstate, text.data == NULL ? "" : text.data, (*fault)->advice);
    buffer_free(&text);
}

struct exchange {
    struct pq *pq;
    const struct db_limit *limit;
    db_result_handler *take;
    void *context;
    const struct db_fault **fault;
    int step;
    bool early;     /* ended by us, with the error set */
    int64_t looked; /* clock_now() when it was last asked whether the client has left */
};

static bool has_left(int peer_fd)
{
    struct pollfd peer = {.fd = peer_fd, .events = POLLRDHUP};

    return peer_fd >= 0 && poll(&peer, 1, 0) > 0;
}

/* Between rows: they may come for longer than anybody waits. */
static bool goes_on(struct exchange *exchange, struct error *error)
{
    int64_t now = clock_now();

    if (now >= exchange->limit->deadline)
        return fail_late(error);
    if (now == exchange->looked)
        return true;
    exchange->looked = now;
    return !has_left(exchange->limit->peer_fd) || fail_left(error);
}

static bool take_result(struct exchange *exchange, const struct pq_result *result,
                        struct error *error)
{
    return (pq_rows(result) == 0 || goes_on(exchange, error)) &&
           exchange->take(result, exchange->step, exchange->context, error);
}

/* Handles what has arrived. Returns false where the exchange is over. */
static bool take_events(struct exchange *exchange, struct error *error)
{
    struct pq_result *result;

    for (;;) {
        switch (pq_next(exchange->pq, &result)) {
        case PQ_NOTHING_YET:
            return true;
        case PQ_RESULT:
            exchange->early = !take_result(exchange, result, error);
            pq_clear(result);
            if (exchange->early)
                return false;
            break;
        case PQ_NEXT:
            exchange->step++;
            break;
        case PQ_FAULT:
            note_fault(result, exchange->fault, error);
            pq_clear(result);
            break;
        case PQ_END:
            return false;
        }
    }
}

bool db_exchange(struct pq *pq, const struct db_limit *limit, db_result_handler *take,
                 void *context, const struct db_fault **fault, struct error *error)
{
    struct exchange exchange = {pq, limit, take, context, fault, .looked = clock_now()};

    *fault = NULL;
    for (;;) {
        bool unsent = pq_flush(pq) > 0;

        if (!take_events(&exchange, error))
            return !exchange.early && *fault == NULL;
        /* One row can be long, and come without a pause. */
        if (!db_exchange_has_time(limit, error) ||
            !db_exchange_wait(pq_socket(pq), unsent ? POLLIN | POLLOUT : POLLIN, limit, error))
            return false;
        /* What fails here is told by the next event. */
        pq_receive(pq);
    }
}

static bool ignore_result(const struct pq_result *result, int step, void *context,
                          struct error *error)
{
    (void)result;
    (void)step;
    (void)context;
    (void)error;
    return true;
}

bool db_exchange_finish(struct pq *pq, bool cancel, const struct db_fault **fault)
{
    struct db_limit limit = {clock_now() + FINISH_MOST, -1};
    const struct db_fault *other;
    struct error error = {0};

    *fault = NULL;
    if (pq_is_idle(pq))
        return true;
    if (cancel && pq_is_running(pq))
        pq_cancel(pq);
    db_exchange(pq, &limit, ignore_result, NULL, fault, &error);
    /* A batch that failed leaves its transaction behind. */
    if (pq_is_in_failed_transaction(pq) && pq_send_command(pq, "rollback"))
        db_exchange(pq, &limit, ignore_result, NULL, &other, &error);
    error_free(&error);
    return pq_cancel_settled(pq, clock_left(limit.deadline)) && pq_is_idle(pq);
}
