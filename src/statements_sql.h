/* The texts in sql/, which embed.awk makes statements_sql.c of. */
#ifndef TALLY_STATEMENTS_SQL_H
#define TALLY_STATEMENTS_SQL_H

extern const char checkup_sql[];
extern const char checkup_sums_sql[];
extern const char overview_ai_drilldown_sql[];
extern const char overview_by_collection_sql[];
extern const char overview_daily_sql[];
extern const char record_each_sql[];
extern const char record_sql[];
extern const char rolled_overview_ai_drilldown_sql[];
extern const char rolled_overview_ai_drilldown_of_one_sql[];
extern const char rolled_overview_by_collection_sql[];
extern const char rolled_overview_by_collection_of_one_sql[];
extern const char rolled_overview_daily_sql[];
extern const char rolled_overview_daily_of_one_sql[];
extern const char rolled_stats_sql[];
extern const char rolled_stats_by_agent_sql[];
extern const char rolled_stats_by_bot_sql[];
extern const char rolled_stats_by_channel_sql[];
extern const char rolled_stats_by_user_sql[];
extern const char schema_rights_sql[];
extern const char schema_version_sql[];
extern const char stats_sql[];
extern const char stats_by_agent_sql[];
extern const char stats_by_bot_sql[];
extern const char stats_by_channel_sql[];
extern const char stats_by_thread_sql[];
extern const char stats_by_user_sql[];
extern const char upkeep_step_sql[];

#endif
