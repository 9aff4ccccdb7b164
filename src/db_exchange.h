/* One exchange with PostgreSQL: what was sent is answered, read and handed on, with a limit. */
#ifndef TALLY_DB_EXCHANGE_H
#define TALLY_DB_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "db_fault.h"
#include "error.h"
#include "pq.h"

/* Who waits for the answer, and until when. */
struct db_limit {
    int64_t deadline; /* clock_now()'s */
    int peer_fd;      /* socket of the client's side; -1: none to watch */
};

/* Takes a result of the statement number `step` of a batch. Returns false with the error set to
 * end the exchange. */
typedef bool db_result_handler(const struct pq_result *result, int step, void *context,
                               struct error *error);

/* Whether there is time left; fails with ERROR_DEADLINE. */
bool db_exchange_has_time(const struct db_limit *limit, struct error *error);

/* Waits until `fd`, such as the connection's socket, has one of `events` (poll(2)). Fails with
 * ERROR_DEADLINE or ERROR_PEER_GONE. */
bool db_exchange_wait(int fd, short events, const struct db_limit *limit, struct error *error);

/* Sends what is unsent and reads to the end, or until the deadline, or until the client leaves:
 * these are looked at between rows, too. Where a statement fails, the rest is read all the
 * same, *fault says what it means (NULL: none failed) and the error is set from it. An exchange
 * that ended early leaves the connection in use: see db_exchange_finish. */
bool db_exchange(struct pq *pq, const struct db_limit *limit, db_result_handler *take,
                 void *context, const struct db_fault **fault, struct error *error);

/* Reads what is left of an exchange that ended early; `cancel`: after asking the server to end it.
 * *fault says what a statement failed of then (NULL: none failed). Returns whether the connection
 * is idle again, else it is good for nothing but pq_close. Takes half a second at the most. */
bool db_exchange_finish(struct pq *pq, bool cancel, const struct db_fault **fault);

#endif
