-- The third part of GET /admin/usage: what was consumed of each resource type on each UTC day.
--
-- $1 days, $2 collection_id (null: all), $3 bytes that a reply may have; day is in seconds since 1970
-- Where the texts of a row are longer than that, the long ones stay at the server: null, and too_long is true.
select
  extract(epoch from day)::bigint as day,
  case when guard.too_long then null else resource_type end as resource_type,
  event_count,
  total_value,
  case when guard.too_long then true end as too_long
from (
  select
    -- The clock of UTC: date_trunc on it knows no other zone.
    date_trunc('day'::text, created_at at time zone 'UTC') as day,
    resource_type,
    count(*) as event_count,
    coalesce(sum(tally_number(total)), 0) as total_value
  from (
    select
      created_at,
      resource_type,
      detail -> tally_total_member(resource_type::text) as total
    from resource_usage_log
    where created_at >= now() - $1::int::float8 * interval '24 hours'
      and created_at < 'infinity'
      and ($2::uuid is null or collection_id = $2)
    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1, 2
) usage
cross join lateral (select octet_length(usage.resource_type::text) > $3::int as too_long) guard
order by day desc, usage.resource_type collate "C"
