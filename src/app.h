/* What every endpoint works with, and what it is asked. */
#ifndef TALLY_APP_H
#define TALLY_APP_H

#include <stdint.h>

#include "config.h"
#include "db.h"
#include "fault_log.h"
#include "identity.h"
#include "upkeep.h"

struct app {
    const struct config *config;
    struct db *db;
    struct fault_log faults;
    struct upkeep upkeep;
    int64_t events_alone_until; /* clock_now()'s: when requests may be recorded together again */
};

/* What a request brings along; NULL where its header says nothing of it. */
struct request_body {
    const char *type, *encoding, *length; /* Content-Type, Content-Encoding, Content-Length */
    /* Appends the body, but no more than one byte beyond `most`. Returns false where it does not
     * come to its end. */
    bool (*read)(void *reader, size_t most, struct buffer *body);
    void *reader; /* handed to `read` */
};

/* A request whose route and caller are known. Texts live as long as the request. */
struct request {
    const char *query; /* undecoded */
    struct identity identity;
    int peer_fd; /* readable-hung-up when the one who asks has left; -1: not known */
    const struct request_body *body;
};

#endif
