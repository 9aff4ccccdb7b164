#include "overview.h"

#include "fields.h"
#include "json_write.h"
#include "params.h"

enum { DAYS_PRESET = 30, DAYS_LEAST = 1, DAYS_MOST = 365 };

struct overview_params {
    struct param_i32 days;
    struct param_uuid collection_id;
};

static const struct param params[] = {
    {"days", PARAM_I32, offsetof(struct overview_params, days)},
    {"collection_id", PARAM_UUID, offsetof(struct overview_params, collection_id)},
};

static const struct field by_collection_fields[] = {
    {"collection_id", FIELD_TEXT}, {"collection_title", FIELD_TEXT},
    {"resource_type", FIELD_TEXT}, {"event_count", FIELD_I64},
    {"total_value", FIELD_F64},    {"secondary_value", FIELD_F64},
    {NULL, FIELD_TOO_LONG},        {NULL, FIELD_END},
};

static const struct field ai_drilldown_fields[] = {
    {"collection_id", FIELD_TEXT}, {"collection_title", FIELD_TEXT}, {"job_type", FIELD_TEXT},
    {"model_level", FIELD_TEXT},   {"tokens_in", FIELD_I64},         {"tokens_out", FIELD_I64},
    {"event_count", FIELD_I64},    {NULL, FIELD_TOO_LONG},           {NULL, FIELD_END},
};

static const struct field daily_fields[] = {
    {"day", FIELD_TIME_Z},      {"resource_type", FIELD_TEXT}, {"event_count", FIELD_I64},
    {"total_value", FIELD_F64}, {NULL, FIELD_TOO_LONG},        {NULL, FIELD_END},
};

/* The parts of the reply, in its order: each an array, a row of its statement an element. */
static const struct part {
    const char *key;
    enum statement_id statement, rolled,
        rolled_of_one; /* from events; from sums, of one collection */
    const struct field *fields;
} parts[] = {
    {"by_collection", STATEMENT_OVERVIEW_BY_COLLECTION, STATEMENT_ROLLED_OVERVIEW_BY_COLLECTION,
     STATEMENT_ROLLED_OVERVIEW_BY_COLLECTION_OF_ONE, by_collection_fields},
    {"ai_drilldown", STATEMENT_OVERVIEW_AI_DRILLDOWN, STATEMENT_ROLLED_OVERVIEW_AI_DRILLDOWN,
     STATEMENT_ROLLED_OVERVIEW_AI_DRILLDOWN_OF_ONE, ai_drilldown_fields},
    {"daily", STATEMENT_OVERVIEW_DAILY, STATEMENT_ROLLED_OVERVIEW_DAILY,
     STATEMENT_ROLLED_OVERVIEW_DAILY_OF_ONE, daily_fields},
};

enum { PART_COUNT = sizeof parts / sizeof parts[0] };

struct rendering {
    struct json_writer json;
    int begun; /* how many parts have been begun; the last of them is still open */
};

/* What the rows of one part are taken with. */
struct taking {
    struct rendering *rendering;
    int part;
};

/* Ends the open part and begins those up to `part`; PART_COUNT ends the last. */
static void begin_up_to(struct rendering *rendering, int part)
{
    while (rendering->begun <= part) {
        if (rendering->begun > 0)
            json_write_end_array(&rendering->json);
        if (rendering->begun < PART_COUNT) {
            json_write_key(&rendering->json, parts[rendering->begun].key);
            json_write_begin_array(&rendering->json);
        }
        rendering->begun++;
    }
}

static bool take_row(const struct db_row *row, void *context, struct error *error)
{
    const struct taking *taking = context;

    begin_up_to(taking->rendering, taking->part);
    return fields_write(&taking->rendering->json, parts[taking->part].fields, row, 0, error);
}

static const struct statement *choose_statement(const struct part *part, bool rollups, bool of_one)
{
    return &statements[!rollups ? part->statement : of_one ? part->rolled_of_one : part->rolled];
}

static void set_values(const struct overview_params *given, int max_reply, struct db_value values[])
{
    int32_t days = given->days.given ? given->days.value : DAYS_PRESET;

    if (days < DAYS_LEAST)
        days = DAYS_LEAST;
    if (days > DAYS_MOST)
        days = DAYS_MOST;
    db_value_i32(&values[0], days);
    if (given->collection_id.given)
        db_value_uuid(&values[1], &given->collection_id.value);
    db_value_i32(&values[2], max_reply);
}

bool overview_get(struct app *app, const struct request *request, struct buffer *body,
                  struct error *error)
{
    struct overview_params given = {0};
    struct db_value values[3] = {0};
    struct rendering rendering = {0};
    struct taking takings[PART_COUNT];
    struct db_call calls[PART_COUNT];

    if (!params_parse(request->query, params, sizeof params / sizeof params[0], &given, error))
        return false;
    set_values(&given, app->config->service.max_reply, values);
    for (int i = 0; i < PART_COUNT; i++) {
        takings[i] = (struct taking){&rendering, i};
        calls[i] = (struct db_call){
            choose_statement(&parts[i], app->config->reports.rollups, given.collection_id.given),
            values, take_row, &takings[i]};
    }
    json_write_start(&rendering.json, body);
    json_write_begin_object(&rendering.json);
    if (!db_run(app->db, calls, PART_COUNT, request->peer_fd, error))
        return false;
    begin_up_to(&rendering, PART_COUNT);
    json_write_end_object(&rendering.json);
    return true;
}
