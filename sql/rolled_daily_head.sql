-- What the two statements of this part of the overview have in common, up to whose sums they take.
select
  extract(epoch from day)::bigint as day,
  case when guard.too_long then null else resource_type end as resource_type,
  event_count,
  total_value,
  case when guard.too_long then true end as too_long
from (
  select
    day,
    resource_type,
    sum(event_count)::bigint as event_count,
    sum(total_value) as total_value
  from (
    select
      summed.day,
      case when octet_length(member.name) > 200
        then (select long.whole from tally_long_name long where long.bounded = member.name)
        else member.name end as resource_type,
      summed.event_count, summed.total_value
    from (
      select
        date_trunc('day'::text, cell.period) as day, cell.group_id, sum(cell.events)::bigint as event_count,
        sum(cell.total) as total_value
      from chosen
      cross join lateral tally_pieces(
        chosen.pieces_since at time zone 'UTC', chosen.pieces_until at time zone 'UTC', 'day'::text
      ) piece
      join tally_rollup cell on cell.grain = piece.grain and cell.period >= piece.first and cell.period < piece.before
