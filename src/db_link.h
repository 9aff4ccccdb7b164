/* The connection to PostgreSQL: searched for, checked, kept up, renewed, closed.
 *
 * A connection that is lost is made again with back-off. It is renewed after connection_lifetime,
 * since which server it leads to was settled when it was made. While it leads to a server of the
 * kind that `target` does not prefer, it is used, and the search for another one goes on. */
#ifndef TALLY_DB_LINK_H
#define TALLY_DB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "backoff.h"
#include "config.h"
#include "db_exchange.h"
#include "db_search.h"
#include "error.h"
#include "pq.h"
#include "statements.h"

/* Starts with its config alone; `config` must outlive it. */
struct db_link {
    const struct config *config;
    struct pq *pq;       /* the connection in use; NULL: there is none */
    struct db_host host; /* where it leads to */
    unsigned steps;      /* with each what is waited for may be another socket */
    int64_t renewal;     /* when `pq` is made anew */
    struct db_search search;
    struct backoff backoff; /* of the searches without a connection */
    struct backoff retry;   /* of those for a better one */
    struct buffer outage;   /* why there is no connection, as logged; empty when there is one */
    struct buffer told;     /* what was logged last of hosts that were passed over */
    struct buffer rights;   /* what is wrong with the rights, as logged; empty: nothing */
    bool is_unfit;          /* no connection, since a server's schema was of no use */
    bool found_unfit;       /* in this search */
    char refusal[PQ_SQLSTATE_SIZE]; /* the SQLSTATE with which the last try was refused; "": none */
};

/* Ends the connection in an orderly way and frees what the link holds. */
void db_link_free(struct db_link *link);

/* For a request: there is a connection, or one can be made soon, or it fails with
 * ERROR_UNAVAILABLE, ERROR_LOGIN_REFUSED, ERROR_UNFIT or ERROR_PEER_GONE. */
bool db_link_ensure(struct db_link *link, const struct db_limit *limit, struct error *error);

/* For a request that changes something: the same, to a server that takes changes. */
bool db_link_ensure_primary(struct db_link *link, const struct db_limit *limit,
                            struct error *error);

/* Whether there is a connection now, to a server that takes changes. */
bool db_link_can_change(const struct db_link *link);

/* Closes a connection that is good for nothing any more. */
void db_link_drop(struct db_link *link);

/* The name that a statement is prepared under; "": it is not. */
const char *db_link_prepared_name(const struct db_link *link, const struct statement *statement);

/* What to wait for between requests. */
struct db_wait {
    int fd;         /* of the connection's socket, or of the search's; -1: none */
    short events;   /* POLLIN or POLLOUT */
    unsigned steps; /* after each the same fd may be another socket */
    int timeout;    /* milliseconds until db_tend is due; -1: only when the fd is ready */
};

void db_link_wait(const struct db_link *link, struct db_wait *wait);

/* Between requests: notices a connection that broke, is old or leads to another kind of server than
 * is wanted, and takes the next step to a new one. */
void db_link_tend(struct db_link *link);

#endif
