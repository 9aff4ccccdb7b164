-- What the statements of GET /admin/usage that go by the sums of rollups.sql have in common, from the report
-- whose sums these are, behind the groups of these sums: the window, and its events that are in no piece, first
-- those at its edges, up to the condition for these. Parameters and columns are those of the statement that reads
-- events; `chosen` hides them from the planner (see rolled_stats_head.sql).
), chosen as materialized (
  select *
  from (
    select
      now() - $1::int::float8 * interval '24 hours' as since,
      'infinity'::timestamptz as until,
      $2::uuid as collection_id
  ) asked
  cross join report
  cross join lateral tally_window(asked.since, asked.until, report.report)
), event as not materialized (
  select 1 as sign, event.created_at, event.resource_type, event.collection_id, event.detail
  from chosen
  cross join lateral (values (chosen.since, chosen.pieces_since), (chosen.pieces_until, chosen.until)
  ) edge (since, until)
  cross join lateral (
    select created_at, resource_type, collection_id, detail
    from resource_usage_log
    where created_at >= edge.since and created_at < edge.until
