-- overview_ai_drilldown.sql from the sums, of one collection.
with member as materialized (
  select id, key, name, level from tally_group where report = 'job' and key = $2
), report as (
  select 'job'::text as report
\ir rolled_overview_edges.sql
      and collection_id = chosen.collection_id
\ir rolled_overview_rest.sql
\ir rolled_ai_drilldown_head.sql
        and cell.report = 'job' and cell.group_id = any (array(select member.id from member))
\ir rolled_ai_drilldown_tail.sql
