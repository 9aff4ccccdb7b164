    offset 0  -- keeps the planner from taking each member out of detail again at every mention
  ) event
  group by 1
) bucketed
group by grouping sets ((), (bucket))
order by grouping(bucket) desc, bucket
