#include "db_search.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"

#define NO_ENCODING        "SQL_ASCII"
#define CANNOT_CONNECT_NOW "57P03"

enum { SETTINGS = 17 };

/* `host`: one of the list; NULL: as the configuration has it. */
static void fill_settings(const struct db_search *search, const struct db_host *host,
                          struct pq_setting settings[SETTINGS])
{
    const struct config *config = search->config;
    const struct pq_setting all[] = {
        {"host", host == NULL ? config->database.host : host->host},
        {"hostaddr", host == NULL ? NULL : host->address},
        {"port", host == NULL ? config->database.port : host->port},
        {"dbname", config->database.dbname},
        {"user", config->database.user},
        {"passfile", config->database.passfile},
        {"sslmode", config->database.sslmode},
        {"service", config->database.service},
        {"target_session_attrs", host == NULL ? NULL : "any"},
        {"fallback_application_name", "tally"},
        {"client_encoding", search->is_raw ? NO_ENCODING : "UTF8"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "10000"},
        {NULL, NULL},
    };

    _Static_assert(sizeof all <= SETTINGS * sizeof all[0], "there is room for all settings");
    memcpy(settings, all, sizeof all);
}

/* The role is read only by default, so that libpq would find no server that is read-write. */
static void warn_of_attributes(struct db_search *search, const struct pq_setting *settings)
{
    char *wanted = pq_effective(settings, "target_session_attrs");

    if (!search->has_warned && wanted[0] != '\0' && strcmp(wanted, "any") != 0)
        log_message(LOG_LEVEL_WARNING,
                    "target_session_attrs = %s of the environment or of a service is not heeded: "
                    "set target in [database] of the configuration",
                    wanted);
    search->has_warned = true;
    free(wanted);
}

void db_search_begin(struct db_search *search, const struct db_host *except)
{
    struct pq_setting settings[SETTINGS];

    db_search_end(search);
    fault_log_tend(&search->warnings);
    fill_settings(search, NULL, settings);
    warn_of_attributes(search, settings);
    db_hosts_begin(&search->hosts, settings);
    search->looking = 0;
    buffer_clear(&search->faults);
    search->refusal[0] = '\0';
    db_host_free(&search->except);
    if (except != NULL)
        db_host_copy(&search->except, except);
    search->lively = clock_now();
    search->is_running = true;
}

static int64_t host_deadline(const struct db_search *search)
{
    return clock_now() + (int64_t)search->config->database.connect_timeout * 1000;
}

/* The same at every connection. */
static void tell_warning(struct db_search *search)
{
    struct buffer text = {0};

    if (pq_take_warning(search->pq, &text))
        fault_log_add(&search->warnings, LOG_LEVEL_WARNING, "while connecting to the database",
                      text.data);
    buffer_free(&text);
}

static void close_host(struct db_search *search)
{
    pq_close(search->pq);
    search->pq = NULL;
}

/* Each of these returns whether *step is what comes of it; else the search goes on at once. A try
 * that failed at once has no socket to wait for. */
static bool start_host(struct db_search *search, enum db_search_step *step)
{
    struct pq_setting settings[SETTINGS];

    fill_settings(search, &search->host, settings);
    search->pq = pq_start(settings);
    tell_warning(search);
    search->progress = PQ_WANTS_WRITE;
    search->deadline = host_deadline(search);
    *step = DB_SEARCH_WAIT;
    return pq_socket(search->pq) >= 0;
}

static bool wait_for_lookup(struct db_search *search, enum db_search_step *step)
{
    *step = DB_SEARCH_WAIT;
    if (search->looking != search->hosts.begun) {
        search->looking = search->hosts.begun;
        search->deadline = host_deadline(search);
    }
    if (clock_left(search->deadline) > 0)
        return true;
    db_hosts_skip_lookup(&search->hosts, &search->faults);
    return false;
}

