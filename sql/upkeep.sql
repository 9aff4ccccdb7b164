-- Keeping the sums of rollups.sql up: tally_upkeep() takes one bounded step.
--
-- Included by schema.sql. Nothing is wrong without it: an answer then reads more events.

-- An event as the sums take it; its amounts are negative where it is taken back (sign -1).
do $$
begin
  if to_regtype('tally_event'::text) is null then
    create type tally_event as (
      sign int, quarter timestamp, resource_type text, collection_id uuid, user_id uuid, bot_id uuid,
      channel_id uuid, agent_id text, job_type text, model_level text, total numeric, secondary numeric,
      tokens_cached numeric, cost_usd numeric);
  end if;
end
$$;

drop function if exists tally_event_of(int, timestamptz, text, uuid, uuid, uuid, uuid, text, jsonb);

-- Its names are bounded, so that many events make no array that is larger than PostgreSQL has room for.
create or replace function tally_event_of(
  sign int, created_at timestamptz, resource_type text, collection_id uuid, user_id uuid, bot_id uuid,
  channel_id uuid, agent_id text, job_type text, model_level text, detail jsonb)
returns tally_event
  language sql immutable parallel safe
as $$
  select row(
    sign,
    date_bin(interval '15 minutes', created_at at time zone 'UTC', timestamp '2000-01-01'),
    resource_type, collection_id, user_id, bot_id, channel_id, agent_id, job_type, model_level,
    sign::numeric * coalesce(tally_number(detail -> tally_total_member(resource_type)), 0::numeric),
    case resource_type when 'ai'::text
      then sign::numeric * coalesce(tally_number(detail -> 'tokens_out'::text), 0::numeric) else 0::numeric end,
    case resource_type when 'ai'::text
      then sign::numeric * coalesce(tally_number(detail -> 'tokens_cached'::text), 0::numeric) else 0::numeric end,
    case resource_type when 'ai'::text
      then sign::numeric * coalesce(tally_number(detail -> 'cost_usd'::text), 0::numeric) else 0::numeric end
  )::tally_event
$$;

-- The start of the period of a grain that a quarter of an hour belongs to.
create or replace function tally_period(grain text, quarter timestamp) returns timestamp
  language sql immutable parallel safe
as $$
  select case grain when 'quarter'::text then quarter else date_trunc(grain, quarter) end
$$;

-- What a number of events adds to the sums.
create or replace function tally_cells(events tally_event[])
returns table (report text, key uuid, name text, level text, grain text, period timestamp, events bigint,
               total numeric, secondary numeric, tokens_cached numeric, cost_usd numeric)
  language sql stable parallel safe
as $$
  with finest as materialized (
    select part.report, part.key, part.name, part.level, kept.finest as grain,
      tally_period(kept.finest, event.quarter) as period,
      sum(event.sign) as events, sum(event.total) as total, sum(event.secondary) as secondary,
      sum(event.tokens_cached) as tokens_cached, sum(event.cost_usd) as cost_usd
    from pg_catalog.unnest(tally_cells.events) event
    cross join lateral (values
      ('type'::text, null::uuid, event.resource_type, null::text, true),
      ('collection'::text, event.collection_id, event.resource_type, null::text, true),
      ('job'::text, event.collection_id, event.job_type, event.model_level, event.resource_type = 'ai'::text),
      ('ai'::text, null::uuid, null::text, null::text, event.resource_type = 'ai'::text),
      ('user'::text, event.user_id, null::text, null::text,
       event.resource_type = 'ai'::text and event.user_id is not null),
      ('bot'::text, event.bot_id, null::text, null::text,
       event.resource_type = 'ai'::text and event.bot_id is not null),
      ('channel'::text, event.channel_id, null::text, null::text,
       event.resource_type = 'ai'::text and event.channel_id is not null),
      ('agent'::text, null::uuid, event.agent_id, null::text,
       event.resource_type = 'ai'::text and event.agent_id is not null)
    ) part (report, key, name, level, counts)
    join tally_report kept on kept.report = part.report
    where part.counts
    group by 1, 2, 3, 4, 5, 6
  )
  select report, key, name, level, piece.grain, tally_period(piece.grain, period), sum(events)::bigint, sum(total),
    sum(secondary), sum(tokens_cached), sum(cost_usd)
  from finest
  join (values
    ('quarter'::text, 'quarter'::text), ('quarter'::text, 'hour'::text), ('quarter'::text, 'day'::text),
    ('quarter'::text, 'month'::text), ('hour'::text, 'hour'::text), ('hour'::text, 'day'::text),
    ('hour'::text, 'month'::text), ('day'::text, 'day'::text), ('day'::text, 'month'::text)
  ) piece (finest, grain) on piece.finest = finest.grain
  group by 1, 2, 3, 4, 5, 6
$$;

-- Adds the events to the sums.
create or replace function tally_add(batch tally_event[]) returns void
  language plpgsql
as $$
declare
  emptied_tables oid[];
  emptied_places tid[];
