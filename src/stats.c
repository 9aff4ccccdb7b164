#include "stats.h"

#include <string.h>

#include "decimal.h"
#include "fields.h"
#include "json_write.h"
#include "params.h"

struct stats_params {
    struct param_uuid user_id, bot_id, channel_id;
    struct param_text thread_id, agent_id;
    struct param_timestamp since, until;
    struct param_bucket bucket; /* absent: its zero, a day */
};

#define PLACE(member) offsetof(struct stats_params, member)

static const struct param params[] = {
    {"user_id", PARAM_UUID, PLACE(user_id)},       {"bot_id", PARAM_UUID, PLACE(bot_id)},
    {"channel_id", PARAM_UUID, PLACE(channel_id)}, {"thread_id", PARAM_TEXT, PLACE(thread_id)},
    {"agent_id", PARAM_TEXT, PLACE(agent_id)},     {"since", PARAM_TIMESTAMP, PLACE(since)},
    {"until", PARAM_TIMESTAMP, PLACE(until)},      {"bucket", PARAM_BUCKET, PLACE(bucket)},
};

enum { PARAM_COUNT = sizeof params / sizeof params[0] };

/* The filters, the one that commonly leaves the fewest events first. Each has an index of the log,
 * and sums where it stands alone; a thread has too few events for that. */
static const struct filter {
    size_t place; /* of the parameter, whose first member is `given` */
    enum statement_id statement, rolled;
} filters[] = {
    {PLACE(thread_id), STATEMENT_STATS_BY_THREAD, STATEMENT_STATS_BY_THREAD},
    {PLACE(user_id), STATEMENT_STATS_BY_USER, STATEMENT_ROLLED_STATS_BY_USER},
    {PLACE(channel_id), STATEMENT_STATS_BY_CHANNEL, STATEMENT_ROLLED_STATS_BY_CHANNEL},
    {PLACE(bot_id), STATEMENT_STATS_BY_BOT, STATEMENT_ROLLED_STATS_BY_BOT},
    {PLACE(agent_id), STATEMENT_STATS_BY_AGENT, STATEMENT_ROLLED_STATS_BY_AGENT},
};

/* The columns of a row: ts, which totals lack, and the figures. */
static const struct field bucket_fields[] = {
    {"ts", FIELD_TIME_OFFSET},    {"messages", FIELD_I64},
    {"input_tokens", FIELD_I64},  {"output_tokens", FIELD_I64},
    {"cached_tokens", FIELD_I64}, {"total_tokens", FIELD_I64},
    {"cost_usd", FIELD_F64},      {NULL, FIELD_END},
};

enum { COLUMN_TS = 0, COLUMN_NOW = 7, DEFAULT_WINDOW = 30 * 24 * 60 * 60 /* seconds */ };

/* The parameters of the statements. */
enum {
    VALUE_SINCE,
    VALUE_UNTIL,
    VALUE_BUCKET,
    VALUE_USER_ID,
    VALUE_BOT_ID,
    VALUE_CHANNEL_ID,
    VALUE_THREAD_ID,
    VALUE_AGENT_ID,
};

struct rendering {
    struct json_writer json;
    struct stats_params *given;
    bool has_totals;
};

/* ---- Who may see what ---- */

static bool is_held_to_self(const struct app *app, const struct request *request)
{
    return app->config->service.tenancy == TENANCY_MULTI && request->identity.role == ROLE_USER;
}

/* Narrows the filters to what the tenancy knows and the caller may see. */
static bool restrict_filters(const struct app *app, const struct request *request,
                             struct stats_params *given, struct error *error)
{
    const struct uuid *own = &request->identity.user_id;

    if (app->config->service.tenancy == TENANCY_SINGLE)
        given->user_id.given = given->bot_id.given = given->channel_id.given = false;
    if (!is_held_to_self(app, request))
        return true;
    if (given->user_id.given && memcmp(&given->user_id.value, own, sizeof *own) != 0)
        return error_set(error, ERROR_FORBIDDEN, "the usage of another user");
    given->user_id = (struct param_uuid){true, *own};
    return true;
}

