#include "checkup.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checkup_files.h"
#include "db.h"
#include "login_advice.h"
#include "schema_rights.h"
#include "schema_version.h"
#include "statements_sql.h"

struct checkup {
    const struct config *config;
    struct db *db;
    checkup_teller *tell;
    void *context;
    enum checkup_outcome worst;
};

static const char *const names[] = {
    [CHECKUP_OK] = "ok",
    [CHECKUP_WARNING] = "warning",
    [CHECKUP_AWAY] = "away",
    [CHECKUP_FAULT] = "fault",
};

enum { OUTCOMES = sizeof names / sizeof names[0] };

const char *checkup_outcome_name(enum checkup_outcome outcome)
{
    return names[outcome];
}

static void tell(struct checkup *checkup, enum checkup_outcome outcome, const char *check,
                 const char *found)
{
    if (outcome > checkup->worst)
        checkup->worst = outcome;
    checkup->tell(outcome, check, found, checkup->context);
}

static void tell_error(struct checkup *checkup, const char *check, const struct error *error)
{
    bool passes = error->code == ERROR_UNAVAILABLE || error->code == ERROR_DEADLINE;
    const char *found = error->detail.length > 0 ? error->detail.data : error->message.data;

    tell(checkup, passes ? CHECKUP_AWAY : CHECKUP_FAULT, check, found);
}

/* ---- Files ---- */

static const struct {
    const char *name;
    enum checkup_outcome (*look)(const struct config *config, struct buffer *found);
} files[] = {
    {"log", checkup_log},
    {"passfile", checkup_passfile},
};

static void check_files(struct checkup *checkup)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct buffer found = {0};
        enum checkup_outcome outcome = files[i].look(checkup->config, &found);

        if (found.length > 0)
            tell(checkup, outcome, files[i].name, found.data);
        buffer_free(&found);
    }
}

enum checkup_outcome checkup_files(const struct config *config, checkup_teller *teller,
                                   void *context)
{
    struct checkup checkup = {.config = config, .tell = teller, .context = context};

    check_files(&checkup);
    return checkup.worst;
}

/* Whom files belong to and which role the socket lets in depends on who asks. */
static void check_account(struct checkup *checkup)
{
    if (geteuid() == 0)
        tell(checkup, CHECKUP_WARNING, "account",
             "root: what holds for the workers shows when their account asks, runuser -u tally -- "
             "...");
}

/* ---- The database ---- */

/* As a worker connects between its requests. */
static bool check_connection(struct checkup *checkup)
{
    struct db_link *link = db_link(checkup->db);
    struct db_wait wait;
    struct buffer found = {0};

    while (link->pq == NULL && link->outage.length == 0) {
        db_link_wait(link, &wait);

        struct pollfd socket = {.fd = wait.fd, .events = wait.events};

        poll(&socket, 1, wait.timeout);
        db_link_tend(link);
    }
    if (link->pq != NULL)
        return true;
    if (link->is_unfit) {
        tell(checkup, CHECKUP_FAULT, "schema", link->outage.data);
        return false;
    }
    buffer_add_format(&found, "%s; %s", link->outage.data,
                      login_advice(link->refusal, link->outage.data));
    tell(checkup,
         db_fault_of_login(link->refusal)->code == ERROR_LOGIN_REFUSED ? CHECKUP_FAULT
                                                                       : CHECKUP_AWAY,
         "database", found.data);
    buffer_free(&found);
    return false;
}

static bool ignore_row(const struct db_row *row, void *context, struct error *error)
{
    (void)row;
    (void)context;
    (void)error;
    return true;
}

/* PostgreSQL looks at rights when it begins to carry out a statement, and not when it prepares one.
 * To explain it begins with that, and goes no further. */
static bool explain(struct checkup *checkup, const struct statement *statement, struct error *error)
{
    const struct db_value values[STATEMENT_PARAMETERS_MOST] = {{0}};
    struct statement explained = *statement;
    struct buffer text = {0};
    struct db_call call = {&explained, values, ignore_row, NULL};

    buffer_add_format(&text, "explain\n%s", statement->text);
    explained.text = text.data;
    explained.planned_once = false;

    bool good = db_run(checkup->db, &call, 1, -1, error);

    buffer_free(&text);
    return good;
}

