/* The wait between requests, for the listening socket and the database.
 *
 * It is ppoll with one difference: of the workers that wait on the same socket, a connection wakes
 * one and not all (epoll(7), EPOLLEXCLUSIVE). */
#ifndef TALLY_WAITING_H
#define TALLY_WAITING_H

#include <signal.h>
#include <stdbool.h>

#include "db.h"

struct waiting {
    int epoll_fd;
    int db_fd; /* what is registered of the database; -1: nothing */
    short db_events;
    unsigned db_steps;
};

/* Prepares to wait on `listen_fd`. Returns false where the system refuses. */
bool waiting_start(struct waiting *waiting, int listen_fd);

/* Waits with `open_signals` as the signal mask. Stores what is ready; neither is, after a signal
 * or at the time when the database is due, which counts as ready then. */
void waiting_wait(struct waiting *waiting, const struct db *db, const sigset_t *open_signals,
                  bool *request_ready, bool *db_ready);

#endif
