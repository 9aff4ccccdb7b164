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
    const char *secret;                /* what only the site's own web server can send */
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

struct route;
struct intake;

/* A request on its way to its reply. */
struct route_call {
    const struct route_input *input;
    const struct route *route; /* NULL where there is none */
    struct request request;
    struct intake *events; /* few, for ingest_record; or NULL */
    struct error error;
    struct reply reply;
};

/* Finds who answers a request, and reads its events if they are few. `input` must outlive the call,
 * which route_answer ends. */
void route_begin(struct app *app, const struct route_input *input, struct route_call *call);

/* Whether it is known what the reply says, so that route_answer takes no time. */
bool route_is_decided(const struct route_call *call);

/* Answers the request; the outcome, good or bad, is `call->reply`, whose body the caller frees.
 * Faults that are not the client's are logged. */
void route_answer(struct app *app, struct route_call *call);

#endif
