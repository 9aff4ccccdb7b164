-- What the statements that read events have in common, up to the conditions that say which index leads to them.
\ir stats_figures.sql
  select
    -- The clock of UTC: date_trunc on it knows no other zone.
    case when $3::text <> 'none' then date_trunc($3, created_at at time zone 'UTC') end as bucket,
    count(*) as messages,
    sum(tally_number(tokens_in)) as input_tokens,
    sum(tally_number(tokens_out)) as output_tokens,
    sum(tally_number(tokens_cached)) as cached_tokens,
    sum(tally_number(cost_usd)) as cost_usd
  from (
    select
      created_at,
      detail -> 'tokens_in'::text as tokens_in,
      detail -> 'tokens_out'::text as tokens_out,
      detail -> 'tokens_cached'::text as tokens_cached,
      detail -> 'cost_usd'::text as cost_usd
    from (
      select created_at, user_id, bot_id, channel_id, thread_id, agent_id, detail
      from resource_usage_log
      where resource_type::text = 'ai'
