/* How a connection of pq.h is made: started, brought on step by step, refused. */
#ifndef TALLY_PQ_CONNECT_H
#define TALLY_PQ_CONNECT_H

#include "pq.h"

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

enum { PQ_SQLSTATE_SIZE = 6 };
/* The SQLSTATE with which a server refused a connection that is broken; 28P01, too, where there was
 * no password. "": it did not get that far. */
void pq_refusal(const struct pq *pq, char sqlstate[PQ_SQLSTATE_SIZE]);

#endif
