/* What went wrong, filled once: the first cause survives, later calls change nothing.
 *
 * A function that can fail returns bool and takes a struct error that starts as {0}; where it
 * returns false, the error is set. Two texts are kept apart: `message` reaches the client and is
 * in our own words; `detail` is for the log, where the text of the database may stand. */
#ifndef TALLY_ERROR_H
#define TALLY_ERROR_H

#include <stdbool.h>

#include "buffer.h"

enum error_code {
    ERROR_NONE,
    ERROR_BAD_REQUEST,
    ERROR_UNAUTHENTICATED,
    ERROR_FORBIDDEN,
    ERROR_NOT_FOUND,
    ERROR_METHOD_NOT_ALLOWED,
    ERROR_TOO_LARGE,        /* the body, or the number of what is in it */
    ERROR_UNSUPPORTED_TYPE, /* of the body */
    ERROR_REJECTED,         /* nothing of the body was accepted; the reply's body says why */
    ERROR_INTERNAL,         /* a fault of ours or of the set-up */
    ERROR_UNAVAILABLE,      /* the database is away: try again later */
    ERROR_LOGIN_REFUSED,    /* the database is there and lets nobody in: the operator must act */
    ERROR_UNFIT,            /* the database lacks its schema, or a right: the operator must act */
    ERROR_EXPOSED,          /* everybody may do what only few should: the operator must act */
    ERROR_REPLY_TOO_LARGE,  /* what was asked for is more than max_reply */
    ERROR_DEADLINE,         /* the query was ended at its deadline */
    ERROR_NO_SUCH_TEXT,     /* the database's encoding cannot hold a text that was asked for */
    ERROR_REFUSED,          /* the database does not take what was to be stored */
    ERROR_LOG_FAULT,        /* the log can take no events: the operator must act */
    ERROR_PEER_GONE,        /* nobody waits for the answer any more: nothing is sent */
    ERROR_CODES
};

struct error {
    enum error_code code;
    struct buffer message; /* for the client; may contain NULs of the client's own input */
    struct buffer detail;  /* for the log; empty where the message says it all */
};

/* Sets code and message, unless an error is set already. Always returns false, so that a
 * function can end with `return error_set(...)`. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets ERROR_INTERNAL; the client learns no more than that, the text is the detail. */
bool error_internal(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds what only the log shall see to an error that is set and has no detail yet. Returns false. */
bool error_detail(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets an error that is not set yet to what another one says. Always returns false. */
bool error_copy(struct error *error, const struct error *other);

/* The HTTP status line of a code, such as "404 Not Found". */
const char *error_status(enum error_code code);

/* Frees the texts and makes the error {0} again. */
void error_free(struct error *error);

#endif
