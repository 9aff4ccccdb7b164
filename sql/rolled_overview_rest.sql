-- Behind the condition for the events at the edges: the other events that are in no piece.
    offset 0  -- each edge by an index
  ) event
  union all
  -- Those that are not folded yet, and what was changed of those that are.
  select 1, event.created_at, event.resource_type, event.collection_id, event.detail
  from chosen
  cross join lateral (
    select created_at, resource_type, collection_id, detail
    from resource_usage_log
    where seq > chosen.watermark and seq <= 9223372036854775807
    offset 0  -- by no other index
  ) event
  where event.created_at >= chosen.pieces_since and event.created_at < chosen.pieces_until
    and (chosen.collection_id is null or event.collection_id = chosen.collection_id)
  union all
  select correction.sign, correction.created_at, correction.resource_type, correction.collection_id,
    correction.detail
  from chosen
  join tally_correction correction
    on correction.created_at >= chosen.pieces_since and correction.created_at < chosen.pieces_until
  where (correction.seq is null or correction.seq <= chosen.watermark)
    and (chosen.collection_id is null or correction.collection_id = chosen.collection_id)
)
