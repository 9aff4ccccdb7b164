#include "db_link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "db_fault.h"
#include "log.h"
#include "schema_rights.h"
#include "schema_version.h"

/* Milliseconds. */
enum {
    REQUEST_CONNECT = 1000, /* how long a request waits for a connection that is being made */
    SETUP = 1000,           /* for the checks on a new connection */
};

#define NO_ENCODING "SQL_ASCII"

/* Of a connection's lifetime, so that those of a pool do not end together. */
enum { LIFETIME_LEAST_PERCENT = 80 };

void db_link_free(struct db_link *link)
{
    pq_close(link->pq);
    buffer_free(&link->outage);
    buffer_free(&link->rights);
}

void db_link_drop(struct db_link *link)
{
    pq_close(link->pq);
    link->pq = NULL;
    link->state = DB_LINK_DOWN;
}

const char *db_link_prepared_name(const struct db_link *link, const struct statement *statement)
{
    return link->config->database.prepared && statement->planned_once ? statement->name : "";
}

/* Logs the reason once, however many tries fail with it. */
static void give_up(struct db_link *link, const char *reason, bool is_unfit)
{
    db_link_drop(link);
    backoff_failed(&link->backoff);
    link->is_unfit = is_unfit;
    if (link->outage.length > 0 && strcmp(link->outage.data, reason) == 0)
        return;
    log_message(LOG_LEVEL_ERROR, "no database: %s", reason);
    buffer_clear(&link->outage);
    buffer_add_text(&link->outage, reason);
}

static bool send_setup(struct db_link *link)
{
    bool sent = pq_begin_batch(link->pq) &&
                pq_send_command(link->pq, statements[STATEMENT_SCHEMA_VERSION].text) &&
                pq_send_command(link->pq, statements[STATEMENT_SCHEMA_RIGHTS].text);

    for (int i = 0; i < STATEMENT_COUNT; i++) {
        const char *name = db_link_prepared_name(link, &statements[i]);

        sent = sent && pq_send_prepare(link->pq, name, statements[i].text) &&
               pq_send_describe(link->pq, name);
    }
    return sent && pq_end_batch(link->pq);
}

/* Answers go on with rights that are wrong, as far as they can. It is told once. */
static void tell_rights(struct db_link *link, const struct pq_result *result)
{
    struct error wrong = {0};
    struct buffer told = link->rights;

    if (!schema_rights_check(pq_text(result, 0, 0), pq_text(result, 0, 1), &wrong) &&
        !buffer_is(&told, wrong.detail.data))
        log_message(LOG_LEVEL_WARNING, "%s", wrong.detail.data);
    link->rights = wrong.detail;
    wrong.detail = told;
    error_free(&wrong);
}

enum { STEP_VERSION, STEP_RIGHTS, STEP_STATEMENTS };

/* Behind version and rights each statement has a step for preparing and one for describing. */
static bool check_setup(const struct pq_result *result, int step, void *context,
                        struct error *error)
{
    if (step == STEP_VERSION)
        return pq_rows(result) == 0 || schema_version_check(pq_text(result, 0, 0), error);
    if (step == STEP_RIGHTS && pq_rows(result) > 0)
        tell_rights(context, result);
    if (step < STEP_STATEMENTS || (step - STEP_STATEMENTS) % 2 == 0)
        return true;

    const struct statement *statement = &statements[(step - STEP_STATEMENTS) / 2];
    const struct db_fault *fault = db_fault_find("42");
    struct buffer difference = {0};

    if (!pq_check_shape(result, statement, &difference)) {
        error_set(error, fault->code, "%s", fault->message);
        error_detail(error, "statement %s %s%s", statement->name, difference.data, fault->advice);
    }
    buffer_free(&difference);
    return error->code == ERROR_NONE;
}

static int64_t renewal_time(const struct config *config)
{
    int64_t lifetime = (int64_t)config->database.connection_lifetime * 1000;
    uint32_t percent = LIFETIME_LEAST_PERCENT + arc4random_uniform(101 - LIFETIME_LEAST_PERCENT);

    return lifetime == 0 ? INT64_MAX : clock_now() + lifetime * percent / 100;
}

/* Checks on a new connection that schema and statements are what this program was built for. */
static void set_up(struct db_link *link)
{
    struct db_limit limit = {clock_now() + SETUP, -1};
    const struct db_fault *fault = NULL;
    struct error error = {0};

    if (send_setup(link) && db_exchange(link->pq, &limit, check_setup, link, &fault, &error)) {
        if (link->outage.length > 0)
            log_message(LOG_LEVEL_INFO, "the database is back");
        buffer_clear(&link->outage);
        backoff_succeeded(&link->backoff);
        link->deadline = renewal_time(link->config);
        link->state = DB_LINK_OPEN;
    } else {
        /* They wait at the server, perhaps for a lock, and would wait on behind our back. */
        if (error.code == ERROR_DEADLINE)
            pq_cancel(link->pq);
        give_up(link,
                error.detail.data != NULL ? error.detail.data
                : error.code == ERROR_DEADLINE
                    ? "the checks on a new connection took too long; is a table locked?"
                    : "the connection broke",
                error.code == ERROR_UNFIT);
    }
    error_free(&error);
}

