/* What every endpoint works with, and what it is asked. */
#ifndef TALLY_APP_H
#define TALLY_APP_H

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
};

/* A request whose route and caller are known. Texts live as long as the request. */
struct request {
    const char *query; /* undecoded */
    struct identity identity;
    int peer_fd; /* readable-hung-up when the one who asks has left; -1: not known */
};

#endif
