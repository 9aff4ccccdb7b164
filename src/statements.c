#include "statements.h"

#include "statements_sql.h"

/* Of GET /v1/usage/stats, whose statements differ by the index that they go by alone. */
#define STATS_SHAPE                                                                                \
    {                                                                                              \
        SQL_TIMESTAMPTZ, SQL_TIMESTAMPTZ, SQL_TEXT, SQL_UUID,                                      \
        SQL_UUID,        SQL_UUID,        SQL_TEXT, SQL_TEXT},                                     \
    {                                                                                              \
        SQL_BIGINT, SQL_BIGINT, SQL_NUMERIC, SQL_NUMERIC, SQL_NUMERIC, SQL_NUMERIC, SQL_NUMERIC,   \
            SQL_BIGINT                                                                             \
    }

#define OVERVIEW_PARAMETERS                                                                        \
    {                                                                                              \
        SQL_INTEGER, SQL_UUID, SQL_INTEGER                                                         \
    }
#define BY_COLLECTION_COLUMNS                                                                      \
    {                                                                                              \
        SQL_UUID, SQL_TEXT, SQL_TEXT, SQL_BIGINT, SQL_NUMERIC, SQL_NUMERIC, SQL_BOOLEAN            \
    }
#define AI_DRILLDOWN_COLUMNS                                                                       \
    {                                                                                              \
        SQL_UUID, SQL_TEXT, SQL_TEXT, SQL_TEXT, SQL_NUMERIC, SQL_NUMERIC, SQL_BIGINT, SQL_BOOLEAN  \
    }
#define DAILY_COLUMNS                                                                              \
    {                                                                                              \
        SQL_BIGINT, SQL_TEXT, SQL_BIGINT, SQL_NUMERIC, SQL_BOOLEAN                                 \
    }

/* Of POST /v1/usage/events, whose statements differ by what they do about what is refused. */
#define RECORD_SHAPE                                                                               \
    {SQL_UUID_ARRAY, SQL_TIMESTAMPTZ_ARRAY, SQL_TEXT_ARRAY, SQL_UUID_ARRAY,                        \
     SQL_UUID_ARRAY, SQL_UUID_ARRAY,        SQL_UUID_ARRAY, SQL_TEXT_ARRAY,                        \
     SQL_TEXT_ARRAY, SQL_JSONB_ARRAY,       SQL_TEXT_ARRAY, SQL_INTEGER},                          \
    {                                                                                              \
        SQL_UUID, SQL_BIGINT, SQL_BOOLEAN, SQL_TEXT, SQL_BOOLEAN                                   \
    }

/* A row: its id, the name of its file in sql/, whether it is planned once, its shape. */
#define STATEMENT(id, name, ...) [STATEMENT_##id] = {#name, name##_sql, __VA_ARGS__}

const struct statement statements[STATEMENT_COUNT] = {
    STATEMENT(STATS, stats, false, STATS_SHAPE),
    STATEMENT(STATS_BY_THREAD, stats_by_thread, true, STATS_SHAPE),
    STATEMENT(STATS_BY_CHANNEL, stats_by_channel, true, STATS_SHAPE),
    STATEMENT(STATS_BY_BOT, stats_by_bot, true, STATS_SHAPE),
    STATEMENT(STATS_BY_USER, stats_by_user, true, STATS_SHAPE),
    STATEMENT(STATS_BY_AGENT, stats_by_agent, true, STATS_SHAPE),
    STATEMENT(ROLLED_STATS, rolled_stats, true, STATS_SHAPE),
    STATEMENT(ROLLED_STATS_BY_CHANNEL, rolled_stats_by_channel, true, STATS_SHAPE),
    STATEMENT(ROLLED_STATS_BY_BOT, rolled_stats_by_bot, true, STATS_SHAPE),
    STATEMENT(ROLLED_STATS_BY_USER, rolled_stats_by_user, true, STATS_SHAPE),
    STATEMENT(ROLLED_STATS_BY_AGENT, rolled_stats_by_agent, true, STATS_SHAPE),
    STATEMENT(OVERVIEW_BY_COLLECTION, overview_by_collection, false, OVERVIEW_PARAMETERS,
              BY_COLLECTION_COLUMNS),
    STATEMENT(OVERVIEW_AI_DRILLDOWN, overview_ai_drilldown, false, OVERVIEW_PARAMETERS,
              AI_DRILLDOWN_COLUMNS),
    STATEMENT(OVERVIEW_DAILY, overview_daily, false, OVERVIEW_PARAMETERS, DAILY_COLUMNS),
    STATEMENT(ROLLED_OVERVIEW_BY_COLLECTION, rolled_overview_by_collection, true,
              OVERVIEW_PARAMETERS, BY_COLLECTION_COLUMNS),
    STATEMENT(ROLLED_OVERVIEW_AI_DRILLDOWN, rolled_overview_ai_drilldown, true, OVERVIEW_PARAMETERS,
              AI_DRILLDOWN_COLUMNS),
    STATEMENT(ROLLED_OVERVIEW_DAILY, rolled_overview_daily, true, OVERVIEW_PARAMETERS,
              DAILY_COLUMNS),
    STATEMENT(ROLLED_OVERVIEW_BY_COLLECTION_OF_ONE, rolled_overview_by_collection_of_one, true,
              OVERVIEW_PARAMETERS, BY_COLLECTION_COLUMNS),
    STATEMENT(ROLLED_OVERVIEW_AI_DRILLDOWN_OF_ONE, rolled_overview_ai_drilldown_of_one, true,
              OVERVIEW_PARAMETERS, AI_DRILLDOWN_COLUMNS),
    STATEMENT(ROLLED_OVERVIEW_DAILY_OF_ONE, rolled_overview_daily_of_one, true, OVERVIEW_PARAMETERS,
              DAILY_COLUMNS),
    STATEMENT(RECORD, record, true, RECORD_SHAPE),
    STATEMENT(RECORD_EACH, record_each, false, RECORD_SHAPE),
    STATEMENT(UPKEEP, upkeep_step, false, {SQL_INTEGER}, {SQL_TEXT}),
    STATEMENT(SCHEMA_VERSION, schema_version, false, {SQL_NOTHING}, {SQL_TEXT}),
    STATEMENT(SCHEMA_RIGHTS, schema_rights, true, {SQL_NOTHING}, {SQL_TEXT, SQL_TEXT}),
};

int statement_count(const enum sql_type *types)
{
    int count = 0;

    while (types[count] != SQL_NOTHING)
        count++;
    return count;
}
