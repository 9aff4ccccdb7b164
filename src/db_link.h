/* The connection to PostgreSQL: opened step by step, checked, kept up, renewed, closed.
 *
 * A connection that is lost is made again with back-off. It is renewed after connection_lifetime,
 * since which server it leads to was settled when it was made. */
#ifndef TALLY_DB_LINK_H
#define TALLY_DB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "backoff.h"
#include "config.h"
#include "db_exchange.h"
#include "error.h"
#include "pq.h"
#include "statements.h"

enum db_link_state { DB_LINK_DOWN, DB_LINK_OPENING, DB_LINK_OPEN };

/* Starts with its config alone; `config` must outlive it. */
struct db_link {
    const struct config *config;
    enum db_link_state state;
    struct pq *pq;             /* NULL when down */
    unsigned steps;            /* taken to connect; with each the socket may be another one */
    enum pq_progress progress; /* of an opening connection */
    int64_t deadline;          /* when opening is given up, or an open one is renewed */
    int64_t patience;          /* until when requests wait for an opening one */
    bool is_raw;               /* texts come as they are: the database has no encoding */
    struct backoff backoff;
    struct buffer outage; /* why there is no connection, as logged; empty when there is one */
    struct buffer rights; /* what is wrong with the rights, as logged; empty when nothing is */
    bool is_unfit;        /* the last connection was refused for the schema that it led to */
};

/* Ends the connection in an orderly way and frees what the link holds. */
void db_link_free(struct db_link *link);

/* For a request: there is a connection, or one can be made soon, or it fails with
 * ERROR_UNAVAILABLE, ERROR_UNFIT or ERROR_PEER_GONE. */
bool db_link_ensure(struct db_link *link, const struct db_limit *limit, struct error *error);

/* Closes a connection that is good for nothing any more. */
void db_link_drop(struct db_link *link);

/* The name that a statement is prepared under; "": it is not. */
const char *db_link_prepared_name(const struct db_link *link, const struct statement *statement);

/* What to wait for between requests. */
struct db_wait {
    int fd;         /* of the connection's socket; -1: none */
    short events;   /* POLLIN or POLLOUT */
    unsigned steps; /* taken to connect: after each the same fd may be another socket */
    int timeout;    /* milliseconds until db_tend is due; -1: only when the fd is ready */
};

void db_link_wait(const struct db_link *link, struct db_wait *wait);

/* Between requests: notices a connection that broke or is old, and makes the next step of a new
 * one. */
void db_link_tend(struct db_link *link);

#endif
