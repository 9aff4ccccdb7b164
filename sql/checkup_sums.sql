-- What tally.fcgi -T says of the sums of events: the outcome (ok or warning), and how far they are. The view
-- tally_rollup_status says more to whoever owns the schema.
select
  case when unfit then 'warning' else 'ok' end::text as outcome,
  case
    when unfit then 'no sums can be kept of this log, and replies count from the events: it is partitioned or inherited, or '
      'its triggers are missing or disabled; run sql/schema.sql'
    when not in_use then 'being made, replies count from the events meanwhile; call tally_adopt() in psql hurries that'
    when not exists (select from resource_usage_log where created_at < adopted_from) then 'in use'
    else case when isfinite(adopted_from)
              then pg_catalog.format('in use from %s on', to_char(adopted_from at time zone 'UTC', 'YYYY-MM-DD'::text))
              else 'in use for new events' end
      || '; what is older counts from the events, until it is added; call tally_adopt() in psql hurries that'
  end::text as found
from tally_rollup_state
cross join lateral (
  select stage = 'kept' and log_file = pg_relation_filenode(relation.oid::regclass)
      and rollup_file = pg_relation_filenode(to_regclass('tally_rollup_type'::text)) as in_use,
    relation.relkind <> 'r' or relation.relhassubclass
      or exists (select from pg_inherits where inhrelid = relation.oid)
      -- Each as schema.sql makes it: it fires whoever writes.
      or (select coalesce(bool_or(tgenabled <> 'A'), true) from pg_trigger
          where tgrelid = relation.oid and starts_with(tgname::text, 'tally_event_'::text)) as unfit
  from pg_class relation
  where relation.oid = to_regclass('resource_usage_log'::text)::oid
) as log
