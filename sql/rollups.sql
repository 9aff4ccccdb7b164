-- What is kept beside the log, so that a report need not read every event: sums by period of time.
--
-- Included by schema.sql. doc/architecture.md shows with an example how a reply is put together.

-- The reports that have sums, each with groups of its own:
--
--   type        name: resource type
--   collection  key: collection, name: resource type
--   job         key: collection, name: kind of job, level: level of model
--   ai          all AI events
--   user, bot, channel   key: whose AI events
--   agent       name: whose AI events
--
-- Sums are kept by month, day, and finer periods down to `finest`. A period in which most groups have but one
-- event is no cheaper to read than its events, and takes as much room: tally_keep() changes what suits a site.
create table if not exists tally_report (
  report text collate "C" primary key,
  finest text not null check (finest in ('quarter', 'hour', 'day'))  -- quarter: of an hour
);
insert into tally_report values
  ('type', 'quarter'), ('ai', 'quarter'), ('collection', 'hour'), ('job', 'hour'), ('bot', 'hour'),
  ('agent', 'hour'), ('channel', 'day'), ('user', 'day')
on conflict do nothing;

-- Names of groups are of any length. A longer one is cut here: its beginning, and a hash that tells it from others.
-- What is cut is longer than what is not, so neither is ever taken for the other.
create or replace function tally_bounded(name text) returns text
  language sql stable parallel safe
as $$
  select case when octet_length(name) > 200
    then left(name, 136) || '...'::text || encode(sha256(convert_to(name, getdatabaseencoding())), 'hex'::text)
    else name end
$$;

-- Each group once, found by a hash; it need not be unique.
create table if not exists tally_group (
  id     int generated always as identity primary key,
  hash   bigint not null,
  report text collate "C" not null,
  key    uuid,
  name   text,  -- bounded, as the level
  level  text
);
create index if not exists tally_group_hash on tally_group (hash);
create index if not exists tally_group_key on tally_group (report, key);

create or replace function tally_group_hash(report text, key uuid, name text, level text) returns bigint
  language sql immutable parallel safe
as $$
  select hashtextextended(report, uuid_hash_extended(coalesce(key, '00000000-0000-0000-0000-000000000000'::uuid),
    hashtextextended(coalesce(name, ''::text), hashtextextended(coalesce(level, ''::text), 0::bigint))))
$$;

-- The sums over the events of a group in a period. Each report has a partition.
create table if not exists tally_rollup (
  period        timestamp not null,         -- its start, on the clock of UTC
  events        bigint not null,
  group_id      int not null,
  grain         text collate "C" not null,  -- quarter, hour, day, month
  report        text collate "C" not null,
  total         numeric not null,           -- of AI events: tokens_in
  secondary     numeric not null,           -- of AI events: tokens_out
  tokens_cached numeric not null,
  cost_usd      numeric not null
) partition by list (report);

-- Sums of a period that is not over are updated often: some room lets that stay on their page.
create table if not exists tally_rollup_type partition of tally_rollup for values in ('type') with (fillfactor = 90);
create table if not exists tally_rollup_collection partition of tally_rollup for values in ('collection') with (fillfactor = 90);
create table if not exists tally_rollup_job partition of tally_rollup for values in ('job') with (fillfactor = 90);
create table if not exists tally_rollup_ai partition of tally_rollup for values in ('ai') with (fillfactor = 90);
create table if not exists tally_rollup_user partition of tally_rollup for values in ('user') with (fillfactor = 90);
create table if not exists tally_rollup_bot partition of tally_rollup for values in ('bot') with (fillfactor = 90);
create table if not exists tally_rollup_channel partition of tally_rollup for values in ('channel') with (fillfactor = 90);
create table if not exists tally_rollup_agent partition of tally_rollup for values in ('agent') with (fillfactor = 90);

