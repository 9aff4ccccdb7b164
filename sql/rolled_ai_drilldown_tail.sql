-- Behind whose sums are taken.
      group by 1
    ) summed
    join member on member.id = summed.group_id
    union all
    select
      collection_id,
      job_type,
      model_level,
      coalesce(sum(sign::numeric * tally_number(tokens_in)), 0),
      coalesce(sum(sign::numeric * tally_number(tokens_out)), 0),
      sum(sign)
    from (
      select
        sign,
        collection_id,
        detail ->> 'job_type'::text as job_type,
        detail ->> 'model_level'::text as model_level,
        detail -> 'tokens_in'::text as tokens_in,
        detail -> 'tokens_out'::text as tokens_out
      from event
      where resource_type::text = 'ai'
      offset 0  -- keeps the planner from taking each member out of detail again at every mention
    ) event
    group by 1, 2, 3
  ) part
  group by 1, 2, 3
  having sum(event_count) > 0::numeric
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