static bool check_window(const struct stats_params *given, struct error *error)
{
    if (given->since.given && given->until.given &&
        timestamp_compare(&given->since.value, &given->until.value) > 0)
        return error_set(error, ERROR_BAD_REQUEST, "since: must not be later than until");
    return true;
}

/* ---- The statement ---- */

/* Whoever is held to their own events is led to them by their own index, whatever else they ask
 * for: another one's thread takes no longer than a thread that is not there. */
static const struct statement *choose_statement(const struct stats_params *given, bool is_held,
                                                bool rollups)
{
    const struct filter *first = NULL;
    int count = 0;

    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        const bool *is_given = (const void *)((const char *)given + filters[i].place);

        if (!*is_given)
            continue;
        count++;
        if (first == NULL || (is_held && filters[i].place == PLACE(user_id)))
            first = &filters[i];
    }
    if (first == NULL)
        return &statements[rollups ? STATEMENT_ROLLED_STATS : STATEMENT_STATS];
    return &statements[rollups && count == 1 ? first->rolled : first->statement];
}

static void set_uuid(struct db_value *value, const struct param_uuid *param)
{
    if (param->given)
        db_value_uuid(value, &param->value);
}

static void set_time(struct db_value *value, const struct param_timestamp *param)
{
    if (param->given)
        db_value_timestamp(value, &param->value);
}

/* PostgreSQL's text holds no NUL, so no event has this text: `none` becomes true. */
static void set_text(struct db_value *value, const struct param_text *param, bool *none)
{
    if (!param->given)
        return;
    db_value_text(value, param->value.length == 0 ? "" : param->value.data);
    *none = *none || (size_t)value->length != param->value.length;
}

static const struct timestamp never = {INT64_MAX, 0};

static void set_values(const struct stats_params *given, struct db_value values[])
{
    bool none = false;

    set_time(&values[VALUE_SINCE], &given->since);
    set_time(&values[VALUE_UNTIL], &given->until);
    db_value_text(&values[VALUE_BUCKET], bucket_name(given->bucket.value));
    set_uuid(&values[VALUE_USER_ID], &given->user_id);
    set_uuid(&values[VALUE_BOT_ID], &given->bot_id);
    set_uuid(&values[VALUE_CHANNEL_ID], &given->channel_id);
    set_text(&values[VALUE_THREAD_ID], &given->thread_id, &none);
    set_text(&values[VALUE_AGENT_ID], &given->agent_id, &none);
    if (none)
        db_value_timestamp(&values[VALUE_SINCE], &never);
}

/* ---- The reply ---- */

/* Puts the instant that the statement took for now into what was not given. */
static bool settle_window(struct stats_params *given, const struct db_row *row, struct error *error)
{
    int64_t microseconds = 0;

    if (!decimal_to_i64(db_row_text(row, COLUMN_NOW), &microseconds))
        return error_internal(error, "column now holds \"%.100s\"", db_row_text(row, COLUMN_NOW));

    struct timestamp now = timestamp_from_microseconds(microseconds);

    if (!given->until.given)
        given->until = (struct param_timestamp){true, now};
    if (!given->since.given) {
        now.seconds -= DEFAULT_WINDOW;
        given->since = (struct param_timestamp){true, now};
    }
    return check_window(given, error);
}

/* The first row holds the totals, each other one a bucket. Without buckets the totals are the one
 * bucket, also where there is no event at all. */
