-- What tally.fcgi -T says of the sums of events; tally_rollup_status says more to whoever owns the schema.
select
  case when stage = 'kept'
        and log_file = pg_relation_filenode(to_regclass('resource_usage_log'))
        and rollup_file = pg_relation_filenode(to_regclass('tally_rollup_type')) then
    case when exists (select from resource_usage_log where created_at < adopted_from)
         then case when isfinite(adopted_from)
                   then format('in use from %s on', to_char(adopted_from at time zone 'UTC', 'YYYY-MM-DD'))
                   else 'in use for new events' end
           || '; what is older counts from the events, until it is added; call tally_adopt() in psql hurries that'
         else 'in use' end
    else 'being made, replies count from the events meanwhile; call tally_adopt() in psql hurries that' end as found
from tally_rollup_state