-- By group, and by time where a report wants all groups.
create unique index if not exists tally_rollup_key on tally_rollup (group_id, grain, period, report);
create index if not exists tally_rollup_type_period on tally_rollup_type (grain, period);
create index if not exists tally_rollup_collection_period on tally_rollup_collection (grain, period);
create index if not exists tally_rollup_job_period on tally_rollup_job (grain, period);
create index if not exists tally_rollup_period on tally_rollup using brin (period) with (pages_per_range = 16);

-- How far the sums go. They hold
--
--   of the events that were there when they were begun (seq null, or up to base): those from adopted_from on;
--   of the later ones: those whose seq is up to watermark.
--
-- They are good for the one file of the log, and in the one file of their own, that is named here: a log
-- that was truncated, rewritten, replaced or restored has another one, and counts from its events.
create table if not exists tally_rollup_state (
  only_row     boolean primary key default true check (only_row),
  stage        text not null default 'anew' check (stage in ('anew', 'starting', 'kept')),
  log_file     oid,
  rollup_file  oid,
  cleared_to   int,      -- while sums are thrown away: the last group that has none any more
  base         bigint not null default 0,
  watermark    bigint not null default 0,
  adopted_from timestamptz not null default 'infinity',
  target       bigint,   -- the next watermark, once those who were writing when it was read have ended
  writers      text[],   -- who of them are still to be waited for
  of_prepared  boolean,  -- whether these are prepared transactions, which the others may have become
  step_limit   int       -- after a step that failed: about how many events the next one may take
);
insert into tally_rollup_state default values on conflict do nothing;

-- The names that were cut, whole; of agents none, since these are asked for and never told. Groups from before there
-- was this table have whole names, and sums with such a group are made anew.
do $$
begin
  if not exists (select from pg_class where relname = 'tally_long_name'::name
                 and relnamespace = (select oid from pg_namespace where nspname = pg_catalog.current_schema())) then
    create table tally_long_name (
      bounded text collate "C" primary key,
      whole   text not null
    );
    if exists (select from tally_group where octet_length(name) > 200 or octet_length(level) > 200) then
      update tally_rollup_state set stage = 'anew';
      delete from tally_group where octet_length(name) > 200 or octet_length(level) > 200;
    end if;
  end if;
end
$$;

-- Events that were changed or deleted: the old one with sign -1, a new one with sign 1. Those that the sums
-- hold count, until they are added to the sums; the others are dropped when their event is. Events that cannot be
-- added to the sums are put here too, as if the sums held them and they were still to be added: so they count.
create table if not exists tally_correction (
  sign          int not null,
  seq           bigint,
  created_at    timestamptz not null,
  resource_type text,
  collection_id uuid,
  user_id       uuid,
  bot_id        uuid,
  channel_id    uuid,
  agent_id      text,
  detail        jsonb,
  aside         boolean not null default false  -- it cannot be added to the sums, and no step tries it again
);
alter table tally_correction alter column resource_type drop not null;

-- Tables of an earlier release have not all columns. Where nothing is missing nobody waits for a lock.
do $$
declare
  wanted text[];
begin
  foreach wanted slice 1 in array array[
    ['tally_rollup_state', 'step_limit', 'int'], ['tally_correction', 'aside', 'boolean not null default false']
  ]
  loop
    if not exists (select from pg_attribute where attrelid = wanted[1]::regclass::oid and attname = wanted[2]::name) then
      execute pg_catalog.format('alter table %I add column %I %s', wanted[1], wanted[2], wanted[3]);
    end if;
  end loop;
end
$$;

create index if not exists tally_correction_of_user
  on tally_correction (user_id, greatest(created_at, '-infinity'::timestamptz))
  where resource_type = 'ai'::text and user_id is not null;

-- What was changed of one user's AI events in a part of a window that the sums serve. Most of the time there are no
-- corrections at all, and then nothing but a setting keeps a plan from reading all that come later.
create or replace function tally_corrections_of(of_user uuid, since timestamptz, until timestamptz, watermark bigint)
returns table (sign int, created_at timestamptz, detail jsonb)
  language plpgsql stable parallel restricted rows 1 set enable_seqscan = off
