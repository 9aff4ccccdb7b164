-- The AI usage of one agent, from the sums.
with report as (
  select 'agent'::text as report
\ir rolled_stats_head.sql
    and cell.report = 'agent' and cell.group_id = (
      select member.id from tally_group member
      where member.hash = tally_group_hash('agent'::text, null::uuid, tally_bounded($8), null::text) and member.report = 'agent'
        and member.name = tally_bounded($8)
    )
\ir rolled_stats_edges.sql
          and hashtextextended(agent_id::text collate "C", 0::bigint)
            = hashtextextended(chosen.agent_id collate "C", 0::bigint)
          and greatest(created_at, '-infinity'::timestamptz) >= edge.since
          and greatest(created_at, '-infinity'::timestamptz) < edge.until
\ir rolled_stats_rest.sql
\ir stats_tail.sql
