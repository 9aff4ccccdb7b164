#include "db.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "backoff.h"
#include "clock.h"
#include "db_exchange.h"
#include "log.h"
#include "pq.h"
#include "schema_version.h"

/* Milliseconds. */
enum {
    REQUEST_CONNECT = 1000, /* how long a request waits for a connection that is being made */
    SETUP = 1000,           /* for the checks on a new connection */
};

enum db_state { DB_DOWN, DB_OPENING, DB_OPEN };

struct db {
    const struct config *config;
    enum db_state state;
    struct pq *pq;             /* NULL when down */
    unsigned steps;            /* taken to connect; with each the socket may be another one */
    enum pq_progress progress; /* of an opening connection */
    int64_t open_deadline;
    struct backoff backoff;
    struct buffer outage; /* why there is no connection, as logged; empty when there is one */
};

struct db_row {
    const struct pq_result *result;
    int number;
};

struct db *db_new(const struct config *config)
{
    struct db *db = allocate_zeroed(1, sizeof *db);

    db->config = config;
    return db;
}

void db_free(struct db *db)
{
    if (db == NULL)
        return;
    pq_close(db->pq);
    buffer_free(&db->outage);
    free(db);
}

static void drop(struct db *db)
{
    pq_close(db->pq);
    db->pq = NULL;
    db->state = DB_DOWN;
}

/* ---- Opening a connection ---- */

/* Logs the reason once, however many tries fail with it. */
static void give_up(struct db *db, const char *reason)
{
    drop(db);
    backoff_failed(&db->backoff);
    if (db->outage.length > 0 && strcmp(db->outage.data, reason) == 0)
        return;
    log_message(LOG_LEVEL_ERROR, "no database: %s", reason);
    buffer_clear(&db->outage);
    buffer_add_text(&db->outage, reason);
}

/* The name to prepare a statement under; one that is planned at every call has none. */
static const char *prepared_name(const struct db *db, const struct statement *statement)
{
    return db->config->database.prepared && statement->planned_once ? statement->name : "";
}

static bool send_setup(struct db *db)
{
    bool sent = pq_begin_batch(db->pq) &&
                pq_send_command(db->pq, "select max(version)::text from tally_schema");

    for (int i = 0; i < STATEMENT_COUNT; i++) {
        const char *name = prepared_name(db, &statements[i]);

        sent = sent && pq_send_prepare(db->pq, name, statements[i].text) &&
               pq_send_describe(db->pq, name);
    }
    return sent && pq_end_batch(db->pq);
}

static bool check_version(const struct pq_result *result, struct error *error)
{
    const char *version = pq_text(result, 0, 0);
    const struct db_fault *fault = db_fault_find("42");

    if (version != NULL && strcmp(version, SCHEMA_VERSION) == 0)
        return true;
    error_set(error, fault->code, "%s", fault->message);
    return error_detail(error,
                        "the schema has version %s, this program needs " SCHEMA_VERSION
                        "; run the sql/schema.sql of the same release, or update the program",
                        version == NULL ? "none" : version);
}

/* Step 0 is the version; then each statement has a step for preparing and one for describing. */
static bool check_setup(const struct pq_result *result, int step, void *context,
                        struct error *error)
{
    (void)context;
    if (step == 0)
        return pq_rows(result) == 0 || check_version(result, error);
    if (step % 2 != 0)
        return true;

    const struct statement *statement = &statements[step / 2 - 1];
    const struct db_fault *fault = db_fault_find("42");
    struct buffer difference = {0};

    if (!pq_check_shape(result, statement, &difference)) {
        error_set(error, fault->code, "%s", fault->message);
        error_detail(error, "statement %s %s%s", statement->name, difference.data, fault->advice);
    }
    buffer_free(&difference);
    return error->code == ERROR_NONE;
}

/* Checks on a new connection that schema and statements are what this program was built for. */
static void set_up(struct db *db)
{
    struct db_limit limit = {clock_now() + SETUP, -1};
    const struct db_fault *fault = NULL;
    struct error error = {0};

    if (send_setup(db) && db_exchange(db->pq, &limit, check_setup, db, &fault, &error)) {
        if (db->outage.length > 0)
            log_message(LOG_LEVEL_INFO, "the database is back");
        buffer_clear(&db->outage);
        backoff_succeeded(&db->backoff);
        db->state = DB_OPEN;
    } else {
        /* They wait at the server, perhaps for a lock, and would wait on behind our back. */
        if (error.code == ERROR_DEADLINE)
            pq_cancel(db->pq);
        give_up(db, error.detail.data != NULL ? error.detail.data
                    : error.code == ERROR_DEADLINE
                        ? "the checks on a new connection took too long; is a table locked?"
                        : "the connection broke");
    }
    error_free(&error);
}

/* Takes the next step, as far as it goes without waiting. */
static void advance(struct db *db)
{
    struct buffer reason = {0};

    db->progress = pq_advance(db->pq);
    db->steps++;
    if (db->progress == PQ_IS_OPEN) {
        set_up(db);
    } else if (db->progress == PQ_IS_BROKEN) {
        pq_add_fault(db->pq, &reason);
        buffer_add_text(&reason, " (asked as [database] in the configuration says)");
        give_up(db, reason.data);
    } else if (clock_left(db->open_deadline) == 0) {
        give_up(db, "connecting took longer than connect_timeout");
    }
    buffer_free(&reason);
}