as $$
begin
  return query
    select correction.sign, correction.created_at, correction.detail
    from tally_correction correction
    where correction.resource_type = 'ai'::text
      and correction.user_id = of_user
      and greatest(correction.created_at, '-infinity'::timestamptz) >= since
      and greatest(correction.created_at, '-infinity'::timestamptz) < until
      and (correction.seq is null or correction.seq <= watermark);
end
$$;

-- As the owner, so that whoever may change events needs no right to what is kept about them. Times that are in no
-- window are in no sum either.
create or replace function tally_note_correction() returns trigger
  language plpgsql security definer
as $$
begin
  insert into tally_correction
  select -1, seq, created_at, resource_type::text, collection_id, user_id, bot_id, channel_id, agent_id::text, detail
  from old_event
  where created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz and created_at < 'infinity'::timestamptz;
  if tg_op = 'UPDATE' then
    insert into tally_correction
    select 1, seq, created_at, resource_type::text, collection_id, user_id, bot_id, channel_id, agent_id::text, detail
    from new_event
    where created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz and created_at < 'infinity'::timestamptz;
  end if;
  return null;
end
$$;

-- The same for one row: what a subscription applies fires no triggers for statements.
create or replace function tally_note_replicated() returns trigger
  language plpgsql security definer
as $$
begin
  insert into tally_correction
  select -1, old.seq, old.created_at, old.resource_type::text, old.collection_id, old.user_id, old.bot_id, old.channel_id,
    old.agent_id::text, old.detail
  where old.created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz and old.created_at < 'infinity'::timestamptz;
  if tg_op = 'UPDATE' then
    insert into tally_correction
    select 1, new.seq, new.created_at, new.resource_type::text, new.collection_id, new.user_id, new.bot_id,
      new.channel_id, new.agent_id::text, new.detail
    where new.created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz and new.created_at < 'infinity'::timestamptz;
  end if;
  return null;
end
$$;

-- An event that was there before seq was gets a number when it is changed: from then on each must have one.
create or replace function tally_number_event() returns trigger
  language plpgsql security definer
as $$
begin
  new.seq := nextval('resource_usage_log_seq'::regclass);
  return new;
end
$$;

-- Inserting events fires none of these. Always: also where a session replays what happened elsewhere; there row by
-- row, since the one that does it for a subscription knows no statements.
do $$
declare
  wanted text[];
  definition text;
begin
  foreach wanted slice 1 in array array[
    ['tally_event_numbered', 'before update', 'for each row when (new.seq is null)', 'tally_number_event'],
    ['tally_event_updated', 'after update',
     'referencing old table as old_event new table as new_event for each statement'
     ' when (current_setting(''session_replication_role''::text) <> ''replica''::text)', 'tally_note_correction'],
    ['tally_event_deleted', 'after delete',
     'referencing old table as old_event for each statement'
     ' when (current_setting(''session_replication_role''::text) <> ''replica''::text)', 'tally_note_correction'],
    ['tally_event_replicated', 'after update or delete',
     'for each row when (current_setting(''session_replication_role''::text) = ''replica''::text)',
     'tally_note_replicated']
  ]
  loop
    definition := (select pg_get_triggerdef(oid) from pg_trigger
                   where tgrelid = 'resource_usage_log'::regclass::oid and tgname = wanted[1]::name);
    continue when definition is not null
      and (wanted[1] = 'tally_event_numbered' or strpos(definition, 'session_replication_role'::text) > 0);
    execute pg_catalog.format('drop trigger if exists %I on resource_usage_log', wanted[1]);
    execute pg_catalog.format('create trigger %I %s on resource_usage_log %s execute function %I()',
                   wanted[1], wanted[2], wanted[3], wanted[4]);
    execute pg_catalog.format('alter table resource_usage_log enable always trigger %I', wanted[1]);
    -- What happened without it is not known.
    update tally_rollup_state set stage = 'anew';
  end loop;
end
$$;

-- A number is what tells an event that is in the sums from one that is not.
do $$
begin
  if not exists (select from pg_constraint where conrelid = 'resource_usage_log'::regclass::oid
                 and conname = 'resource_usage_log_numbered') then
    alter table resource_usage_log
      add constraint resource_usage_log_numbered check (seq is not null) not valid;
  end if;
