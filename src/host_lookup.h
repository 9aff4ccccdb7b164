/* The addresses of a host name, looked up by a thread of its own: getaddrinfo(3) takes as long as a
 * name server is silent, and nothing can end it. */
#ifndef TALLY_HOST_LOOKUP_H
#define TALLY_HOST_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

struct host_lookup;

/* Begins. NULL: the system has no thread or descriptor left. */
struct host_lookup *host_lookup_start(const char *name);

/* Ends it, done or not; whatever is still under way ends by itself. NULL is fine. */
void host_lookup_end(struct host_lookup *lookup);

/* Readable (poll(2)) when it is done. */
int host_lookup_fd(const struct host_lookup *lookup);
bool host_lookup_is_done(const struct host_lookup *lookup);

/* Of one that is done: why there is no address; NULL: there are some. */
const char *host_lookup_fault(const struct host_lookup *lookup);

/* Of one that is done: its addresses as numbers, in the order to try them. */
size_t host_lookup_count(const struct host_lookup *lookup);
const char *host_lookup_address(const struct host_lookup *lookup, size_t number);

#endif
