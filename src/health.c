#include "health.h"

#include "schema_rights.h"
#include "schema_version.h"

enum { READY_WITHIN = 1000 /* milliseconds */ };

/* The first row that fits counts; the last one fits all. */
static const struct {
    enum error_code code;
    const char *reason;
} reasons[] = {
    {ERROR_UNAVAILABLE, "database_unavailable"},
    {ERROR_LOGIN_REFUSED, "database_refused"},
    {ERROR_UNFIT, "schema_unfit"},
    {ERROR_EXPOSED, "rights_unfit"},
    {ERROR_DEADLINE, "database_slow"},
    {ERROR_NONE, "database_fault"},
};

bool health_alive_get(struct app *app, const struct request *request, struct buffer *body,
                      struct error *error)
{
    (void)app;
    (void)request;
    (void)error;
    buffer_add_text(body, "{\"status\":\"ok\"}");
    return true;
}

static bool take_version(const struct db_row *row, void *context, struct error *error)
{
    (void)context;
    return schema_version_check(db_row_text(row, 0), error);
}

static bool take_rights(const struct db_row *row, void *context, struct error *error)
{
    (void)context;
    return schema_rights_check(db_row_text(row, 0), db_row_text(row, 1), error);
}

static bool fail_unready(const struct error *cause, struct error *error)
{
    size_t i = 0;

    if (cause->code == ERROR_PEER_GONE)
        return error_set(error, cause->code, "%s", cause->message.data);
    while (reasons[i].code != cause->code && reasons[i].code != ERROR_NONE)
        i++;
    error_set(error, ERROR_UNAVAILABLE, "%s", reasons[i].reason);
    if (cause->detail.length > 0)
        error_detail(error, "%s", cause->detail.data);
    return false;
}

bool health_ready_get(struct app *app, const struct request *request, struct buffer *body,
                      struct error *error)
{
    static const struct db_call calls[] = {
        {&statements[STATEMENT_SCHEMA_VERSION], NULL, take_version, NULL},
        {&statements[STATEMENT_SCHEMA_RIGHTS], NULL, take_rights, NULL},
    };
    struct error cause = {0};

    if (!db_run_within(app->db, READY_WITHIN, calls, 2, request->peer_fd, &cause)) {
        fail_unready(&cause, error);
        error_free(&cause);
        return false;
    }
    buffer_add_text(body, db_can_change(app->db) ? "{\"status\":\"ready\"}"
                                                 : "{\"status\":\"ready\",\"events\":false}");
    return true;
}