begin
  with cell as materialized (
    select *, tally_group_hash(report, key, name, level) as hash from tally_cells(batch)
  ), known as materialized (
    select distinct on (cell.report, cell.key, cell.name, cell.level)
      cell.report, cell.key, cell.name, cell.level, cell.hash, known.id
    from cell
    left join tally_group known on known.hash = cell.hash and known.report = cell.report
      and known.key is not distinct from cell.key and known.name is not distinct from cell.name
      and known.level is not distinct from cell.level
  ), added as (
    insert into tally_group (hash, report, key, name, level)
    select hash, report, key, name, level from known where id is null
    returning *
  ), stored as (
    insert into tally_rollup as kept
      (report, group_id, grain, period, events, total, secondary, tokens_cached, cost_usd)
    select cell.report, member.id, cell.grain, cell.period, cell.events, cell.total, cell.secondary,
      cell.tokens_cached, cell.cost_usd
    from cell
    join (
      select id, hash, report, key, name, level from known where id is not null
      union all
      select id, hash, report, key, name, level from added
    ) member on member.hash = cell.hash and member.report = cell.report
      and member.key is not distinct from cell.key and member.name is not distinct from cell.name
      and member.level is not distinct from cell.level
    -- What is read together lies together.
    order by cell.report, cell.grain, member.id, cell.period
    on conflict (group_id, grain, period, report) do update set
      events = kept.events + excluded.events,
      total = kept.total + excluded.total,
      secondary = kept.secondary + excluded.secondary,
      tokens_cached = kept.tokens_cached + excluded.tokens_cached,
      cost_usd = kept.cost_usd + excluded.cost_usd
    returning kept.tableoid as rollup, kept.ctid as place, kept.events, kept.total, kept.secondary,
      kept.tokens_cached, kept.cost_usd
  )
  select pg_catalog.array_agg(rollup), pg_catalog.array_agg(place) into emptied_tables, emptied_places
  from stored
  where events = 0::bigint and total = 0::numeric and secondary = 0::numeric and tokens_cached = 0::numeric
    and cost_usd = 0::numeric;

  -- A group without events in a period has no sum there. No events alone is not enough: some of the corrections
  -- to it may be still to come.
  if emptied_places is not null then
    delete from tally_rollup kept
    using rows from (pg_catalog.unnest(emptied_tables), pg_catalog.unnest(emptied_places)) emptied (rollup, place)
    where kept.ctid = emptied.place and kept.tableoid = emptied.rollup;
  end if;
end
$$;

-- Who holds a lock on the log that lets them write: 'PID TRANSACTION', a prepared one without the PID.
create or replace function tally_writers() returns table (pid text, transaction text)
  language sql stable
