/* libpq without its blocking calls: the only part that knows it. Each function returns at once;
 * the caller polls pq_socket and decides how long to go on (PostgreSQL's manual 34.4, 34.5). */
#ifndef TALLY_PQ_H
#define TALLY_PQ_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "db_value.h"
#include "statements.h"

struct pq;
struct pq_result;

struct pq_setting {
    const char *keyword;
    const char *value; /* NULL or "": left to libpq */
};

/* Starts a connection, to be brought on by pq_advance. `settings` ends with a NULL keyword; a host
 * name without its address is looked up, which may take long. */
struct pq *pq_start(const struct pq_setting *settings);

/* Appends what libpq and the server said while connecting, since the last call; false: nothing. */
bool pq_take_warning(struct pq *pq, struct buffer *text);

/* What libpq would take for a keyword: from the settings, else from their service, from the
 * environment, or its own default; "" where there is none. The caller frees it. */
char *pq_effective(const struct pq_setting *settings, const char *keyword);

enum pq_progress { PQ_WANTS_READ, PQ_WANTS_WRITE, PQ_IS_OPEN, PQ_IS_BROKEN };

/* Takes the next step of connecting and says what the socket must be ready for next. */
enum pq_progress pq_advance(struct pq *pq);

/* Whether a server answered that it does not let us in; not: while it starts or stops. */
bool pq_was_refused(const struct pq *pq);

/* Ends the connection; to an idle server with a word of goodbye. NULL is fine. */
void pq_close(struct pq *pq);

int pq_socket(const struct pq *pq);

/* The encoding of the database that an open connection leads to; "" where it did not say. */
const char *pq_server_encoding(const struct pq *pq);

/* Whether an open connection leads to a server that follows another one, as far as it said so. */
bool pq_is_standby(const struct pq *pq);

/* Reads what the server sent by itself. Returns false when the connection is broken. */
bool pq_tend(struct pq *pq);

/* Whether the connection is fit for the next query: not broken, no query, no transaction. */
bool pq_is_idle(const struct pq *pq);

/* Whether the server is, as far as is known, carrying out a query. */
bool pq_is_running(const struct pq *pq);

/* Whether a transaction is open that can only be rolled back. */
bool pq_is_in_failed_transaction(const struct pq *pq);

/* Appends libpq's last message about the connection, on one line. */
void pq_add_fault(const struct pq *pq, struct buffer *text);

/* Sending. A batch is a pipeline: what is sent in it is answered in order, and after a fault the
 * rest of it is passed over. Outside a batch one query is sent at a time. Each returns false when
 * the connection is broken. */
bool pq_begin_batch(struct pq *pq);
bool pq_end_batch(struct pq *pq);
bool pq_send_command(struct pq *pq, const char *text);
bool pq_send_prepare(struct pq *pq, const char *name, const char *text);
bool pq_send_describe(struct pq *pq, const char *name);
/* `name` "": unprepared, from `text`. Rows come one by one. */
bool pq_send_query(struct pq *pq, const char *name, const char *text, int count,
                   const struct db_value *values);

/* Hands what was sent to the socket: 0 all, 1 more when it is writable, -1 broken. */
int pq_flush(struct pq *pq);

/* Reads from a socket that is readable. Returns false when the connection is broken. */
bool pq_receive(struct pq *pq);

enum pq_event {
    PQ_NOTHING_YET, /* poll the socket, pq_receive, ask again */
    PQ_RESULT,      /* of the statement at hand: rows or a description */
    PQ_NEXT,        /* the statement is done; what follows belongs to the next one of the batch */
    PQ_FAULT,       /* the statement failed */
    PQ_END,         /* the batch, or the single query, is over */
};

/* The next piece of the answer. At PQ_RESULT and PQ_FAULT *result is to be cleared. */
enum pq_event pq_next(struct pq *pq, struct pq_result **result);
void pq_clear(struct pq_result *result);

int pq_rows(const struct pq_result *result);
/* NULL: SQL null. Lives as long as the result. */
const char *pq_text(const struct pq_result *result, int row, int column);
size_t pq_length(const struct pq_result *result, int row, int column);

/* The SQLSTATE of a fault, "" when the connection broke. */
const char *pq_sqlstate(const struct pq_result *result);
/* Appends the server's message on one line, with the names of what it is about, and without what
 * events hold. */
void pq_add_message(const struct pq_result *result, struct buffer *text);

/* Compares a description with what the statement should be. Returns false and appends the first
 * difference where they disagree. */
bool pq_check_shape(const struct pq_result *description, const struct statement *statement,
                    struct buffer *fault);

/* Asks the server to cancel the query at hand, without waiting for it: the request is sent by a
 * thread of its own, since PQcancel may block for as long as the server is frozen. */
void pq_cancel(struct pq *pq);

/* Waits until the server has taken the request, for `milliseconds` at the most. Returns false where
 * it has not: the request may then hit whatever query is next, so the connection must be closed. */
bool pq_cancel_settled(struct pq *pq, int milliseconds);

#endif
