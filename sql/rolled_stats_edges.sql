  -- The events that are in no piece, first those at the edges of the window: from here on up to the condition
  -- for what lies at an edge.
  group by 1
  union all
  select
    case when $3 <> 'none' then date_trunc($3, created_at at time zone 'UTC') end,
    sum(sign),
    sum(sign::numeric * tally_number(tokens_in)),
    sum(sign::numeric * tally_number(tokens_out)),
    sum(sign::numeric * tally_number(tokens_cached)),
    sum(sign::numeric * tally_number(cost_usd))
  from (
    select
      sign,
      created_at,
      detail -> 'tokens_in'::text as tokens_in,
      detail -> 'tokens_out'::text as tokens_out,
      detail -> 'tokens_cached'::text as tokens_cached,
      detail -> 'cost_usd'::text as cost_usd
    from (
      select 1 as sign, event.created_at, event.detail
      from chosen
      cross join lateral (values (chosen.since, chosen.pieces_since), (chosen.pieces_until, chosen.until)
      ) edge (since, until)
      cross join lateral (
        select created_at, detail
        from resource_usage_log
        where resource_type = 'ai'
          and ($4::uuid is null or user_id = $4)
          and ($5::uuid is null or bot_id = $5)
          and ($6::uuid is null or channel_id = $6)
          and ($7::text is null or thread_id = $7)
          and ($8::text is null or agent_id = $8)
