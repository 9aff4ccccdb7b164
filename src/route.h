/* From path and method to an endpoint, and from its outcome to a reply. */
#ifndef TALLY_ROUTE_H
#define TALLY_ROUTE_H

#include <stdbool.h>

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
    int timeout;           /* milliseconds for what `events` still need */
    struct error error;
    struct reply reply;
};

/* Finds who answers a request, and reads its events if they are few. `input` must outlive the call,
 * which route_answer ends. */
void route_begin(struct app *app, const struct route_input *input, struct route_call *call);

/* Whether the reply needs nothing but route_answer, which does not wait for anything then. */
bool route_is_decided(const struct route_call *call);

/* Records the events of calls that have some, ROUTE_TOGETHER at the most, in one transaction. It
 * may take half the time of a query, or if `someone_waits` a moment; where it fails each is
 * recorded alone by route_answer, all of them within the time that is left. */
bool route_record(struct app *app, struct route_call *const *calls, size_t count,
                  bool someone_waits);

/* Answers the request; the outcome, good or bad, is `call->reply`, whose body the caller frees.
 * Faults that are not the client's are logged. */
void route_answer(struct app *app, struct route_call *call);

#endif
