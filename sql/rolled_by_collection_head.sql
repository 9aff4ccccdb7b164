-- What the two statements of this part of the overview have in common, up to whose sums they take.
select
  usage.collection_id,
  case when octet_length(nodes.title::text) > guard.part and guard.too_long then null else nodes.title
    end as collection_title,
  case when octet_length(usage.resource_type::text) > guard.part and guard.too_long then null else usage.resource_type
    end as resource_type,
  usage.event_count,
  usage.total_value,
  usage.secondary_value,
  case when greatest(octet_length(nodes.title::text), octet_length(usage.resource_type::text))
    > guard.part and guard.too_long then true end as too_long
from (
  select
    collection_id,
    resource_type,
    sum(event_count)::bigint as event_count,
    sum(total_value) as total_value,
    sum(secondary_value) as secondary_value
  from (
    select
      member.key as collection_id,
      case when octet_length(member.name) > 200
        then (select long.whole from tally_long_name long where long.bounded = member.name)
        else member.name end as resource_type,
      summed.event_count, summed.total_value, summed.secondary_value
    from (
      select
        cell.group_id, sum(cell.events)::bigint as event_count, sum(cell.total) as total_value,
        sum(cell.secondary) as secondary_value
      from chosen
      cross join lateral tally_pieces(
        chosen.pieces_since at time zone 'UTC', chosen.pieces_until at time zone 'UTC', 'month'::text
      ) piece
      join tally_rollup cell on cell.grain = piece.grain and cell.period >= piece.first and cell.period < piece.before
