/* The wait between requests: for a connection, for the database, and for the end.
 *
 * Of the workers that wait on the same socket, a connection wakes one and not all (epoll(7),
 * EPOLLEXCLUSIVE). The signals that end a worker are held at all times and arrive here as an event
 * (signalfd(2)), so that they are seen between two requests also when there is no pause. */
#ifndef TALLY_WAITING_H
#define TALLY_WAITING_H

#include <stdbool.h>

#include "db_link.h"

struct waiting {
    int epoll_fd, listen_fd;
    int pause;      /* milliseconds for which the listening socket is left alone; 0: it is not */
    int64_t resume; /* clock_now() when that ends */
    int db_fd;      /* what is registered of the database; -1: nothing */
    short db_events;
    unsigned db_steps;
};

/* What the wait was ended by; more than one may be true, none where time was up. */
struct waiting_ready {
    bool request;
    bool database; /* its socket is ready, or it is due */
    bool end;
};

/* Holds the signals that end a worker (TERM, INT, USR1). Call it before anything else. */
void waiting_hold_signals(void);

/* Prepares to wait on `listen_fd`. Returns false where the system refuses. */
bool waiting_start(struct waiting *waiting, int listen_fd);

/* Connections that wait cannot be taken: the listening socket is left alone for a moment, longer
 * each time until waiting_go_on. It would end every wait at once. */
void waiting_pause(struct waiting *waiting);

/* One was taken. */
void waiting_go_on(struct waiting *waiting);

/* Waits, for the shorter timeout at the most, in milliseconds (-1: as long as it takes). The alarm
 * of peer.c is held meanwhile. */
struct waiting_ready waiting_wait(struct waiting *waiting, const struct db_link *link, int timeout,
                                  int other_timeout);

#endif
