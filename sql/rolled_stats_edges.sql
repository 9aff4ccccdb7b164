  -- The events that are in no piece, first those at the edges of the window: from here on up to the condition
  -- for what lies at an edge.
  group by 1
  union all
  select
    case when bucket <> 'none' then date_trunc(bucket, created_at at time zone 'UTC') end,
    sum(sign),
    sum(sign::numeric * tally_number(tokens_in)),
    sum(sign::numeric * tally_number(tokens_out)),
    sum(sign::numeric * tally_number(tokens_cached)),
    sum(sign::numeric * tally_number(cost_usd))
  from (
    select
      sign,
      bucket,
      created_at,
      detail -> 'tokens_in'::text as tokens_in,
      detail -> 'tokens_out'::text as tokens_out,
      detail -> 'tokens_cached'::text as tokens_cached,
      detail -> 'cost_usd'::text as cost_usd
    from (
      select 1 as sign, chosen.bucket, event.created_at, event.detail
      from chosen
      cross join lateral (values (chosen.since, chosen.pieces_since), (chosen.pieces_until, chosen.until)
      ) edge (since, until)
      cross join lateral (
        select created_at, detail
        from resource_usage_log
        where resource_type::text = 'ai'
          and (chosen.user_id is null or user_id = chosen.user_id)
          and (chosen.bot_id is null or bot_id = chosen.bot_id)
          and (chosen.channel_id is null or channel_id = chosen.channel_id)
          and (chosen.thread_id is null or thread_id::text collate "C" = chosen.thread_id)
          and (chosen.agent_id is null or agent_id::text collate "C" = chosen.agent_id)
