-- The AI usage of one user, from the sums.
with report as (
  select 'user'::text as report
\ir rolled_stats_head.sql
    and cell.report = 'user' and cell.group_id = (
      select member.id from tally_group member
      where member.hash = tally_group_hash('user'::text, $4, null::text, null::text) and member.report = 'user'
        and member.key = $4
    )
\ir rolled_stats_edges.sql
          and user_id = chosen.user_id
          and created_at >= edge.since
          and created_at < edge.until
\ir rolled_stats_rest.sql
\ir stats_tail.sql
