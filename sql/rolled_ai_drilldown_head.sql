-- What the two statements of this part of the overview have in common, up to whose sums they take.
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
    sum(tokens_in) as tokens_in,
    sum(tokens_out) as tokens_out,
    sum(event_count)::bigint as event_count
  from (
    select
      member.key as collection_id,
      case when octet_length(member.name) > 200
        then (select long.whole from tally_long_name long where long.bounded = member.name)
        else member.name end as job_type,
      case when octet_length(member.level) > 200
        then (select long.whole from tally_long_name long where long.bounded = member.level)
        else member.level end as model_level,
      summed.tokens_in, summed.tokens_out, summed.event_count
    from (
      select
        cell.group_id, sum(cell.total) as tokens_in, sum(cell.secondary) as tokens_out,
        sum(cell.events)::bigint as event_count
      from chosen
      cross join lateral tally_pieces(
        chosen.pieces_since at time zone 'UTC', chosen.pieces_until at time zone 'UTC', 'month'::text
      ) piece
      join tally_rollup cell on cell.grain = piece.grain and cell.period >= piece.first and cell.period < piece.before
