-- What the statements of GET /v1/usage/stats that go by the sums of rollups.sql have in common, from the
-- report whose sums these are up to the group. Parameters and columns are those of stats_figures.sql. All that
-- is asked for is read from `chosen`, which hides it from the planner: knowing it buys no better plan, and so
-- the plan is made once and kept.
), chosen as materialized (
  select *
  from (
    select
      coalesce($1, now() - interval '720 hours') as since,
      coalesce($2, now()) as until,
      $3::text as bucket,
      $4::uuid as user_id,
      $5::uuid as bot_id,
      $6::uuid as channel_id,
      $7::text as thread_id,
      $8::text as agent_id
  ) asked
  cross join report
  cross join lateral tally_window(asked.since, asked.until, report.report)
)
\ir stats_figures.sql
  select
    case when chosen.bucket <> 'none' then date_trunc(chosen.bucket, cell.period) end as bucket,
    sum(cell.events)::bigint as messages,
    sum(cell.total) as input_tokens,
    sum(cell.secondary) as output_tokens,
    sum(cell.tokens_cached) as cached_tokens,
    sum(cell.cost_usd) as cost_usd
  from chosen
  cross join lateral tally_pieces(
    chosen.pieces_since at time zone 'UTC', chosen.pieces_until at time zone 'UTC',
    case when chosen.bucket = 'none' or chosen.bucket = 'month' then 'month'::text else 'day'::text end
  ) piece
  join tally_rollup cell on cell.grain = piece.grain and cell.period >= piece.first and cell.period < piece.before