static bool take_row(const struct db_row *row, void *context, struct error *error)
{
    struct rendering *rendering = context;
    struct json_writer *json = &rendering->json;
    bool undivided = rendering->given->bucket.value == BUCKET_NONE;

    if (rendering->has_totals)
        return undivided || fields_write(json, bucket_fields, row, COLUMN_TS, error);
    rendering->has_totals = true;
    if (!settle_window(rendering->given, row, error))
        return false;
    json_write_key(json, "totals");
    if (!fields_write(json, bucket_fields + 1, row, COLUMN_TS + 1, error))
        return false;
    json_write_key(json, "buckets");
    json_write_begin_array(json);
    return !undivided || fields_write(json, bucket_fields, row, COLUMN_TS, error);
}

static void write_uuid(struct json_writer *json, const char *key, const struct param_uuid *param)
{
    json_write_key(json, key);
    if (param->given)
        json_write_uuid(json, &param->value);
    else
        json_write_null(json);
}

static void write_text(struct json_writer *json, const char *key, const struct param_text *param)
{
    json_write_key(json, key);
    if (param->given)
        json_write_string(json, param->value.length == 0 ? "" : param->value.data,
                          param->value.length);
    else
        json_write_null(json);
}

static void write_time(struct json_writer *json, const char *key,
                       const struct param_timestamp *param)
{
    json_write_key(json, key);
    json_write_timestamp(json, &param->value, TIMESTAMP_ZONE_OFFSET);
}

static void write_filters(struct json_writer *json, const struct stats_params *given)
{
    const char *bucket = bucket_name(given->bucket.value);

    json_write_key(json, "filters_applied");
    json_write_begin_object(json);
    write_uuid(json, "user_id", &given->user_id);
    write_uuid(json, "bot_id", &given->bot_id);
    write_uuid(json, "channel_id", &given->channel_id);
    write_text(json, "thread_id", &given->thread_id);
    write_text(json, "agent_id", &given->agent_id);
    write_time(json, "since", &given->since);
    write_time(json, "until", &given->until);
    json_write_key(json, "bucket");
    json_write_string(json, bucket, strlen(bucket));
    json_write_end_object(json);
}

/* Asks. A text that the database's encoding cannot hold is one that no event has: then it asks
 * again, for a window without events. */
static bool ask(struct app *app, const struct request *request, const struct db_call *call,
                struct db_value values[], struct error *error)
{
    struct error first = {0};

    if (db_run(app->db, call, 1, request->peer_fd, &first))
        return true;
    if (first.code != ERROR_NO_SUCH_TEXT) {
        *error = first;
        return false;
    }
    error_free(&first);
    values[VALUE_THREAD_ID] = values[VALUE_AGENT_ID] = (struct db_value){0};
    db_value_timestamp(&values[VALUE_SINCE], &never);
    return db_run(app->db, call, 1, request->peer_fd, error);
}

static bool answer(struct app *app, const struct request *request, struct stats_params *given,
                   struct buffer *body, struct error *error)
{
    struct db_value values[STATEMENT_PARAMETERS_MOST] = {0};
    struct rendering rendering = {.given = given};
    bool is_held = is_held_to_self(app, request);
    struct db_call call = {choose_statement(given, is_held, app->config->reports.rollups), values,
                           take_row, &rendering};

    set_values(given, values);
    json_write_start(&rendering.json, body);
    json_write_begin_object(&rendering.json);
    if (!ask(app, request, &call, values, error))
        return false;
    json_write_end_array(&rendering.json);
    write_filters(&rendering.json, given);
    json_write_end_object(&rendering.json);
    return true;
}

bool stats_get(struct app *app, const struct request *request, struct buffer *body,
               struct error *error)
{
    struct stats_params given = {0};
    bool good;

    if (is_held_to_self(app, request) && !request->identity.has_user_id)
        return error_set(error, ERROR_FORBIDDEN, "no user id is known for this user");
    good = params_parse(request->query, params, PARAM_COUNT, &given, error) &&
           restrict_filters(app, request, &given, error) && check_window(&given, error) &&
           answer(app, request, &given, body, error);
    params_free(params, PARAM_COUNT, &given);
    return good;
}