as $$
  select coalesce(lock.pid::text, ''::text), lock.virtualtransaction
  from pg_locks lock
  where lock.locktype = 'relation'::text
    and lock.database = (select database.oid from pg_database database where database.datname = current_database())
    and lock.relation = 'resource_usage_log'::regclass::oid
    and lock.mode = any ('{RowExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::text[])
    and lock.granted
$$;

-- Who of those that were writing has not ended. A transaction that is about to end shows the number 0. One
-- that was prepared has a number of its own, and nothing tells whose it was: when the others have ended, those
-- that are prepared by then are waited for too.
create or replace function tally_await_writers(inout state tally_rollup_state)
  language plpgsql
as $$
begin
  state.writers := array(
    select former from pg_catalog.unnest(state.writers) former
    where exists (select from tally_writers() now
                  where now.pid || ' '::text || now.transaction = former
                    or now.pid = split_part(former, ' '::text, 1) and now.transaction like '%/0'::text));
  if not state.of_prepared and not exists (select from pg_catalog.unnest(state.writers) former
                                           where former not like ' %'::text) then
    state.writers := array(select distinct now.pid || ' '::text || now.transaction from tally_writers() now
                           where now.pid = ''::text);
    state.of_prepared := true;
  end if;
end
$$;

-- Aims at the number that the last event has by now. Read so, and not from the sequence's row, which may run
-- ahead; and before the writers are: whoever drew a number up to it is among them, or has ended.
create or replace function tally_aim(inout state tally_rollup_state)
  language plpgsql
as $$
begin
  state.target := coalesce(pg_sequence_last_value('resource_usage_log_seq'::regclass), 0::bigint);
  state.writers := array(select distinct now.pid || ' '::text || now.transaction from tally_writers() now);
  state.of_prepared := false;
end
$$;

-- Takes a step of throwing the sums away, which nobody reads any more: all at once where nobody holds a lock on
-- them, and else a number of groups, so that constant readers cannot hold it up. Then begins new ones.
create or replace function tally_begin_anew(inout state tally_rollup_state, most int)
  language plpgsql
as $$
#variable_conflict use_variable
declare
  before int := coalesce(state.cleared_to, 0);
begin
  state.stage := 'anew';
  begin
    lock table tally_rollup in access exclusive mode nowait;
    truncate tally_rollup;
    state.cleared_to := null;
  exception
    when lock_not_available then
      state.cleared_to := (select max(next.id) from (
        select member.id from tally_group member where member.id > before order by member.id limit 1 + most / 500
      ) next);
      delete from tally_rollup where group_id > before and group_id <= state.cleared_to;
  end;
  if state.cleared_to is null then
    state.stage := 'starting';
    state.log_file := pg_relation_filenode('resource_usage_log'::regclass);
    state.rollup_file := pg_relation_filenode('tally_rollup_type'::regclass);
    state.adopted_from := 'infinity';
    state := tally_aim(state);
  end if;
end
$$;

-- Whether sums of this log can be kept at all: it is one table, and no change to it goes unnoticed.
create or replace function tally_can_keep() returns boolean
  language sql stable
as $$
  select relation.relkind = 'r'::"char" and not relation.relhassubclass
    and not exists (select from pg_inherits where inhrelid = relation.oid)
    and (select count(*) from pg_trigger
         where tgrelid = relation.oid and tgenabled = 'A'::"char"
           and tgname = any ('{tally_event_numbered,tally_event_updated,tally_event_deleted,tally_event_replicated}'::name[])
        ) = 4::bigint
  from pg_class relation
  where relation.oid = 'resource_usage_log'::regclass::oid
$$;

-- What there is to do: see tally_upkeep.
create or replace function tally_what_remains(state tally_rollup_state) returns text
  language plpgsql
as $$
begin
  return case
    when state.stage = 'anew'::text
      or state.log_file is distinct from pg_relation_filenode('resource_usage_log'::regclass)
      or state.rollup_file is distinct from pg_relation_filenode('tally_rollup_type'::regclass)
      then 'more'
    when state.stage = 'starting'::text then 'waiting'
    when state.adopted_from > '-infinity'::timestamptz
      or state.target is null
        and state.watermark < coalesce(pg_sequence_last_value('resource_usage_log_seq'::regclass), 0::bigint)
      or exists (select from tally_correction
                 where not aside and case when seq is null or seq <= state.base then created_at >= state.adopted_from
                                          else seq <= state.watermark end)
      then 'more'
    when state.target is null then 'done'
    when pg_catalog.cardinality(state.writers) = 0 then 'more'
    else 'waiting'
  end;
end
$$;

-- One step: about `most` events at the most, of what there is to do. Says
--
--   more     there is more to do
--   waiting  there is, when those who are writing have ended
--   done     the sums hold all
--   busy     somebody else takes a step, or the log is locked: nothing was done
--   standby  nothing is to be done on a server that only follows another
--   unfit    sums of this log cannot be kept (a partitioned or inherited one, or one without its triggers)
create or replace function tally_upkeep(most int default 10000) returns text
  language plpgsql security definer
as $$
#variable_conflict use_variable
declare
  state tally_rollup_state;
  former text;
begin
  if pg_is_in_recovery() then
    return 'standby';
  end if;
  if current_setting('transaction_isolation'::text) <> 'read committed'::text then
    raise exception 'tally_upkeep needs a transaction that is read committed';
  end if;
  most := greatest(1, least(most, 200000));
  select * into state from tally_rollup_state;
  if tally_what_remains(state) = 'done'::text then
    return 'done';
  end if;
  begin
    select * into state from tally_rollup_state for update skip locked;
    if not found then
      return 'busy';
    end if;
    former := state::text;
    lock table resource_usage_log in access share mode nowait;
    if not tally_can_keep() then
      update tally_rollup_state set stage = 'anew' where stage <> 'anew'::text;
      return 'unfit';
    end if;
    if state.stage = 'anew'::text or state.log_file is distinct from pg_relation_filenode('resource_usage_log'::regclass)
       or state.rollup_file is distinct from pg_relation_filenode('tally_rollup_type'::regclass)
       -- Numbers that are given again tell nothing.
       or state.watermark > coalesce(pg_sequence_last_value('resource_usage_log_seq'::regclass), 0::bigint) then
      state := tally_begin_anew(state, most);
    end if;
  exception
    when lock_not_available then
      return 'busy';
  end;

  if state.stage = 'kept'::text and state.target is null
     and state.watermark < coalesce(pg_sequence_last_value('resource_usage_log_seq'::regclass), 0::bigint) then
    state := tally_aim(state);
  end if;
  if state.target is not null then
    state := tally_await_writers(state);
  end if;
  if state.stage = 'starting'::text and pg_catalog.cardinality(state.writers) = 0 then
    state.stage := 'kept';
    state.base := state.target;
    state.watermark := state.target;
    state.target := null;
  end if;

  if state.stage = 'kept'::text then
    state := tally_take_step(state, most);
  end if;
  if state::text <> former then
    update tally_rollup_state set
      stage = state.stage, log_file = state.log_file, rollup_file = state.rollup_file, base = state.base,
      cleared_to = state.cleared_to, watermark = state.watermark, adopted_from = state.adopted_from, target = state.target,
      writers = state.writers, of_prepared = state.of_prepared, step_limit = state.step_limit;
  end if;
  return tally_what_remains(state);
end
$$;
