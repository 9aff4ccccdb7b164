-- Behind whose sums are taken.
      group by 1, 2
    ) summed
    join member on member.id = summed.group_id
    union all
    select
      -- The clock of UTC: date_trunc on it knows no other zone.
      date_trunc('day'::text, created_at at time zone 'UTC'),
      resource_type,
      sum(sign),
      coalesce(sum(sign::numeric * tally_number(total)), 0)
    from (
      select
        sign,
        created_at,
        resource_type,
        detail -> tally_total_member(resource_type::text) as total
      from event
      offset 0  -- keeps the planner from taking each member out of detail again at every mention
    ) event
    group by 1, 2
  ) part
  group by 1, 2
  having sum(event_count) > 0::numeric
) usage
cross join lateral (select octet_length(usage.resource_type::text) > $3::int as too_long) guard
order by day desc, usage.resource_type collate "C"
