-- What every statement of GET /v1/usage/stats has in common: the figures, summed up from rows that each
-- hold those of a bucket or of a part of one.
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
