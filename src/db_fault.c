#include "db_fault.h"

#include <string.h>

#define AWAY   "the database is not available"
#define UNFIT  "the database is not set up for this service"
#define POOLED "; behind a pooler set prepared = no in [database]"
#define SET_UP "; run sql/schema.sql and sql/grants.sql as the owner of the database"

static const struct db_fault broken = {"", ERROR_UNAVAILABLE, true, true, AWAY, ""};
static const struct db_fault refused = {"", ERROR_LOGIN_REFUSED, true, true, AWAY, ""};

/* The first row that fits counts; the last one fits all. */
static const struct db_fault faults[] = {
    /* query_canceled, lock_not_available */
    {"57014", ERROR_DEADLINE, false, false, "the query took too long", ""},
    {"55P03", ERROR_DEADLINE, false, false, "the query took too long", ""},
    /* the server stops, starts, or ended the session; connection exceptions */
    {"57P", ERROR_UNAVAILABLE, true, true, AWAY, ""},
    {"08", ERROR_UNAVAILABLE, true, true, AWAY, ""},
    /* out of connections, memory or disk */
    {"53", ERROR_UNAVAILABLE, true, false, AWAY, ""},
    /* a standby's conflict with recovery */
    {"40", ERROR_UNAVAILABLE, false, true, AWAY, ""},
    /* the prepared statement is gone; its result would change its type */
    {"26000", ERROR_UNAVAILABLE, true, true, AWAY, ""},
    {"0A000", ERROR_UNAVAILABLE, true, true, AWAY, ""},
    /* duplicate_prepared_statement: a pooler gave us a session with another's statements */
    {"42P05", ERROR_UNAVAILABLE, true, false, AWAY, POOLED},
    /* a table, column, function, schema or right is missing */
    {"42", ERROR_UNFIT, true, true, UNFIT, SET_UP},
    {"3F000", ERROR_UNFIT, true, true, UNFIT, SET_UP},
    /* untranslatable_character: in what was sent, since what comes back is Unicode in any case */
    {"22P05", ERROR_NO_SUCH_TEXT, false, false, "internal error", ""},
    /* the server's own: the transaction, its files, its configuration, another one,
     * a bug; a wrong state */
    {"25", ERROR_INTERNAL, false, false, "internal error", ""},
    {"55", ERROR_INTERNAL, false, false, "internal error", ""},
    {"58", ERROR_INTERNAL, false, false, "internal error", ""},
    {"72", ERROR_INTERNAL, false, false, "internal error", ""},
    {"F0", ERROR_INTERNAL, false, false, "internal error", ""},
    {"HV", ERROR_INTERNAL, false, false, "internal error", ""},
    {"XX", ERROR_INTERNAL, false, false, "internal error", ""},
    /* tally_record_each(): not one of the events is at fault */
    {"TL001", ERROR_LOG_FAULT, false, false, "the log cannot take events at present", ""},
    /* data, a constraint, a limit, or what a trigger of the site's own says */
    {"", ERROR_REFUSED, false, false, "internal error", ""},
};

const struct db_fault *db_fault_find(const char *sqlstate)
{
    const struct db_fault *fault = faults;

    if (sqlstate[0] == '\0')
        return &broken;
    while (strncmp(sqlstate, fault->sqlstate, strlen(fault->sqlstate)) != 0)
        fault++;
    return fault;
}

const struct db_fault *db_fault_of_login(const char *sqlstate)
{
    /* Invalid authorization, no such database, no right to connect to it. */
    static const char *const refusals[] = {"28", "3D", "42501"};

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (strncmp(sqlstate, refusals[i], strlen(refusals[i])) == 0)
            return &refused;
    }
    return &broken;
}
