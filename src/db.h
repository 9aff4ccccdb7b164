/* Asking PostgreSQL over the worker's one connection.
 *
 * Nothing here blocks without a limit. A query that reaches
 * its deadline, or whose answer nobody waits for any more, is cancelled at the server. */
#ifndef TALLY_DB_H
#define TALLY_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "db_link.h"
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
 * Fails with ERROR_UNAVAILABLE, ERROR_LOGIN_REFUSED, ERROR_UNFIT, ERROR_DEADLINE, ERROR_PEER_GONE
 * or ERROR_INTERNAL; rows may have been taken by then. */
bool db_run(struct db *db, const struct db_call *calls, size_t count, int peer_fd,
            struct error *error);

/* The same, where it shall take at most `timeout` milliseconds instead of query_timeout. */
bool db_run_within(struct db *db, int timeout, const struct db_call *calls, size_t count,
                   int peer_fd, struct error *error);

/* Whether there is a connection now, to a server that takes changes. */
bool db_can_change(const struct db *db);

/* Runs one call in a transaction that may write, for at most `timeout` milliseconds. It may be run
 * twice, where the first try met a connection that was lost. Fails as db_run does, and then the
 * change was made or not. */
bool db_change(struct db *db, int timeout, const struct db_call *call, struct error *error);

/* Whether nothing is left of a db_change that failed just now; false where that is not known. */
bool db_is_undone(const struct db *db);

struct db_cost {
    long rows;
    int64_t microseconds;
};

/* What all was spent since the last call. */
struct db_cost db_take_cost(struct db *db);

/* The connection, to be tended between requests. */
struct db_link *db_link(struct db *db);

#endif
