-- The second part of GET /admin/usage: the AI usage of each collection by kind of job and model.
--
-- $1 days, $2 collection_id (null: all), $3 bytes that a reply may have
-- Where the texts of a row are longer than that, the long ones stay at the server: null, and too_long is true.
select
  usage.collection_id,
  case when octet_length(nodes.title::text) > guard.part and guard.too_long then null else nodes.title
    end as collection_title,
  case when octet_length(usage.job_type) > guard.part and guard.too_long then null else usage.job_type
    end as job_type,
  case when octet_length(usage.model_level) > guard.part and guard.too_long then null else usage.model_level
    end as model_level,
  usage.tokens_in,
  usage.tokens_out,
  usage.event_count,
  case when greatest(octet_length(nodes.title::text), octet_length(usage.job_type), octet_length(usage.model_level))
    > guard.part and guard.too_long then true end as too_long
from (
  select
    collection_id,
    job_type,
    model_level,
    coalesce(sum(tally_number(tokens_in)), 0) as tokens_in,
    coalesce(sum(tally_number(tokens_out)), 0) as tokens_out,
    count(*) as event_count
  from (
    select
      collection_id,
      detail ->> 'job_type'::text as job_type,
      detail ->> 'model_level'::text as model_level,
      detail -> 'tokens_in'::text as tokens_in,
      detail -> 'tokens_out'::text as tokens_out
    from resource_usage_log
    where resource_type::text = 'ai'
      and created_at >= now() - $1::int::float8 * interval '24 hours'
      and created_at < 'infinity'
      and ($2::uuid is null or collection_id = $2)
    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1, 2, 3
) usage
left join tally_collection() nodes on nodes.id = usage.collection_id
cross join lateral (
  select
    $3::int / 3 as part,  -- a row has 3 texts: where each is shorter, it is not too long
    coalesce(octet_length(nodes.title::text), 0) + coalesce(octet_length(usage.job_type), 0)
      + coalesce(octet_length(usage.model_level), 0) > $3::int as too_long
) guard
order by usage.tokens_in desc, usage.collection_id nulls last,
  usage.job_type collate "C" nulls last, usage.model_level collate "C" nulls last
