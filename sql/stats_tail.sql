    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1
) part
group by grouping sets ((), (bucket))
having grouping(bucket) = 1 or sum(messages) > 0::numeric
order by ts nulls first, grouping(bucket) desc
