-- The AI usage of all, from the sums.
with report as (
  select 'ai'::text as report
\ir rolled_stats_head.sql
    and cell.report = 'ai' and cell.group_id = (select member.id from tally_group member where member.report = 'ai')
\ir rolled_stats_edges.sql
          and created_at >= edge.since
          and created_at < edge.until
\ir rolled_stats_rest.sql
\ir stats_tail.sql
