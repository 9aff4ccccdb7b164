/* Every statement that a worker sends: the text, compiled in from sql/NAME.sql, and the shape that
 * it must have, which is compared with PostgreSQL's own description of it at each connect. */
#ifndef TALLY_STATEMENTS_H
#define TALLY_STATEMENTS_H

#include <stdbool.h>

#include "sql_type.h"

enum { STATEMENT_PARAMETERS_MOST = 12, STATEMENT_COLUMNS_MOST = 8 };

struct statement {
    const char *name;
    const char *text;
    /* Planned once per connection; else at every call, where a plan that must fit all values is
     * much slower than the planning. */
    bool planned_once;
    enum sql_type parameters[STATEMENT_PARAMETERS_MOST + 1];
    enum sql_type columns[STATEMENT_COLUMNS_MOST + 1];
};

enum statement_id {
    STATEMENT_STATS,
    STATEMENT_STATS_BY_THREAD,
    STATEMENT_STATS_BY_CHANNEL,
    STATEMENT_STATS_BY_BOT,
    STATEMENT_STATS_BY_USER,
    STATEMENT_STATS_BY_AGENT,
    STATEMENT_ROLLED_STATS,
    STATEMENT_ROLLED_STATS_BY_CHANNEL,
    STATEMENT_ROLLED_STATS_BY_BOT,
    STATEMENT_ROLLED_STATS_BY_USER,
    STATEMENT_ROLLED_STATS_BY_AGENT,
    STATEMENT_OVERVIEW_BY_COLLECTION,
    STATEMENT_OVERVIEW_AI_DRILLDOWN,
    STATEMENT_OVERVIEW_DAILY,
    STATEMENT_ROLLED_OVERVIEW_BY_COLLECTION,
    STATEMENT_ROLLED_OVERVIEW_AI_DRILLDOWN,
    STATEMENT_ROLLED_OVERVIEW_DAILY,
    STATEMENT_ROLLED_OVERVIEW_BY_COLLECTION_OF_ONE,
    STATEMENT_ROLLED_OVERVIEW_AI_DRILLDOWN_OF_ONE,
    STATEMENT_ROLLED_OVERVIEW_DAILY_OF_ONE,
    STATEMENT_RECORD,
    STATEMENT_RECORD_EACH,
    STATEMENT_UPKEEP,
    STATEMENT_SCHEMA_VERSION,
    STATEMENT_SCHEMA_RIGHTS,
    STATEMENT_COUNT
};

extern const struct statement statements[STATEMENT_COUNT];

/* How many entries stand before the SQL_NOTHING of a list. */
int statement_count(const enum sql_type *types);

#endif
