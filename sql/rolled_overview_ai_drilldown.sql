-- overview_ai_drilldown.sql from the sums, of all collections.
with report as (
  select 'job'::text as report
\ir rolled_overview_edges.sql
\ir rolled_overview_rest.sql
\ir rolled_ai_drilldown_head.sql
        and cell.report = 'job'
\ir rolled_ai_drilldown_tail.sql
