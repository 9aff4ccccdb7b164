-- The second part of GET /admin/usage: the AI usage of each collection by kind of job and model.
--
-- $1 days, $2 collection_id (null: all)
select
  usage.collection_id,
  nodes.title as collection_title,
  usage.job_type,
  usage.model_level,
  usage.tokens_in,
  usage.tokens_out,
  usage.event_count
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
    where resource_type = 'ai'
      and created_at >= now() - $1::int::float8 * interval '24 hours'
      and created_at < 'infinity'
      and ($2::uuid is null or collection_id = $2)
    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1, 2, 3
) usage
left join tally_collection() nodes on nodes.id = usage.collection_id
order by usage.tokens_in desc, usage.collection_id nulls last,
  usage.job_type collate "C" nulls last, usage.model_level collate "C" nulls last
