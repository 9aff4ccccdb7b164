/* tally.ini: every key, its type and its default stand in one table in config.c. */
#ifndef TALLY_CONFIG_H
#define TALLY_CONFIG_H

#include <stdbool.h>

#include "buffer.h"
#include "log.h"

enum tenancy { TENANCY_SINGLE, TENANCY_MULTI };

/* Which server of several is wanted: a primary takes events, a standby follows it. */
enum target {
    TARGET_PREFER_PRIMARY,
    TARGET_ANY,
    TARGET_PRIMARY,
    TARGET_STANDBY,
    TARGET_PREFER_STANDBY
};

/* Texts belong to the struct; one that is not set is "". */
struct config {
    struct {
        char *host, *port, *dbname, *user, *passfile, *sslmode, *service; /* handed to libpq */
        int connect_timeout;                                              /* seconds */
        int query_timeout;                                                /* milliseconds */
        int connection_lifetime; /* seconds; 0: without end */
        enum target target;
        bool prepared; /* whether statements are prepared once per connection */
    } database;
    struct {
        enum tenancy tenancy;
        char *base_path;  /* "" or a path that begins and does not end with a slash */
        int max_requests; /* after so many a worker ends; 0: never */
        int max_reply;    /* bytes of a reply that is made of rows */
    } service;
    struct {
        bool rollups; /* whether sums of events are used where there are some */
        bool upkeep;  /* whether workers keep these sums up */
    } reports;
    struct {
        int max_events; /* in a body */
        int max_body;   /* bytes */
        int max_future; /* seconds that created_at may be ahead of now */
    } ingest;
    struct {
        char *user_param, *role_param, *user_id_param; /* names of FastCGI parameters */
        char *secret;                                  /* what secret_file holds; "": none */
    } auth;
    struct {
        enum log_level level;
        char *target; /* stderr, syslog or the path of a file */
    } log;
};

/* Fills `config` from the file. At faults returns false and appends a line for each to `faults`:
 * "PATH:LINE: FAULT". Either way config_free frees what was filled. */
bool config_read(const char *path, struct config *config, struct buffer *faults);

void config_free(struct config *config);

/* The tenancy as tally.ini writes it. */
const char *config_tenancy_name(enum tenancy tenancy);

/* Calls `visit` with section, key and default of each row of the table, in order. */
void config_each_key(void (*visit)(const char *section, const char *key, const char *preset,
                                   void *context),
                     void *context);

#endif