static bool start_next(struct db_search *search, enum db_search_step *step)
{
    struct db_host next;

    switch (db_hosts_next(&search->hosts, &next, &search->faults)) {
    case DB_HOSTS_FOUND:
        if (db_host_is(&next, &search->except))
            return false;
        db_host_copy(&search->host, &next);
        return start_host(search, step);
    case DB_HOSTS_WAIT:
        return wait_for_lookup(search, step);
    default:
        *step = DB_SEARCH_ENDED;
        return true;
    }
}

/* A database without an encoding holds any bytes, and would refuse to send those that are not
 * UTF-8. Its clients must have none either; what is no UTF-8 is mended where it is written. */
static bool has_other_encoding(const struct db_search *search)
{
    return (strcmp(pq_server_encoding(search->pq), NO_ENCODING) == 0) != search->is_raw;
}

/* Who answers that we are not let in ends the search, as libpq would. A server that goes away
 * without a word does not: so does whatever stands before one that is down. */
static bool fail_host(struct db_search *search, enum db_search_step *step)
{
    pq_refusal(search->pq, search->refusal);
    if (search->faults.length > 0)
        buffer_add_text(&search->faults, "; ");
    pq_add_fault(search->pq, &search->faults);
    close_host(search);
    *step = DB_SEARCH_ENDED;
    return search->refusal[0] != '\0' && strcmp(search->refusal, CANNOT_CONNECT_NOW) != 0;
}

/* libpq must not be asked to go on before the socket is ready: it would wait for it, for ever. */
static bool is_ready(const struct db_search *search)
{
    struct pollfd wanted = {.fd = db_search_fd(search), .events = db_search_events(search)};

    return wanted.fd < 0 || poll(&wanted, 1, 0) != 0;
}

static bool wait_for_host(struct db_search *search, enum db_search_step *step)
{
    *step = DB_SEARCH_WAIT;
    if (clock_left(search->deadline) > 0)
        return true;
    db_search_add_fault(search, "no answer within connect_timeout");
    close_host(search);
    return false;
}

static bool advance(struct db_search *search, enum db_search_step *step)
{
    if (!is_ready(search))
        return wait_for_host(search, step);
    search->progress = pq_advance(search->pq);
    tell_warning(search);
    switch (search->progress) {
    case PQ_IS_OPEN:
        *step = DB_SEARCH_FOUND;
        if (!has_other_encoding(search))
            return true;
        search->is_raw = !search->is_raw;
        close_host(search);
        return start_host(search, step);
    case PQ_IS_BROKEN:
        return fail_host(search, step);
    default:
        search->lively = clock_now();
        return wait_for_host(search, step);
    }
}

enum db_search_step db_search_step(struct db_search *search)
{
    enum db_search_step step = DB_SEARCH_ENDED;

    while (!(search->pq != NULL ? advance(search, &step) : start_next(search, &step)))
        ;
    if (step == DB_SEARCH_ENDED)
        search->is_running = false;
    return step;
}

struct pq *db_search_take(struct db_search *search)
{
    struct pq *found = search->pq;

    search->pq = NULL;
    return found;
}

void db_search_add_fault(struct db_search *search, const char *text)
{
    db_host_add_fault(&search->host, text, &search->faults);
}

int db_search_fd(const struct db_search *search)
{
    return search->pq != NULL ? pq_socket(search->pq) : db_hosts_fd(&search->hosts);
}

short db_search_events(const struct db_search *search)
{
    return search->pq != NULL && search->progress == PQ_WANTS_WRITE ? POLLOUT : POLLIN;
}

void db_search_end(struct db_search *search)
{
    close_host(search);
    search->is_running = false;
}

void db_search_free(struct db_search *search)
{
    db_search_end(search);
    fault_log_end(&search->warnings);
    db_hosts_free(&search->hosts);
    db_host_free(&search->host);
    db_host_free(&search->except);
    buffer_free(&search->faults);
}
