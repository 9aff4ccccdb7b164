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

/* Of a connection's lifetime, so that those of a pool do not end together. */
enum { LIFETIME_LEAST_PERCENT = 80 };

enum fit { UNFIT, SECOND, FIRST };

/* How well a server suits: a primary, a standby. */
static const enum fit fits[][2] = {
    [TARGET_PREFER_PRIMARY] = {FIRST, SECOND}, [TARGET_ANY] = {FIRST, FIRST},
    [TARGET_PRIMARY] = {FIRST, UNFIT},         [TARGET_STANDBY] = {UNFIT, FIRST},
    [TARGET_PREFER_STANDBY] = {SECOND, FIRST},
};

static const char *const kinds[] = {"it is a primary", "it is a standby"};

void db_link_free(struct db_link *link)
{
    pq_close(link->pq);
    db_host_free(&link->host);
    db_search_free(&link->search);
    buffer_free(&link->outage);
    buffer_free(&link->told);
    buffer_free(&link->rights);
}

/* A search for a better server than one that is lost would leave that one out. */
void db_link_drop(struct db_link *link)
{
    db_search_end(&link->search);
    pq_close(link->pq);
    link->pq = NULL;
    link->steps++;
}

const char *db_link_prepared_name(const struct db_link *link, const struct statement *statement)
{
    return link->config->database.prepared && statement->planned_once ? statement->name : "";
}

