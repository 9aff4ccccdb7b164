-- The first part of GET /admin/usage: what each collection consumed of each resource type.
--
-- $1 days, $2 collection_id (null: all)
select
  usage.collection_id,
  nodes.title as collection_title,
  usage.resource_type,
  usage.event_count,
  usage.total_value,
  usage.secondary_value
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
      detail -> tally_total_member(resource_type) as total,
      case resource_type when 'ai' then detail -> 'tokens_out'::text end as secondary
    from resource_usage_log
    where created_at >= now() - $1::int::float8 * interval '24 hours'
      and created_at < 'infinity'
      and ($2::uuid is null or collection_id = $2)
    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1, 2
) usage
left join tally_collection() nodes on nodes.id = usage.collection_id
order by usage.total_value desc, usage.collection_id nulls last, usage.resource_type collate "C"
