-- overview_ai_drilldown.sql from the sums, of all collections.
with member as not materialized (
  select id, key, name, level from tally_group
), report as (
  select 'job'::text as report
\ir rolled_overview_edges.sql
\ir rolled_overview_rest.sql
\ir rolled_ai_drilldown_head.sql
        and cell.report = 'job'
\ir rolled_ai_drilldown_tail.sql
