-- The AI usage of one bot, from the sums.
with report as (
  select 'bot'::text as report
\ir rolled_stats_head.sql
    and cell.report = 'bot' and cell.group_id = (
      select member.id from tally_group member
      where member.hash = tally_group_hash('bot'::text, $5, null::text, null::text) and member.report = 'bot'
        and member.key = $5
    )
\ir rolled_stats_edges.sql
          and bot_id = chosen.bot_id
          and created_at >= edge.since
          and created_at < edge.until
\ir rolled_stats_rest.sql
\ir stats_tail.sql
