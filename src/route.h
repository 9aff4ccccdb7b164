/* From path and method to an endpoint, and from its outcome to a reply. */
#ifndef TALLY_ROUTE_H
#define TALLY_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "buffer.h"

/* What the web server says about a request; NULL where it says nothing. */
struct route_input {
    const char *method;
    const char *script_name, *path_info; /* the path in two parts (CGI, RFC 3875 4.1) */
    const char *query;
    const char *user, *role, *user_id; /* the identity parameters */
    const char *request_id;            /* the web server's name for the request, for the log */
    int peer_fd;
    struct request_body body;
};

struct reply {
    const char *status; /* "200 OK"; NULL: nobody waits for a reply */
    const char *allow;  /* methods for the Allow header, or NULL */
    int retry_after;    /* seconds for the Retry-After header, or 0 */
    struct buffer body; /* JSON */
};

enum { ROUTE_TOGETHER = 16 }; /* the most requests that are recorded in one transaction */

struct route;
struct intake;

/* A request on its way to its reply. */
struct route_call {
    const struct route_input *input;
    const struct route *route; /* NULL where there is none */
    struct request request;
    struct intake *events; /* few, that can be recorded together with those of others; or NULL */
    int64_t deadline;      /* of what was not recorded together (clock_now()'s); 0: none yet */
    struct error error;
    struct reply reply;
};

/* Finds who answers a request, and reads its events if they are few. `input` must outlive the call,
 * which route_answer ends. */
void route_begin(struct app *app, const struct route_input *input, struct route_call *call);

/* Whether it is known what the reply says, so that route_answer takes no time. */
bool route_is_decided(const struct route_call *call);

/* Whether events are to be recorded together: not for a while after that took too long, since
 * they might need all the time that there is. */
bool route_may_gather(const struct app *app);

/* What route_record came to. But for the first, nothing was stored, and route_answer does it for
 * each request alone. */
enum route_recorded {
    ROUTE_DECIDED, /* all is stored, or it is not known what is, and all have that fault */
    ROUTE_REFUSED, /* the log did not take one of the events */
    ROUTE_LATE,    /* it took too long */
};

/* Records the events of calls, ROUTE_TOGETHER at the most, in one transaction, for at most half the
 * time of a query, or if `someone_waits` a moment. */
enum route_recorded route_record(struct app *app, struct route_call *const *calls, size_t count,
                                 bool someone_waits);

/* Answers the request; the outcome, good or bad, is `call->reply`, whose body the caller frees.
 * Faults that are not the client's are logged. */
void route_answer(struct app *app, struct route_call *call);

#endif
