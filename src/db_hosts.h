/* Where PostgreSQL may be: every host of the settings with every address of its name, in turn.
 *
 * libpq has connect_timeout for each of these where it blocks; where it does not, nobody has. So
 * the list is made here, and libpq is given one address at a time. */
#ifndef TALLY_DB_HOSTS_H
#define TALLY_DB_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "host_lookup.h"
#include "pq_connect.h"

/* "": left to libpq. */
struct db_host {
    char *host;    /* a name, an address or the folder of a socket */
    char *address; /* of the name */
    char *port;
};

/* Starts as {0}. */
struct db_hosts {
    struct db_host *list; /* as the settings say; freed by db_hosts_free */
    size_t count;
    size_t first, begun;        /* of this round: where it starts, hosts that it began with */
    struct host_lookup *lookup; /* of the host at hand; NULL: none is needed, or all were tried */
    size_t tried;               /* of its addresses */
    struct db_host best;        /* where the last success was */
};

/* Begins a round, with the place of the last success. `settings` ends with a NULL keyword; what it
 * leaves out is taken from its service, from the environment or from libpq. */
void db_hosts_begin(struct db_hosts *hosts, const struct pq_setting *settings);

enum db_hosts_next { DB_HOSTS_FOUND, DB_HOSTS_WAIT, DB_HOSTS_END };

/* The next place to try: *host is borrowed until the next call. DB_HOSTS_WAIT: its name is looked
 * up; wait for db_hosts_fd and ask again. Appends to `faults` which name has no address. */
enum db_hosts_next db_hosts_next(struct db_hosts *hosts, struct db_host *host,
                                 struct buffer *faults);

/* The descriptor of a look-up; -1: none is under way. */
int db_hosts_fd(const struct db_hosts *hosts);

/* Gives up a look-up that takes too long. */
void db_hosts_skip_lookup(struct db_hosts *hosts, struct buffer *faults);

/* The next round starts with this place. */
void db_hosts_succeeded(struct db_hosts *hosts, const struct db_host *host);

void db_hosts_free(struct db_hosts *hosts);

/* A place of its own, and its end. */
void db_host_copy(struct db_host *copy, const struct db_host *host);
void db_host_free(struct db_host *host);
bool db_host_is(const struct db_host *host, const struct db_host *other);

/* Appends a fault of a place, after what is there already. */
void db_host_add_fault(const struct db_host *host, const char *text, struct buffer *faults);

#endif