/* A database without an encoding holds any bytes, and would refuse to send those that are not
 * UTF-8. Its clients must have none either; what is no UTF-8 is mended where it is written. */
static bool has_other_encoding(const struct db_link *link)
{
    return (strcmp(pq_server_encoding(link->pq), NO_ENCODING) == 0) != link->is_raw;
}

static void start_opening(struct db_link *link)
{
    const struct config *config = link->config;
    const struct pq_setting settings[] = {
        {"host", config->database.host},
        {"port", config->database.port},
        {"dbname", config->database.dbname},
        {"user", config->database.user},
        {"passfile", config->database.passfile},
        {"sslmode", config->database.sslmode},
        {"service", config->database.service},
        {"fallback_application_name", "tally"},
        {"client_encoding", link->is_raw ? NO_ENCODING : "UTF8"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "10000"},
        {NULL, NULL},
    };

    link->pq = pq_start(settings);
    link->progress = PQ_WANTS_WRITE;
    link->patience = clock_now() + REQUEST_CONNECT;
    link->deadline = clock_now() + (int64_t)config->database.connect_timeout * 1000;
    link->state = DB_LINK_OPENING;
}

static void reopen(struct db_link *link)
{
    db_link_drop(link);
    start_opening(link);
}

/* Takes the next step, as far as it goes without waiting. */
static void advance(struct db_link *link)
{
    struct buffer reason = {0};

    link->progress = pq_advance(link->pq);
    link->steps++;
    if (link->progress == PQ_IS_OPEN && has_other_encoding(link)) {
        link->is_raw = !link->is_raw;
        reopen(link);
    } else if (link->progress == PQ_IS_OPEN) {
        set_up(link);
    } else if (link->progress == PQ_IS_BROKEN) {
        pq_add_fault(link->pq, &reason);
        buffer_add_text(&reason, " (asked as [database] in the configuration says)");
        give_up(link, reason.data, false);
    } else if (clock_left(link->deadline) == 0) {
        give_up(link, "connecting took longer than connect_timeout", false);
    }
    buffer_free(&reason);
}

/* A try that failed at once has no socket to wait for. */
static bool is_due(const struct db_link *link)
{
    return link->state == DB_LINK_OPENING && pq_socket(link->pq) < 0;
}

static short awaited_events(const struct db_link *link)
{
    return link->state == DB_LINK_OPENING && link->progress == PQ_WANTS_WRITE ? POLLOUT : POLLIN;
}

static bool fail_unopened(const struct db_link *link, struct error *error)
{
    const struct db_fault *fault = db_fault_find(link->is_unfit ? "42" : "");

    return error_set(error, fault->code, "%s", fault->message);
}

bool db_link_ensure(struct db_link *link, const struct db_limit *limit, struct error *error)
{
    struct db_limit patience = *limit;
    struct error waiting = {0};

    if (link->state == DB_LINK_DOWN && backoff_is_due(&link->backoff, true))
        start_opening(link);
    /* Counted from the first try, so that one request waits for a server that hangs, and not all.
     */
    if (patience.deadline > link->patience)
        patience.deadline = link->patience;
    while (link->state == DB_LINK_OPENING &&
           (is_due(link) || db_exchange_wait(link->pq, awaited_events(link), &patience, &waiting)))
        advance(link);
    if (waiting.code == ERROR_PEER_GONE)
        error_set(error, waiting.code, "%s", waiting.message.data);
    error_free(&waiting);
    return link->state == DB_LINK_OPEN || fail_unopened(link, error);
}

void db_link_wait(const struct db_link *link, struct db_wait *wait)
{
    int64_t due = link->state == DB_LINK_DOWN ? link->backoff.due : link->deadline;

    *wait = (struct db_wait){
        .fd = link->pq == NULL ? -1 : pq_socket(link->pq),
        .events = awaited_events(link),
        .steps = link->steps,
        .timeout = is_due(link) ? 0 : clock_left(due),
    };
}

void db_link_tend(struct db_link *link)
{
    switch (link->state) {
    case DB_LINK_OPEN:
        if (!pq_tend(link->pq)) {
            log_message(LOG_LEVEL_INFO, "the connection to the database was lost");
            reopen(link);
        } else if (clock_left(link->deadline) == 0) {
            log_message(LOG_LEVEL_DEBUG, "the connection to the database is renewed");
            reopen(link);
        }
        break;
    case DB_LINK_OPENING:
        advance(link);
        break;
    case DB_LINK_DOWN:
        if (backoff_is_due(&link->backoff, false))
            start_opening(link);
        break;
    }
}
