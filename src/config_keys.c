#include "config_keys.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"
#include "secret.h"

static const char *read_text(const struct config_key *key, const char *value, void *place)
{
    (void)key;
    free(*(char **)place);
    *(char **)place = allocate_copy(value);
    return NULL;
}

static const char *read_number(const struct config_key *key, const char *value, void *place)
{
    char *end;

    errno = 0;
    long number = strtol(value, &end, 10);

    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || number < key->least ||
        number > key->most) {
        static char fault[80];

        snprintf(fault, sizeof fault, "must be a whole number from %ld to %ld", key->least,
                 key->most);
        return fault;
    }
    *(int *)place = (int)number;
    return NULL;
}

static const char *read_switch(const struct config_key *key, const char *value, void *place)
{
    (void)key;
    *(bool *)place = strcmp(value, "yes") == 0;
    return *(bool *)place || strcmp(value, "no") == 0 ? NULL : "must be yes or no";
}

/* The number of a word among `words`, which NULL ends; -1: it is none of them. */
static int find_word(const char *const *words, const char *word)
{
    int i = 0;

    while (words[i] != NULL && strcmp(word, words[i]) != 0)
        i++;
    return words[i] == NULL ? -1 : i;
}

static const char *const tenancies[] = {"single", "multi", NULL}; /* as in enum tenancy */

static const char *read_tenancy(const struct config_key *key, const char *value, void *place)
{
    int word = find_word(tenancies, value);

    (void)key;
    *(enum tenancy *)place = word < 0 ? TENANCY_MULTI : (enum tenancy)word;
    return word < 0 ? "must be single or multi" : NULL;
}

static const char *read_server(const struct config_key *key, const char *value, void *place)
{
    /* As in enum target. */
    static const char *const targets[] = {"prefer-primary", "any", "primary", "standby",
                                          "prefer-standby", NULL};
    int word = find_word(targets, value);

    (void)key;
    *(enum target *)place = word < 0 ? TARGET_PREFER_PRIMARY : (enum target)word;
    return word < 0 ? "must be prefer-primary, any, primary, standby or prefer-standby" : NULL;
}

static const char *read_level(const struct config_key *key, const char *value, void *place)
{
    (void)key;
    return log_level_parse(value, place) ? NULL : "must be error, warning, info or debug";
}

static const char *read_base_path(const struct config_key *key, const char *value, void *place)
{
    size_t length = strlen(value);

    if (length > 0 && (value[0] != '/' || value[length - 1] == '/' || strstr(value, "//") != NULL))
        return "must begin with a slash, not end with one, and have no two together";
    return read_text(key, value, place);
}

/* libpq takes a list of ports beside a list of hosts. */
static const char *read_port(const struct config_key *key, const char *value, void *place)
{
    const char *at = value;

    while (*at != '\0') {
        const char *end = at + strspn(at, "0123456789");
        long port = end == at ? 1 : strtol(at, NULL, 10);

        if (port < 1 || port > 65535 || (*end != ',' && *end != '\0'))
            return "must be a port number, or several with commas between them";
        at = *end == ',' ? end + 1 : end;
    }
    return read_text(key, value, place);
}

static const char *read_sslmode(const struct config_key *key, const char *value, void *place)
{
    static const char *const modes[] = {"",        "disable",   "allow",       "prefer",
                                        "require", "verify-ca", "verify-full", NULL};

    if (find_word(modes, value) < 0)
        return "must be disable, allow, prefer, require, verify-ca or verify-full";
    return read_text(key, value, place);
}

static const char *read_passfile(const struct config_key *key, const char *value, void *place)
{
    if (value[0] != '\0' && access(value, R_OK) != 0)
        return "names a file that cannot be read";
    return read_text(key, value, place);
}

static const char *read_target(const struct config_key *key, const char *value, void *place)
{
    if (value[0] != '/' && strcmp(value, "stderr") != 0 && strcmp(value, "syslog") != 0)
        return "must be stderr, syslog or the full path of a file";
    return read_text(key, value, place);
}

