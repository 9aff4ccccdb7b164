-- The tables, indexes and functions of Tally.
--
--   psql -d DATABASE -f sql/schema.sql
--
-- Run it as the owner of the database or of the schema that comes first in the search path, again
-- and again if you like: what is there stays, what is missing is added, all of it or nothing.
-- A log with the columns id, created_at, collection_id, resource_type and detail is adopted without
-- being rewritten. Writers to it wait for a moment. The indexes of a large log are built behind that,
-- one by one, without holding up anybody; run this file again if that was cut off.

\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;

-- What waits behind a lock holds up all that comes after it: better to give up and be run again.
select set_config('lock_timeout', '10s', false) where current_setting('lock_timeout') = '0' \g /dev/null

begin;

-- Two runs at a time would trip over each other's half-made tables.
select pg_advisory_xact_lock(hashtextextended('tally schema', 0)) \g /dev/null

-- Collections, for their titles. The site's own table or view with these columns may take its place.
create table if not exists nodes (
  id    uuid primary key,
  title text
);

-- One row per event: the only source of truth.
create table if not exists resource_usage_log (
  id            uuid primary key default gen_random_uuid(),  -- the idempotency key
  created_at    timestamptz not null default now(),          -- when it was consumed
  resource_type text not null,                               -- ai, whisper, tts, cas, bandwidth, livekit, any other
  collection_id uuid,
  detail        jsonb not null default '{}'
);

alter table resource_usage_log
  add column if not exists user_id    uuid,
  add column if not exists bot_id     uuid,
  add column if not exists channel_id uuid,
  add column if not exists thread_id  text,
  add column if not exists agent_id   text,
  add column if not exists seq        bigint;

-- An adopted table may have other types, with which sums would be wrong or fail. Nothing is changed then.
do $$
declare
  wrong text;
begin
  select format('Column %s.%s must be of type %s%s; alter it, and run this file again.',
                expected.relation, expected.name, array_to_string(expected.types, ' or '),
                ', but it is ' || coalesce(format_type(atttypid, null), 'missing'))
    into wrong
    from (values
      ('resource_usage_log', 'created_at', array['timestamp with time zone']),
      ('resource_usage_log', 'resource_type', array['text', 'character varying']),
      ('resource_usage_log', 'detail', array['jsonb']),
      ('resource_usage_log', 'collection_id', array['uuid']),
      ('resource_usage_log', 'user_id', array['uuid']),
      ('resource_usage_log', 'bot_id', array['uuid']),
      ('resource_usage_log', 'channel_id', array['uuid']),
      ('resource_usage_log', 'thread_id', array['text', 'character varying']),
      ('resource_usage_log', 'agent_id', array['text', 'character varying']),
      ('resource_usage_log', 'seq', array['bigint']),
      ('nodes', 'id', array['uuid']),
      ('nodes', 'title', array['text', 'character varying'])
    ) as expected (relation, name, types)
    left join pg_attribute
      on attrelid = expected.relation::regclass and attname = expected.name and not attisdropped
    where format_type(atttypid, null) is null or format_type(atttypid, null) <> all (expected.types)
    limit 1;
  if wrong is not null then
    raise exception '%', wrong;
  end if;
end
$$;

-- What an event need not say, also in an adopted table; a default that is there stays.
do $$
declare
  preset text[];
begin
  foreach preset slice 1 in array array[
    ['id', 'gen_random_uuid()'], ['created_at', 'now()'], ['detail', '''{}''']
  ]
  loop
    if exists (select from pg_attribute
               where attrelid = 'resource_usage_log'::regclass and attname = preset[1]
                 and not atthasdef and attidentity = ''
                 and (attname <> 'id' or atttypid = 'uuid'::regtype)) then
      execute format('alter table resource_usage_log alter column %I set default %s', preset[1], preset[2]);
    end if;
  end loop;
end
$$;

-- Each new event gets the next number; one number at a time, so that they ascend across sessions.
create sequence if not exists resource_usage_log_seq as bigint cache 1 owned by resource_usage_log.seq;
alter table resource_usage_log alter column seq set default nextval('resource_usage_log_seq');

-- Whoever may insert into the log must be able to draw a number for it.
grant usage on sequence resource_usage_log_seq to public;

-- The number that a member of detail stands for: a JSON number, or a string that holds a plain
-- decimal number, within ±1e18; anything else is null, and counts as 0 in a sum. It never fails.
-- Each operator has operands of exactly its types, so that PostgreSQL's own is taken whatever others
-- there are in the search path.
create or replace function tally_number(member jsonb) returns numeric
  language sql immutable parallel safe
