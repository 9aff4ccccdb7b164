-- overview_daily.sql from the sums, of all collections.
with member as not materialized (
  select id, key, name, level from tally_group
), report as (
  select 'type'::text as report
\ir rolled_overview_edges.sql
\ir rolled_overview_rest.sql
\ir rolled_daily_head.sql
        and cell.report = 'type'
\ir rolled_daily_tail.sql
