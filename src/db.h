/* The worker's one connection to PostgreSQL: kept up, asked, given up.
 *
 * Nothing here blocks without a limit, but for libpq's look-up of host names. A connection that is
 * lost is made again with back-off; a query that reaches its deadline, or whose answer nobody waits
 * for any more, is cancelled at the server. */
#ifndef TALLY_DB_H
#define TALLY_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "db_value.h"
#include "error.h"
#include "statements.h"

struct db;
struct db_row;

/* The text of a column; NULL: SQL null. It lives until the row handler returns. */
const char *db_row_text(const struct db_row *row, int column);
size_t db_row_length(const struct db_row *row, int column);

/* Takes one row. Returns false with the error set to end the query. */
typedef bool db_row_handler(const struct db_row *row, void *context, struct error *error);

struct db_call {
    const struct statement *statement;
    const struct db_value *values; /* one for each of its parameters */
    db_row_handler *take_row;
    void *context;
};

/* A connection that is not made yet. `config` must outlive it. */
struct db *db_new(const struct config *config);

/* Ends the connection in an orderly way and frees all. NULL is fine. */
void db_free(struct db *db);

/* Runs the calls in one snapshot and one round trip. `peer_fd` is the socket of the one who waits
 * for the answer, or -1. Connects first where that is due, or else fails at once.
 * Fails with ERROR_UNAVAILABLE, ERROR_DEADLINE, ERROR_PEER_GONE or ERROR_INTERNAL; rows may have
 * been taken by then. */
bool db_run(struct db *db, const struct db_call *calls, size_t count, int peer_fd,
            struct error *error);

/* What to wait for between requests. */
struct db_wait {
    int fd;         /* of the connection's socket; -1: none */
    short events;   /* POLLIN or POLLOUT */
    unsigned steps; /* taken to connect: after each the same fd may be another socket */
    int timeout;    /* milliseconds until db_tend is due; -1: only when the fd is ready */
};

void db_wait(const struct db *db, struct db_wait *wait);

/* Between requests: notices a connection that broke, and makes the next step of a new one. */
void db_tend(struct db *db);

#endif
