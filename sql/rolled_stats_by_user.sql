-- The AI usage of one user, from the sums. All that is read is the user's own, by indexes that begin with the user: see
-- stats_by_user.sql.
with report as (
  select 'user'::text as report
\ir rolled_stats_head.sql
    and cell.report = 'user' and (cell.report = 'user' or tally_never(cell.report)) and cell.group_id = (
      select member.id from tally_group member
      where member.hash = tally_group_hash('user'::text, $4, null::text, null::text) and member.report = 'user'
        and member.key = $4 and (member.key = $4 or tally_never(member.report))
    )
\ir rolled_stats_edges.sql
          and user_id = chosen.user_id
          and (user_id, created_at) >= (chosen.user_id, edge.since)
          and (user_id, created_at) < (chosen.user_id, edge.until)
          and (user_id = chosen.user_id or tally_never(resource_type::text))
        offset 0
      ) event
      union all
      -- Those that are not folded yet, and what was changed of those that are. The index has the number as it is compared
      -- here, which the index of all numbers has not.
      select 1, chosen.bucket, event.created_at, event.detail
      from chosen
      cross join lateral (
        select created_at, detail
        from resource_usage_log
        where resource_type = 'ai'
          and user_id = chosen.user_id
          and (user_id, created_at) >= (chosen.user_id, chosen.pieces_since)
          and (user_id, created_at) < (chosen.user_id, chosen.pieces_until)
          and coalesce(seq, 0::bigint) > chosen.watermark
          and (user_id = chosen.user_id or tally_never(resource_type::text))
        offset 0
      ) event
      union all
      select correction.sign, chosen.bucket, correction.created_at, correction.detail
      from chosen
      cross join lateral (
        select sign, created_at, detail
        from tally_correction
        where resource_type = 'ai'
          and user_id = chosen.user_id
          and (user_id, created_at) >= (chosen.user_id, chosen.pieces_since)
          and (user_id, created_at) < (chosen.user_id, chosen.pieces_until)
          and (seq is null or seq <= chosen.watermark)
          and (user_id = chosen.user_id or tally_never(resource_type))
        offset 0
      ) correction
    ) event
\ir stats_tail.sql
