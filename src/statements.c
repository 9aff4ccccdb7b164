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
        SQL_INTEGER, SQL_UUID                                                                      \
    }

const struct statement statements[STATEMENT_COUNT] = {
    [STATEMENT_STATS] = {"stats", stats_sql, false, STATS_SHAPE},
    [STATEMENT_STATS_BY_THREAD] = {"stats_by_thread", stats_by_thread_sql, true, STATS_SHAPE},
    [STATEMENT_STATS_BY_CHANNEL] = {"stats_by_channel", stats_by_channel_sql, true, STATS_SHAPE},
    [STATEMENT_STATS_BY_BOT] = {"stats_by_bot", stats_by_bot_sql, true, STATS_SHAPE},
    [STATEMENT_STATS_BY_USER] = {"stats_by_user", stats_by_user_sql, true, STATS_SHAPE},
    [STATEMENT_STATS_BY_AGENT] = {"stats_by_agent", stats_by_agent_sql, true, STATS_SHAPE},
    [STATEMENT_OVERVIEW_BY_COLLECTION] = {"overview_by_collection",
                                          overview_by_collection_sql,
                                          false,
                                          OVERVIEW_PARAMETERS,
                                          {SQL_UUID, SQL_TEXT, SQL_TEXT, SQL_BIGINT, SQL_NUMERIC,
                                           SQL_NUMERIC}},
    [STATEMENT_OVERVIEW_AI_DRILLDOWN] = {"overview_ai_drilldown",
                                         overview_ai_drilldown_sql,
                                         false,
                                         OVERVIEW_PARAMETERS,
                                         {SQL_UUID, SQL_TEXT, SQL_TEXT, SQL_TEXT, SQL_NUMERIC,
                                          SQL_NUMERIC, SQL_BIGINT}},
    [STATEMENT_OVERVIEW_DAILY] = {"overview_daily",
                                  overview_daily_sql,
                                  false,
                                  OVERVIEW_PARAMETERS,
                                  {SQL_BIGINT, SQL_TEXT, SQL_BIGINT, SQL_NUMERIC}},
    [STATEMENT_SCHEMA_VERSION] =
        {"schema_version", schema_version_sql, false, {SQL_NOTHING}, {SQL_TEXT}},
};

int statement_count(const enum sql_type *types)
{
    int count = 0;

    while (types[count] != SQL_NOTHING)
        count++;
    return count;
}
