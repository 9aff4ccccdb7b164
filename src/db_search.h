/* The search for a server: host after host of the settings, each with connect_timeout of its own,
 * step by step and without blocking. */
#ifndef TALLY_DB_SEARCH_H
#define TALLY_DB_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "config.h"
#include "db_hosts.h"
#include "fault_log.h"
#include "pq_connect.h"

/* Starts with its config alone; `config` must outlive it. */
struct db_search {
    const struct config *config;
    bool is_running;
    bool is_raw;     /* texts come as they are: the database has no encoding */
    bool has_warned; /* of settings that are not heeded */
    struct db_hosts hosts;
    struct db_host host;   /* that is tried */
    struct db_host except; /* that is not to be tried; {0}: none */
    struct pq *pq;         /* the connection that is made; NULL: none */
    enum pq_progress progress;
    size_t looking;   /* the host of the round whose name is looked up */
    int64_t lively;   /* when it began, or a server was last heard of */
    int64_t deadline; /* of this host, or of the look-up of its name */
    struct fault_log warnings;
    struct buffer faults;           /* of the hosts that were tried in vain */
    char refusal[PQ_SQLSTATE_SIZE]; /* the SQLSTATE with which the last one refused; "": none did */
};

/* Begins a round, which starts where the last success was. `except`: a host that need not be tried;
 * NULL: none. */
void db_search_begin(struct db_search *search, const struct db_host *except);

enum db_search_step {
    DB_SEARCH_WAIT,  /* for db_search_fd, or until the deadline */
    DB_SEARCH_FOUND, /* search->pq is open: take it, or close it; then the search goes on */
    DB_SEARCH_ENDED, /* there is no host left, or one refused to let us in */
};

/* Goes as far as it does without waiting; to be called when what it waits for is there. */
enum db_search_step db_search_step(struct db_search *search);

/* Hands over the connection that was found. */
struct pq *db_search_take(struct db_search *search);

/* Notes why the host that was found is of no use. */
void db_search_add_fault(struct db_search *search, const char *text);

/* What the search waits for: a descriptor, and POLLIN or POLLOUT. */
int db_search_fd(const struct db_search *search);
short db_search_events(const struct db_search *search);

/* Ends a search, done or not. */
void db_search_end(struct db_search *search);

void db_search_free(struct db_search *search);

#endif