as $$
  select case jsonb_typeof(member)
    when 'number' then
      case when member::numeric between -1e18 and 1e18 then member::numeric end
    when 'string' then
      case when octet_length(member #>> '{}'::text[]) <= 1000
            and member #>> '{}'::text[] ~ '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$' then
        case when (member #>> '{}'::text[])::numeric between -1e18 and 1e18
          then (member #>> '{}'::text[])::numeric
        end
      end
  end
$$;

-- The member of detail that counts as the total of a resource type; null for a type without one.
create or replace function tally_total_member(resource_type text) returns text
  language sql immutable parallel safe
as $$
  select case resource_type
    when 'ai' then 'tokens_in'
    when 'whisper' then 'duration_seconds'
    when 'tts' then 'characters'
    when 'cas' then 'size_bytes'
    when 'bandwidth' then 'size_bytes'
    when 'livekit' then 'participant_minutes'
  end
$$;

\ir rollups.sql
\ir upkeep.sql
\ir fold.sql
\ir verify.sql
\ir ingest.sql

-- Functions that run as the owner find the owner's objects whatever the caller's search path is, and those
-- that do more than compute are for those whom grants.sql names.
do $$
declare
  routine regprocedure;
  is_definer boolean;
begin
  for routine, is_definer in
    select oid, prosecdef from pg_proc
    where pronamespace = quote_ident(current_schema())::regnamespace and proname like 'tally\_%'
      and (prosecdef or provolatile <> 'i')
  loop
    execute format('revoke execute on routine %s from public', routine);
    if is_definer then
      execute format('alter routine %s set search_path = %I, pg_temp', routine, current_schema());
    end if;
  end loop;
end
$$;

-- Which schema this is; a worker that was built for another one does not start to work on it.
create table if not exists tally_schema (
  version int not null
);
do $$
begin
  if exists (select from tally_schema where version > 4) then
    raise exception 'This database has the schema of a later release; it was left as it is.';
  end if;
end
$$;
delete from tally_schema;
insert into tally_schema (version) values (4);


-- On a log that is not large the indexes belong to the same transaction.
select pg_relation_size('resource_usage_log') < 64 * 1024 * 1024 as log_is_small \gset
\if :log_is_small
  \set concurrently ''
\else
  commit;
  set lock_timeout = 0;
  \set concurrently concurrently
  -- One whose building was cut off would never serve.
  select format('drop index concurrently %s', indexrelid::regclass) from pg_index
  where indrelid = 'resource_usage_log'::regclass and not indisvalid
    and indexrelid::regclass::text ~ 'resource_usage_log_[a-z_]+"?$' \gexec
\endif

-- One index per filter of a report, and one for the events that are in no sum yet. The filters of
-- /v1/usage/stats look at AI events alone.
create index :concurrently if not exists resource_usage_log_number on resource_usage_log (seq)
  where seq is not null;
create index :concurrently if not exists resource_usage_log_created_at on resource_usage_log (created_at);
create index :concurrently if not exists resource_usage_log_collection on resource_usage_log (collection_id, created_at);
create index :concurrently if not exists resource_usage_log_user on resource_usage_log (user_id, created_at)
  where resource_type = 'ai' and user_id is not null;
create index :concurrently if not exists resource_usage_log_bot on resource_usage_log (bot_id, created_at)
  where resource_type = 'ai' and bot_id is not null;
create index :concurrently if not exists resource_usage_log_channel on resource_usage_log (channel_id, created_at)
  where resource_type = 'ai' and channel_id is not null;
create index :concurrently if not exists resource_usage_log_thread on resource_usage_log (thread_id, created_at)
  where resource_type = 'ai' and thread_id is not null;
create index :concurrently if not exists resource_usage_log_agent on resource_usage_log (agent_id, created_at)
  where resource_type = 'ai' and agent_id is not null;

\if :log_is_small
  commit;
\endif

-- The id of an adopted log may be its key or not; events that are sent need it to be one, reports do not. A
-- partitioned log can have no such key.
select relkind = 'r' and not exists (
  select from pg_index
  join pg_attribute on attrelid = indrelid and attnum = indkey[0]
  where indrelid = 'resource_usage_log'::regclass and attname = 'id' and indisunique and indimmediate and indisvalid
    and indnkeyatts = 1 and indpred is null
) as id_is_no_key from pg_class where oid = 'resource_usage_log'::regclass \gset
\if :id_is_no_key
  \set ON_ERROR_STOP off
  create unique index concurrently if not exists resource_usage_log_id on resource_usage_log (id);
  \if :ERROR
    drop index concurrently if exists resource_usage_log_id;
    \warn 'POST /v1/usage/events needs each id once in the log: see above, and run this file again. Reports do not.'
  \endif
  \set ON_ERROR_STOP on
\endif
