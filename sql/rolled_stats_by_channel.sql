-- The AI usage of one channel, from the sums.
with report as (
  select 'channel'::text as report
\ir rolled_stats_head.sql
    and cell.report = 'channel' and cell.group_id = (
      select member.id from tally_group member
      where member.hash = tally_group_hash('channel'::text, $6, null::text, null::text) and member.report = 'channel'
        and member.key = $6
    )
\ir rolled_stats_edges.sql
          and channel_id = chosen.channel_id
          and created_at >= edge.since
          and created_at < edge.until
\ir rolled_stats_rest.sql
\ir stats_tail.sql
