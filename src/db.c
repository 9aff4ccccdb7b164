#include "db.h"

#include <stdlib.h>

#include "allocate.h"
#include "clock.h"
#include "db_exchange.h"
#include "db_fault.h"
#include "log.h"

#define SNAPSHOT "begin isolation level repeatable read read only"
#define CHANGE   "begin isolation level read committed read write"

struct db {
    struct db_link link;
    struct db_cost cost;
    bool is_undone; /* what failed last */
};

struct db_row {
    const struct pq_result *result;
    int number;
};

struct run {
    const char *begin; /* what begins a transaction around the calls; NULL: none */
    bool changes;      /* something is stored */
    const struct db_call *calls;
    size_t count;
    long rows;
    bool is_undone; /* it failed, and nothing of it was stored */
};

struct db *db_new(const struct config *config)
{
    struct db *db = allocate_zeroed(1, sizeof *db);

    db->link.config = config;
    return db;
}

void db_free(struct db *db)
{
    if (db == NULL)
        return;
    db_link_free(&db->link);
    free(db);
}

struct db_link *db_link(struct db *db)
{
    return &db->link;
}

struct db_cost db_take_cost(struct db *db)
{
    struct db_cost cost = db->cost;

    db->cost = (struct db_cost){0};
    return cost;
}

const char *db_row_text(const struct db_row *row, int column)
{
    return pq_text(row->result, row->number, column);
}

size_t db_row_length(const struct db_row *row, int column)
{
    return pq_length(row->result, row->number, column);
}

static bool take_rows(const struct pq_result *result, int step, void *context, struct error *error)
{
    struct run *run = context;
    struct db_row row = {.result = result};
    int count = pq_rows(result);

    for (; row.number < count; row.number++) {
        /* In a batch the first statement begins the transaction. */
        const struct db_call *call = &run->calls[run->begin != NULL ? step - 1 : step];

        run->rows++;
        if (!call->take_row(&row, call->context, error))
            return false;
    }
    return true;
}

static bool send_call(const struct db_link *link, const struct db_call *call)
{
    const struct statement *statement = call->statement;

    return pq_send_query(link->pq, db_link_prepared_name(link, statement), statement->text,
                         statement_count(statement->parameters), call->values);
}

static bool send_calls(const struct db_link *link, const struct run *run)
{
    bool batch = run->begin != NULL;
    bool sent = !batch || (pq_begin_batch(link->pq) && pq_send_command(link->pq, run->begin));

    for (size_t i = 0; i < run->count; i++)
        sent = sent && send_call(link, &run->calls[i]);
    return sent && (!batch || (pq_send_command(link->pq, "commit") && pq_end_batch(link->pq)));
}

/* A session that ended may have stored what it was asked to before it could say so. */
static bool is_undone_by(const struct db_fault *fault)
{
    return fault != NULL && fault->code != ERROR_UNAVAILABLE;
}

/* Asks once. At a failure *again says whether asking again can help. */
static bool run_once(struct db_link *link, struct run *run, const struct db_limit *limit,
                     bool *again, struct error *error)
{
    const struct db_fault *fault = NULL;

    *again = run->is_undone = false;
    /* What is sent without time to wait for it could be stored behind our back; connecting, too,
     * takes time. */
    if (!db_exchange_has_time(limit, error) ||
        !(run->changes ? db_link_ensure_primary : db_link_ensure)(link, limit, error) ||
        !db_exchange_has_time(limit, error))
        return false;
    if (!send_calls(link, run)) {
        fault = db_fault_find("");
        error_set(error, fault->code, "%s", fault->message);
    } else if (db_exchange(link->pq, limit, take_rows, run, &fault, error)) {
        return true;
    }
    *again = fault != NULL && fault->again && run->rows == 0;
    /* What an endpoint refused, such as a window that ends before it begins, is soon read. */
    bool cancel = error->code == ERROR_DEADLINE || error->code == ERROR_PEER_GONE ||
                  error->code == ERROR_REPLY_TOO_LARGE;
    const struct db_fault *late = NULL;

    if ((fault != NULL && fault->renew) || !db_exchange_finish(link->pq, cancel, &late))
        db_link_drop(link);
    run->is_undone = is_undone_by(fault) || is_undone_by(late);
    return false;
}

static bool run_twice(struct db *db, struct run *run, const struct db_limit *limit,
                      struct error *error)
{
    struct error first = {0};
    bool again;

    if (run_once(&db->link, run, limit, &again, &first))
        return true;
    if (again) {
        log_message(LOG_LEVEL_INFO, "asking again after: %s",
                    first.detail.data == NULL ? first.message.data : first.detail.data);
        error_free(&first);
        return run_once(&db->link, run, limit, &again, error);
    }
    *error = first;
    return false;
}

static bool run_for(struct db *db, int timeout, struct run *run, int peer_fd, struct error *error)
{
    struct db_limit limit = {clock_now() + timeout, peer_fd};
    int64_t begun = clock_microseconds();
    bool good = run_twice(db, run, &limit, error);

    if (db->link.pq != NULL && pq_holds_much(db->link.pq))
        db_link_drop(&db->link);
    db->cost.microseconds += clock_microseconds() - begun;
    db->cost.rows += run->rows;
    db->is_undone = run->is_undone;
    return good;
}

bool db_run_within(struct db *db, int timeout, const struct db_call *calls, size_t count,
                   int peer_fd, struct error *error)
{
    struct run run = {.begin = count > 1 ? SNAPSHOT : NULL, .calls = calls, .count = count};

    return run_for(db, timeout, &run, peer_fd, error);
}

bool db_run(struct db *db, const struct db_call *calls, size_t count, int peer_fd,
            struct error *error)
{
    return db_run_within(db, db->link.config->database.query_timeout, calls, count, peer_fd, error);
}

bool db_can_change(const struct db *db)
{
    return db_link_can_change(&db->link);
}

bool db_is_undone(const struct db *db)
{
    return db->is_undone;
}

bool db_change(struct db *db, int timeout, const struct db_call *call, struct error *error)
{
    struct run run = {.begin = CHANGE, .changes = true, .calls = call, .count = 1};

    return run_for(db, timeout, &run, -1, error);
}
