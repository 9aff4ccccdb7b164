-- What the statements that read events have in common, up to their conditions.
\ir stats_figures.sql
  select
    -- The clock of UTC: date_trunc on it knows no other zone.
    case when $3 <> 'none' then date_trunc($3, created_at at time zone 'UTC') end as bucket,
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
    from resource_usage_log
    where resource_type = 'ai'
      and ($4::uuid is null or user_id = $4)
      and ($5::uuid is null or bot_id = $5)
      and ($6::uuid is null or channel_id = $6)
      and ($7::text is null or thread_id = $7)
      and ($8::text is null or agent_id = $8)