static bool send_setup(const struct db_link *link, struct pq *pq)
{
    bool sent = pq_begin_batch(pq) &&
                pq_send_command(pq, statements[STATEMENT_SCHEMA_VERSION].text) &&
                pq_send_command(pq, statements[STATEMENT_SCHEMA_RIGHTS].text);

    for (int i = 0; i < STATEMENT_COUNT; i++) {
        const char *name = db_link_prepared_name(link, &statements[i]);

        sent = sent && pq_send_prepare(pq, name, statements[i].text) && pq_send_describe(pq, name);
    }
    return sent && pq_end_batch(pq);
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
static bool set_up(struct db_link *link, struct pq *pq)
{
    struct db_limit limit = {clock_now() + SETUP, -1};
    const struct db_fault *fault = NULL;
    struct error error = {0};
    bool good = send_setup(link, pq) && db_exchange(pq, &limit, check_setup, link, &fault, &error);

    if (!good) {
        /* They wait at the server, perhaps for a lock, and would wait on behind our back. */
        if (error.code == ERROR_DEADLINE)
            pq_cancel(pq);
        db_search_add_fault(&link->search,
                            error.detail.data != NULL ? error.detail.data
                            : error.code == ERROR_DEADLINE
                                ? "the checks on a new connection took too long; is a table locked?"
                                : "the connection broke");
        link->found_unfit |= error.code == ERROR_UNFIT;
    }
    error_free(&error);
    return good;
}

/* What was told already is told no more. */
static void tell(struct buffer *told, enum log_level level, const char *what, const char *text)
{
    if (told->length > 0 && strcmp(told->data, text) == 0)
        return;
    buffer_clear(told);
    buffer_add_text(told, text);
    log_message(level, "%s: %s", what, text);
}

static enum fit fit_of(const struct db_link *link, const struct pq *pq)
{
    return fits[link->config->database.target][pq_is_standby(pq)];
}

/* Puts a connection that was set up in place of the one that there was. */
static void adopt(struct db_link *link, struct pq *pq)
{
    pq_close(link->pq);
    link->pq = pq;
    link->steps++;
    link->renewal = renewal_time(link->config);
    db_host_copy(&link->host, &link->search.host);
    if (link->outage.length > 0)
        log_message(LOG_LEVEL_INFO, "the database is back");
    buffer_clear(&link->outage);
    link->is_unfit = false;
    backoff_succeeded(&link->backoff);
    if (link->search.faults.length > 0)
        tell(&link->told, LOG_LEVEL_WARNING, "some hosts were passed over",
             link->search.faults.data);
}

/* The search has ended in vain: there is no connection, or the one in use is not what is preferred
 * and stays. */
static void give_up(struct db_link *link)
{
    struct buffer *faults = &link->search.faults;

    db_search_end(&link->search);
    if (link->pq != NULL) {
        backoff_failed(&link->retry);
        if (faults->length == 0)
            buffer_add_text(faults, "there is no other host");
        tell(&link->told, LOG_LEVEL_WARNING,
             pq_is_standby(link->pq) ? "the server is a standby and stores no events"
                                     : "the server is a primary, though a standby is preferred",
             faults->data);
        return;
    }
    backoff_failed(&link->backoff);
    link->is_unfit = link->found_unfit;
    strcpy(link->refusal, link->search.refusal);
    if (!link->is_unfit)
        buffer_add_text(faults, " (asked as [database] in the configuration says)");
    tell(&link->outage, LOG_LEVEL_ERROR, "no database", faults->data);
}

/* Takes the connection that was found, or closes it. Returns whether the search is over. */
static bool consider(struct db_link *link, struct pq *pq)
{
    enum fit fit = fit_of(link, pq);

    if (fit == UNFIT)
        db_search_add_fault(&link->search, kinds[pq_is_standby(pq)]);
    if (fit == UNFIT || (fit == SECOND && link->pq != NULL)) {
        pq_close(pq);
        return false;
    }
    if (!set_up(link, pq)) {
        pq_close(pq);
        return fit == FIRST;
    }
    adopt(link, pq);
    if (fit == SECOND)
        return false;
    if (link->retry.delay > 0)
        log_message(LOG_LEVEL_INFO, "a server of the preferred kind was found");
    db_hosts_succeeded(&link->search.hosts, &link->host);
    backoff_succeeded(&link->retry);
    db_search_end(&link->search);
    return false;
}

/* Takes the steps of the search that need no waiting. */
static void pursue(struct db_link *link)
{
    while (link->search.is_running) {
        enum db_search_step step = db_search_step(&link->search);

        link->steps++;
        if (step == DB_SEARCH_WAIT)
            return;
        if (step == DB_SEARCH_ENDED || consider(link, db_search_take(&link->search)))
            give_up(link);
    }
}

static void begin_search(struct db_link *link, const struct db_host *except)
{
    link->search.config = link->config;
    link->found_unfit = false;
    db_search_begin(&link->search, except);
    pursue(link);
}

static bool fail_unopened(const struct db_link *link, struct error *error)
{
    const struct db_fault *fault =
        link->is_unfit ? db_fault_find("42") : db_fault_of_login(link->refusal);

    return error_set(error, fault->code, "%s", fault->message);
}

static bool is_open(const struct db_link *link)
{
    return link->pq != NULL;
}

bool db_link_can_change(const struct db_link *link)
{
    return link->pq != NULL && !pq_is_standby(link->pq);
}

/* Waits for the search until it has brought enough. That is counted from when a server was last
 * heard of, so that one request waits for a server that hangs, and not all. */
static void wait_for(struct db_link *link, const struct db_limit *limit,
                     bool (*is_enough)(const struct db_link *), struct error *error)
{
    struct error waiting = {0};
    int64_t until;

    pursue(link);
    until = link->search.lively + REQUEST_CONNECT;
    if (limit->deadline < until)
        until = limit->deadline;
    while (link->search.is_running && !is_enough(link) && clock_left(until) > 0 &&
           waiting.code != ERROR_PEER_GONE) {
        const struct db_search *search = &link->search;
        struct db_limit step = {search->deadline < until ? search->deadline : until,
                                limit->peer_fd};

        error_free(&waiting);
        db_exchange_wait(db_search_fd(search), db_search_events(search), &step, &waiting);
        pursue(link);
    }
    if (waiting.code == ERROR_PEER_GONE)
        error_set(error, waiting.code, "%s", waiting.message.data);
    error_free(&waiting);
}

bool db_link_ensure(struct db_link *link, const struct db_limit *limit, struct error *error)
{
    if (link->pq == NULL && !link->search.is_running && backoff_is_due(&link->backoff, true))
        begin_search(link, NULL);
    wait_for(link, limit, is_open, error);
    return link->pq != NULL || fail_unopened(link, error);
}

/* A server that was promoted says so, and that may not be read yet. */
bool db_link_ensure_primary(struct db_link *link, const struct db_limit *limit, struct error *error)
{
    const struct db_fault *away = db_fault_find("");

    if (link->pq != NULL && pq_is_standby(link->pq) && !pq_tend(link->pq))
        db_link_drop(link);
    if (!db_link_ensure(link, limit, error))
        return false;
    if (!db_link_can_change(link) && fit_of(link, link->pq) == SECOND) {
        if (!link->search.is_running && backoff_is_due(&link->retry, true))
            begin_search(link, NULL);
        wait_for(link, limit, db_link_can_change, error);
    }
    if (db_link_can_change(link))
        return true;
    error_set(error, away->code, "%s", away->message);
    return error_detail(error, "the server is a standby, which stores nothing (see target in "
                               "[database] of the configuration)");
}

void db_link_wait(const struct db_link *link, struct db_wait *wait)
{
    int64_t due = link->pq == NULL ? link->backoff.due : link->renewal;

    if (link->pq != NULL && fit_of(link, link->pq) == SECOND && link->retry.due < due)
        due = link->retry.due;
    *wait = (struct db_wait){
        .fd = link->pq == NULL ? -1 : pq_socket(link->pq),
        .events = POLLIN,
        .steps = link->steps,
        .timeout = clock_left(link->search.is_running ? link->search.deadline : due),
    };
    if (link->search.is_running) {
        wait->fd = db_search_fd(&link->search);
        wait->events = db_search_events(&link->search);
    }
}

/* Returns whether the connection is to be made anew. */
static bool is_over(const struct db_link *link)
{
    if (!pq_tend(link->pq))
        log_message(LOG_LEVEL_INFO, "the connection to the database was lost");
    else if (fit_of(link, link->pq) == UNFIT)
        log_message(LOG_LEVEL_INFO, "another server is searched for: %s",
                    kinds[pq_is_standby(link->pq)]);
    else if (clock_left(link->renewal) == 0)
        log_message(LOG_LEVEL_DEBUG, "the connection to the database is renewed");
    else
        return false;
    return true;
}

/* Whoever looks for a better server of their own accord need not meet the one in use again. */
void db_link_tend(struct db_link *link)
{
    if (link->search.is_running) {
        pursue(link);
    } else if (link->pq == NULL) {
        if (backoff_is_due(&link->backoff, false))
            begin_search(link, NULL);
    } else if (is_over(link)) {
        db_link_drop(link);
        begin_search(link, NULL);
    } else if (fit_of(link, link->pq) == SECOND && backoff_is_due(&link->retry, false)) {
        begin_search(link, &link->host);
    }
}