/* Whatever begins with HTTP_ was sent by the client and proves nothing about who it is. */
static const char *read_identity_param(const struct config_key *key, const char *value, void *place)
{
    static const char *const of_the_request[] = {
        "REQUEST_METHOD", "SCRIPT_NAME",  "PATH_INFO",      "QUERY_STRING", "REQUEST_URI",
        "DOCUMENT_URI",   "CONTENT_TYPE", "CONTENT_LENGTH", "REQUEST_ID",   "SERVER_PROTOCOL",
    };

    if (strncasecmp(value, "HTTP_", 5) == 0)
        return "must not begin with HTTP_: any client can set such a parameter";
    if (value[0] == '\0')
        return "must not be empty";
    for (size_t i = 0; i < sizeof of_the_request / sizeof of_the_request[0]; i++) {
        if (strcasecmp(value, of_the_request[i]) == 0)
            return "must not be a parameter that says what is asked";
    }
    for (const char *byte = value; *byte != '\0'; byte++) {
        if (!isalnum((unsigned char)*byte) && *byte != '_')
            return "must consist of letters, digits and underscores";
    }
    return read_text(key, value, place);
}

static const char *read_secret(const struct config_key *key, const char *value, void *place)
{
    char secret[SECRET_SIZE] = "";
    const char *fault = value[0] == '\0' ? NULL : secret_read(value, secret);

    return fault != NULL ? fault : read_text(key, secret, place);
}

#define PLACE(member) offsetof(struct config, member)

const struct config_key config_keys[] = {
    {"database", "host", "", read_text, PLACE(database.host), 0, 0},
    {"database", "port", "", read_port, PLACE(database.port), 0, 0},
    {"database", "dbname", "", read_text, PLACE(database.dbname), 0, 0},
    {"database", "user", "", read_text, PLACE(database.user), 0, 0},
    {"database", "passfile", "", read_passfile, PLACE(database.passfile), 0, 0},
    {"database", "sslmode", "", read_sslmode, PLACE(database.sslmode), 0, 0},
    {"database", "service", "", read_text, PLACE(database.service), 0, 0},
    {"database", "connect_timeout", "5", read_number, PLACE(database.connect_timeout), 1, 60},
    {"database", "query_timeout", "10000", read_number, PLACE(database.query_timeout), 100,
     3600000},
    {"database", "connection_lifetime", "3600", read_number, PLACE(database.connection_lifetime), 0,
     604800},
    {"database", "target", "prefer-primary", read_server, PLACE(database.target), 0, 0},
    {"database", "prepared", "yes", read_switch, PLACE(database.prepared), 0, 0},
    {"service", "tenancy", "multi", read_tenancy, PLACE(service.tenancy), 0, 0},
    {"service", "base_path", "", read_base_path, PLACE(service.base_path), 0, 0},
    {"service", "max_requests", "0", read_number, PLACE(service.max_requests), 0, INT_MAX},
    {"service", "max_reply", "67108864", read_number, PLACE(service.max_reply), 65536, 1073741824},
    {"reports", "rollups", "yes", read_switch, PLACE(reports.rollups), 0, 0},
    {"reports", "upkeep", "yes", read_switch, PLACE(reports.upkeep), 0, 0},
    {"ingest", "max_events", "1000", read_number, PLACE(ingest.max_events), 1, 10000},
    {"ingest", "max_body", "1048576", read_number, PLACE(ingest.max_body), 1024, 67108864},
    {"ingest", "max_future", "86400", read_number, PLACE(ingest.max_future), 0, 315360000},
    {"auth", "user_param", "REMOTE_USER", read_identity_param, PLACE(auth.user_param), 0, 0},
    {"auth", "role_param", "TALLY_ROLE", read_identity_param, PLACE(auth.role_param), 0, 0},
    {"auth", "user_id_param", "TALLY_USER_ID", read_identity_param, PLACE(auth.user_id_param), 0,
     0},
    {"auth", "secret_file", "", read_secret, PLACE(auth.secret), 0, 0},
    {"log", "level", "info", read_level, PLACE(log.level), 0, 0},
    {"log", "target", "stderr", read_target, PLACE(log.target), 0, 0},
};

const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];

_Static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_KEYS_MOST,
               "there is room for all keys");

bool config_key_holds_text(const struct config_key *key)
{
    return key->read == read_text || key->read == read_port || key->read == read_sslmode ||
           key->read == read_passfile || key->read == read_base_path || key->read == read_target ||
           key->read == read_identity_param || key->read == read_secret;
}

const char *config_tenancy_name(enum tenancy tenancy)
{
    return tenancies[tenancy];
}