end
$$;

-- The whole periods that make up a window, the coarsest that fit: ranges of periods of one grain each. The
-- window is one of tally_window; `coarsest` is month or day.
create or replace function tally_pieces(since timestamp, until timestamp, coarsest text)
returns table (grain text, first timestamp, before timestamp)
  language sql immutable parallel safe rows 4
as $$
  select grain, first, before
  from (
    select
      date_trunc('hour'::text, since + interval '59 minutes') as hour_1,
      date_trunc('hour'::text, until) as hour_2,
      date_trunc('day'::text, since + interval '1439 minutes') as day_1,
      date_trunc('day'::text, until) as day_2,
      case when coarsest = 'month'::text
        then date_trunc('month'::text, since - interval '1 microsecond') + interval '1 month' end as month_1,
      date_trunc('month'::text, until) as month_2
  ) edge
  -- Where no coarser period fits, the finer ones go through: the gap that is left for it is empty.
  cross join lateral (select
    case when month_1 < month_2 then month_1 else day_2 end as days_to,
    case when month_1 < month_2 then month_2 else day_2 end as days_from,
    case when day_1 < day_2 then day_1 else hour_2 end as hours_to,
    case when day_1 < day_2 then day_2 else hour_2 end as hours_from,
    case when hour_1 < hour_2 then hour_1 else until end as quarters_to,
    case when hour_1 < hour_2 then hour_2 else until end as quarters_from
  ) gap
  cross join lateral (values
    ('month'::text, month_1, month_2),
    ('day'::text, day_1, days_to), ('day'::text, days_from, day_2),
    ('hour'::text, hour_1, hours_to), ('hour'::text, hours_from, hour_2),
    ('quarter'::text, since, quarters_to), ('quarter'::text, quarters_from, until)
  ) piece (grain, first, before)
  where first < before
$$;

-- Which part of a window the sums of a report serve, and from which number on events must be added there.
-- What lies before and behind that part, all of it where the sums are of no use, counts from the events.
create or replace function tally_window(since timestamptz, until timestamptz, report text)
returns table (pieces_since timestamptz, pieces_until timestamptz, watermark bigint)
  language sql stable parallel safe rows 1
as $$
  select
    case when part.first < part.before then part.first at time zone 'UTC' else tally_window.until end,
    case when part.first < part.before then part.before at time zone 'UTC' else tally_window.until end,
    case when part.first < part.before then part.watermark else 9223372036854775807 end
  from (values (true)) always (one)
  left join lateral (
    select
      -- Up, and down, to a whole one of the finest periods.
      case tally_report.finest
        when 'quarter'::text then date_bin(interval '15 minutes', whole.first + interval '899999999 microseconds',
                                           timestamp '2000-01-01')
        when 'hour'::text then date_trunc('hour'::text, whole.first + interval '3599999999 microseconds')
        else date_trunc('day'::text, whole.first + interval '86399999999 microseconds')
      end as first,
      case tally_report.finest
        when 'quarter'::text then date_bin(interval '15 minutes', whole.before, timestamp '2000-01-01')
        else date_trunc(tally_report.finest, whole.before)
      end as before,
      state.watermark
    from tally_rollup_state state
    cross join tally_report
    cross join lateral (
      select
        greatest(tally_window.since, state.adopted_from) at time zone 'UTC' as first,
        tally_window.until at time zone 'UTC' as before
      offset 0
    ) whole
    where tally_report.report = tally_window.report
      and state.stage = 'kept'::text
      -- What is changed by way of a parent is not noted.
      and not exists (select from pg_inherits where inhrelid = 'resource_usage_log'::regclass::oid)
      and state.log_file = pg_relation_filenode('resource_usage_log'::regclass)
      and state.rollup_file = pg_relation_filenode('tally_rollup_type'::regclass)
      -- At the very end of time, up would be out of range.
      and whole.first < timestamp '294276-01-01'
  ) part on true
$$;
