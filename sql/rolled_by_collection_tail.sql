-- Behind whose sums are taken.
      group by 1
    ) summed
    join member on member.id = summed.group_id
    union all
    select
      collection_id,
      resource_type,
      sum(sign),
      coalesce(sum(sign::numeric * tally_number(total)), 0),
      coalesce(sum(sign::numeric * tally_number(secondary)), 0)
    from (
      select
        sign,
        collection_id,
        resource_type,
        detail -> tally_total_member(resource_type::text) as total,
        case resource_type::text when 'ai' then detail -> 'tokens_out'::text end as secondary
      from event
      offset 0  -- keeps the planner from taking each member out of detail again at every mention
    ) event
    group by 1, 2
  ) part
  group by 1, 2
  having sum(event_count) > 0::numeric
) usage
left join tally_collection() nodes on nodes.id = usage.collection_id
cross join lateral (
  select
    $3::int / 2 as part,  -- a row has 2 texts: where each is shorter, it is not too long
    coalesce(octet_length(nodes.title::text), 0) + coalesce(octet_length(usage.resource_type::text), 0)
      > $3::int as too_long
) guard
order by usage.total_value desc, usage.collection_id nulls last, usage.resource_type collate "C"
