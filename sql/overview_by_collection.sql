-- The first part of GET /admin/usage: what each collection consumed of each resource type.
--
-- $1 days, $2 collection_id (null: all), $3 bytes that a reply may have
-- Where the texts of a row are longer than that, the long ones stay at the server: null, and too_long is true.
select
  usage.collection_id,
  case when octet_length(nodes.title::text) > guard.part and guard.too_long then null else nodes.title
    end as collection_title,
  case when octet_length(usage.resource_type::text) > guard.part and guard.too_long then null else usage.resource_type
    end as resource_type,
  usage.event_count,
  usage.total_value,
  usage.secondary_value,
  case when greatest(octet_length(nodes.title::text), octet_length(usage.resource_type::text))
    > guard.part and guard.too_long then true end as too_long
from (
  select
    collection_id,
    resource_type,
    count(*) as event_count,
    coalesce(sum(tally_number(total)), 0) as total_value,
    coalesce(sum(tally_number(secondary)), 0) as secondary_value
  from (
    select
      collection_id,
      resource_type,
      detail -> tally_total_member(resource_type::text) as total,
      case resource_type::text when 'ai' then detail -> 'tokens_out'::text end as secondary
    from resource_usage_log
    where created_at >= now() - $1::int::float8 * interval '24 hours'
      and created_at < 'infinity'
      and ($2::uuid is null or collection_id = $2)
    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1, 2
) usage
left join tally_collection() nodes on nodes.id = usage.collection_id
cross join lateral (
  select
    $3::int / 2 as part,  -- a row has 2 texts: where each is shorter, it is not too long
    coalesce(octet_length(nodes.title::text), 0) + coalesce(octet_length(usage.resource_type::text), 0)
      > $3::int as too_long
) guard
order by usage.total_value desc, usage.collection_id nulls last, usage.resource_type collate "C"