static bool take_rights(const struct db_row *row, void *context, struct error *error)
{
    (void)context;
    return schema_rights_check(db_row_text(row, 0), db_row_text(row, 1), error);
}

/* What readiness looks at: also rights that others have and should not. */
static bool check_rights(struct checkup *checkup)
{
    const struct db_call call = {&statements[STATEMENT_SCHEMA_RIGHTS], NULL, take_rights, NULL};
    struct error error = {0};
    bool good = db_run(checkup->db, &call, 1, -1, &error);

    if (!good)
        tell_error(checkup, "rights", &error);
    error_free(&error);
    return good;
}

static bool check_statements(struct checkup *checkup)
{
    struct buffer told = {0};

    for (int i = 0; i < STATEMENT_COUNT; i++) {
        struct error error = {0};

        if (!explain(checkup, &statements[i], &error)) {
            const char *found = error.detail.length > 0 ? error.detail.data : error.message.data;

            /* Many statements need the same right. */
            if (told.length == 0 || strstr(told.data, found) == NULL)
                tell_error(checkup, "rights", &error);
            buffer_add_format(&told, "%s\n", found);
        }
        error_free(&error);
    }
    bool good = told.length == 0;

    buffer_free(&told);
    if (good)
        tell(checkup, CHECKUP_OK, "schema",
             "version " SCHEMA_VERSION ", and the role may run every statement");
    return good;
}

static enum checkup_outcome find_outcome(const char *name)
{
    int outcome = 0;

    while (outcome < OUTCOMES - 1 && strcmp(name, names[outcome]) != 0)
        outcome++;
    return (enum checkup_outcome)outcome;
}

/* A row of checkup.sql: a check, its outcome, what was found. */
static bool take_check(const struct db_row *row, void *context, struct error *error)
{
    (void)error;
    tell(context, find_outcome(db_row_text(row, 1)), db_row_text(row, 0), db_row_text(row, 2));
    return true;
}

static void check_role(struct checkup *checkup)
{
    static const struct statement statement = {
        "checkup", checkup_sql, false, {SQL_TEXT, SQL_INTEGER}, {SQL_TEXT, SQL_TEXT, SQL_TEXT}};
    struct db_value values[2] = {{0}};
    const struct db_call call = {&statement, values, take_check, checkup};
    struct error error = {0};
    struct timespec now;
    char seconds[40];

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(seconds, sizeof seconds, "%lld.%06ld", (long long)now.tv_sec, now.tv_nsec / 1000);
    db_value_text(&values[0], seconds);
    db_value_i32(&values[1], checkup->config->database.query_timeout);
    if (!db_run(checkup->db, &call, 1, -1, &error))
        tell_error(checkup, "server", &error);
    error_free(&error);
}

static bool take_sums(const struct db_row *row, void *context, struct error *error)
{
    (void)error;
    tell(context, find_outcome(db_row_text(row, 0)), "sums", db_row_text(row, 1));
    return true;
}

static void check_sums(struct checkup *checkup)
{
    static const struct statement statement = {
        "checkup_sums", checkup_sums_sql, false, {SQL_NOTHING}, {SQL_TEXT, SQL_TEXT}};
    const struct db_call call = {&statement, NULL, take_sums, checkup};
    struct error error = {0};

    if (!checkup->config->reports.rollups)
        tell(checkup, CHECKUP_OK, "sums", "not used: rollups = no");
    else if (!db_run(checkup->db, &call, 1, -1, &error))
        tell_error(checkup, "sums", &error);
    error_free(&error);
}

enum checkup_outcome checkup_all(const struct config *config, checkup_teller *teller, void *context)
{
    struct checkup checkup = {.config = config, .tell = teller, .context = context};

    check_account(&checkup);
    check_files(&checkup);
    checkup.db = db_new(config);
    if (check_connection(&checkup)) {
        check_role(&checkup);
        if (check_rights(&checkup) && check_statements(&checkup))
            check_sums(&checkup);
    }
    db_free(checkup.db);
    return checkup.worst;
}
