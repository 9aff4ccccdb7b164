-- What every statement of GET /v1/usage/stats has in common, up to its conditions.
--
-- $1 since, $2 until    timestamptz, null: 30 days ago, now
-- $3 bucket             day, week, month or none
-- $4 user_id, $5 bot_id, $6 channel_id, $7 thread_id, $8 agent_id    null: any
--
-- The first row holds the totals, the others a bucket each. ts is in seconds since 1970, now in
-- microseconds.
select
  extract(epoch from bucket)::bigint as ts,
  coalesce(sum(messages), 0)::bigint as messages,
  coalesce(sum(input_tokens), 0) as input_tokens,
  coalesce(sum(output_tokens), 0) as output_tokens,
  coalesce(sum(cached_tokens), 0) as cached_tokens,
  coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0) as total_tokens,
  coalesce(sum(cost_usd), 0) as cost_usd,
  (extract(epoch from now()) * 1000000::numeric)::bigint as now
from (
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