static void start_opening(struct db *db)
{
    const struct config *config = db->config;
    const struct pq_setting settings[] = {
        {"host", config->database.host},
        {"port", config->database.port},
        {"dbname", config->database.dbname},
        {"user", config->database.user},
        {"passfile", config->database.passfile},
        {"sslmode", config->database.sslmode},
        {"service", config->database.service},
        {"fallback_application_name", "tally"},
        {"client_encoding", "UTF8"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "10000"},
        {NULL, NULL},
    };

    db->pq = pq_start(settings);
    db->progress = PQ_WANTS_WRITE;
    db->open_deadline = clock_now() + (int64_t)config->database.connect_timeout * 1000;
    db->state = DB_OPENING;
    /* Where it failed at once there is no socket to wait for. */
    if (pq_socket(db->pq) < 0)
        advance(db);
}

static short awaited_events(const struct db *db)
{
    return db->state == DB_OPENING && db->progress == PQ_WANTS_WRITE ? POLLOUT : POLLIN;
}

/* For a request: there is a connection, or one can be made soon, or it fails. */
static bool ensure_open(struct db *db, const struct db_limit *limit, struct error *error)
{
    struct db_limit patience = {clock_now() + REQUEST_CONNECT, limit->peer_fd};
    struct error waiting = {0};

    if (patience.deadline > limit->deadline)
        patience.deadline = limit->deadline;
    if (db->state == DB_DOWN && backoff_is_due(&db->backoff, true))
        start_opening(db);
    while (db->state == DB_OPENING &&
           db_exchange_wait(db->pq, awaited_events(db), &patience, &waiting))
        advance(db);
    if (waiting.code == ERROR_PEER_GONE)
        error_set(error, waiting.code, "%s", waiting.message.data);
    error_free(&waiting);
    if (db->state == DB_OPEN)
        return true;
    error_set(error, ERROR_UNAVAILABLE, "the database is not available");
    return false;
}

void db_wait(const struct db *db, struct db_wait *wait)
{
    *wait = (struct db_wait){
        .fd = db->pq == NULL ? -1 : pq_socket(db->pq),
        .events = awaited_events(db),
        .steps = db->steps,
        .timeout = -1,
    };
    if (db->state == DB_OPENING)
        wait->timeout = clock_left(db->open_deadline);
    if (db->state == DB_DOWN)
        wait->timeout = clock_left(db->backoff.due);
}

void db_tend(struct db *db)
{
    switch (db->state) {
    case DB_OPEN:
        if (!pq_tend(db->pq)) {
            log_message(LOG_LEVEL_INFO, "the connection to the database was lost");
            drop(db);
            start_opening(db);
        }
        break;
    case DB_OPENING:
        advance(db);
        break;
    case DB_DOWN:
        if (backoff_is_due(&db->backoff, false))
            start_opening(db);
        break;
    }
}

/* ---- Asking ---- */

struct run {
    const struct db_call *calls;
    size_t count;
    bool rows_taken;
};

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
        const struct db_call *call = &run->calls[run->count > 1 ? step - 1 : step];

        run->rows_taken = true;
        if (!call->take_row(&row, call->context, error))
            return false;
    }
    return true;
}

static bool send_call(struct db *db, const struct db_call *call)
{
    const struct statement *statement = call->statement;

    return pq_send_query(db->pq, prepared_name(db, statement), statement->text,
                         statement_count(statement->parameters), call->values);
}

static bool send_calls(struct db *db, const struct run *run)
{
    bool batch = run->count > 1;
    bool sent =
        !batch || (pq_begin_batch(db->pq) &&
                   pq_send_command(db->pq, "begin isolation level repeatable read read only"));

    for (size_t i = 0; i < run->count; i++)
        sent = sent && send_call(db, &run->calls[i]);
    return sent && (!batch || (pq_send_command(db->pq, "commit") && pq_end_batch(db->pq)));
}

/* Asks once. At a failure *again says whether asking again can help. */
static bool run_once(struct db *db, struct run *run, const struct db_limit *limit, bool *again,
                     struct error *error)
{
    const struct db_fault *fault = NULL;

    *again = false;
    if (!ensure_open(db, limit, error))
        return false;
    if (!send_calls(db, run)) {
        fault = db_fault_find("");
        error_set(error, fault->code, "%s", fault->message);
    } else if (db_exchange(db->pq, limit, take_rows, run, &fault, error)) {
        return true;
    }
    *again = fault != NULL && fault->again && !run->rows_taken;
    /* What an endpoint refused, such as a window that ends before it begins, is soon read. */
    bool cancel = error->code == ERROR_DEADLINE || error->code == ERROR_PEER_GONE;

    if ((fault != NULL && fault->renew) || !db_exchange_finish(db->pq, cancel))
        drop(db);
    return false;
}

bool db_run(struct db *db, const struct db_call *calls, size_t count, int peer_fd,
            struct error *error)
{
    struct db_limit limit = {clock_now() + db->config->database.query_timeout, peer_fd};
    struct run run = {.calls = calls, .count = count};
    struct error first = {0};
    bool again;

    if (run_once(db, &run, &limit, &again, &first))
        return true;
    if (again) {
        log_message(LOG_LEVEL_INFO, "asking again after: %s",
                    first.detail.data == NULL ? first.message.data : first.detail.data);
        error_free(&first);
        return run_once(db, &run, &limit, &again, error);
    }
    *error = first;
    return false;
}
