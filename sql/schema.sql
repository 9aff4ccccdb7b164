-- The tables, indexes and functions of Tally.
--
--   psql -d DATABASE -f sql/schema.sql
--
-- Run it as the owner of the database or of the schema that comes first in the search path, again
-- and again if you like: what is there stays, what is missing is added, all of it or nothing. Where the log is there
-- already, run it as its owner; a superuser says psql -d DATABASE -c 'set role OWNER' -f sql/schema.sql.
-- A log with the columns id, created_at, collection_id, resource_type and detail is adopted without
-- being rewritten. Writers to it wait for a moment. The indexes of a large log are built behind that,
-- one by one, without holding up anybody; run this file again if that was cut off. A schema where others may
-- create objects is refused.

\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;

\ir closed_schema.sql

-- What waits behind a lock holds up all that comes after it: better to give up and be run again.
select pg_catalog.set_config('lock_timeout', '10s', false) where pg_catalog.current_setting('lock_timeout') = '0' \g /dev/null

begin;

-- Two runs at a time would trip over each other's half-made tables.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('tally schema', 0)) \g /dev/null

-- Collections, for their titles: a table or view of the site's own may have this name, with these columns or without.
do $$
declare
  home oid := (select oid from pg_namespace where nspname = pg_catalog.current_schema());
begin
  if not exists (select from pg_class where relnamespace = home and relname = 'nodes')
     and not exists (select from pg_type where typnamespace = home and typname = 'nodes') then
    create table nodes (
      id    uuid primary key,
      title text
    );
  end if;
end
$$;

-- What reports take the titles from: a function and no view, since a view would hold up changes to the site's table.
-- The planner puts its query in its place. One that the site put there stays.
do $$
declare
  home oid := (select oid from pg_namespace where nspname = pg_catalog.current_schema());
  of_nodes text := 'select id, title::text from nodes';
  of_nothing text := 'select null::uuid, null::text where false';
  fits boolean := (
    select count(*) = 2::bigint from pg_class join pg_attribute on attrelid = pg_class.oid and not attisdropped
    where relnamespace = home and relname = 'nodes' and relkind = any ('{r,p,v,m,f}'::"char"[])
      and (attname = 'id' and atttypid = 'uuid'::regtype::oid
           or attname = 'title' and atttypid = any (array['text'::regtype::oid, 'varchar'::regtype::oid])));
begin
  if exists (select from pg_proc where pronamespace = home and proname = 'tally_collection'
             and prosrc <> of_nodes and prosrc <> of_nothing) then
    return;
  end if;
  if not fits then
    raise warning 'Collections have no titles in reports: nodes has no columns id (uuid) and title (text).'
      using hint = 'create or replace function tally_collection() returns table (id uuid, title text) language sql stable'
                   ' as ''select KEY, NAME from YOUR_TABLE'', and grant select on these columns to the workers'' role.';
  end if;
  execute pg_catalog.format('create or replace function tally_collection() returns table (id uuid, title text)'
                            ' language sql stable parallel safe as %L', case when fits then of_nodes else of_nothing end);
end
$$;

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
  add column if not exists seq        bigint,
  add column if not exists recorded_by text;  -- who sent it by HTTP

-- An adopted table may have other types, with which sums would be wrong or fail. Nothing is changed then.
do $$
declare
  wrong text;
begin
  select pg_catalog.format('Column %s.%s must be of type %s%s; alter it, and run this file again.',
                expected.relation, expected.name, pg_catalog.array_to_string(expected.types, ' or '),
                ', but it is ' || coalesce(pg_catalog.format_type(atttypid, null), 'missing'))
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
      ('resource_usage_log', 'recorded_by', array['text', 'character varying'])
    ) as expected (relation, name, types)
    left join pg_attribute
      on attrelid = expected.relation::regclass::oid and attname = expected.name::name and not attisdropped
    where pg_catalog.format_type(atttypid, null) is null or pg_catalog.format_type(atttypid, null) <> all (expected.types)
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
               where attrelid = 'resource_usage_log'::regclass::oid and attname = preset[1]::name
                 and not atthasdef and attidentity = ''
                 and (attname <> 'id' or atttypid = 'uuid'::regtype::oid)) then
      execute pg_catalog.format('alter table resource_usage_log alter column %I set default %s', preset[1], preset[2]);
    end if;
  end loop;
end
$$;

-- Each new event gets the next number; one number at a time, so that they ascend across sessions.
create sequence if not exists resource_usage_log_seq as bigint cache 1 owned by resource_usage_log.seq;
alter table resource_usage_log alter column seq set default nextval('resource_usage_log_seq'::regclass);

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

-- Never true, and never called: in `x and (x or tally_never(…))` the second says nothing new. But it makes each row
-- dear in the planner's eyes, so that it takes the index that leads to the rows with x, and no plan that reads
-- others too, as it would of a small table, or where most rows have x. Immutable, and with an argument: it must
-- not be computed beforehand. Restricted: what is dear only seemingly is not worth more processes.
create or replace function tally_never(of_row text) returns boolean
  language plpgsql immutable parallel restricted cost 1000
as $$
begin
  return false;
end
$$;

\ir rollups.sql
\ir upkeep.sql
\ir fold.sql
\ir verify.sql
\ir ingest.sql
\ir refusals.sql

-- What the role of the workers needs, of tables (columns null: all of them) and of routines by name: grants.sql gives
-- it, and each worker looks whether it has it.
create or replace function tally_needed_rights() returns table (relation text, columns text[], routine text)
  language sql stable
as $$
  values
    ('tally_schema'::text, '{version}'::text[], null::text),
    ('resource_usage_log'::text, '{created_at,resource_type,collection_id,user_id,bot_id,channel_id,thread_id,agent_id,detail,seq}'::text[],
     null::text),
    ('tally_report'::text, null::text[], null::text),
    ('tally_group'::text, null::text[], null::text),
    ('tally_long_name'::text, null::text[], null::text),
    ('tally_rollup'::text, null::text[], null::text),
    ('tally_rollup_state'::text, null::text[], null::text),
    ('tally_correction'::text, null::text[], null::text),
    (null::text, null::text[], 'tally_needed_rights'::text),
    (null::text, null::text[], 'tally_collection'::text),
    (null::text, null::text[], 'tally_number'::text),
    (null::text, null::text[], 'tally_total_member'::text),
    (null::text, null::text[], 'tally_group_hash'::text),
    (null::text, null::text[], 'tally_bounded'::text),
    (null::text, null::text[], 'tally_pieces'::text),
    (null::text, null::text[], 'tally_window'::text),
    (null::text, null::text[], 'tally_corrections_of'::text),
    -- The two things that it may change, through functions: the sums of events, as their upkeep does, and the log,
    -- by adding events to it.
    (null::text, null::text[], 'tally_upkeep'::text),
    (null::text, null::text[], 'tally_record'::text),
    (null::text, null::text[], 'tally_record_each'::text)
  union all
  select 'nodes'::text, '{id,title}'::text[], null::text
  from pg_proc where oid = pg_catalog.to_regprocedure('tally_collection()'::text)::oid and prosrc like '% from nodes'::text
$$;

\ir rights.sql

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
select pg_catalog.pg_relation_size('resource_usage_log') < 64 * 1024 * 1024 as log_is_small \gset
\if :log_is_small
  \set concurrently ''
\else
  commit;
  set lock_timeout = 0;
  \set concurrently concurrently
  -- One whose building was cut off would never serve.
  select pg_catalog.format('drop index concurrently %s', indexrelid::regclass) from pg_index
  where indrelid = 'resource_usage_log'::regclass::oid and not indisvalid
    and indexrelid::regclass::text ~ 'resource_usage_log_[a-z_]+"?$' \gexec
\endif

-- One index per filter of a report, and one for the events that are in no sum yet. The filters of
-- /v1/usage/stats look at AI events alone. Threads and agents have names of any length, which an entry of an index has
-- not: it has a hash of the bytes. greatest() changes no time and no number of an event in a sum; but a condition on
-- it is served by no index that does not begin with the filter, as that of all times or all numbers. A user has a second
-- one, so that what is in no sum yet of one user is found without reading what others did; its hash makes it small. That
-- a greatest() is not null is always true: only a statement with a condition on it can go by that index. Without it a log
-- that was empty when the plan was made is read from one end of the other index to its other end.
create index :concurrently if not exists resource_usage_log_number on resource_usage_log (seq)
  where seq is not null;
create index :concurrently if not exists resource_usage_log_created_at on resource_usage_log (created_at);
create index :concurrently if not exists resource_usage_log_collection on resource_usage_log (collection_id, created_at);
create index :concurrently if not exists resource_usage_log_of_user
  on resource_usage_log (user_id, greatest(created_at, '-infinity'::timestamptz))
  where resource_type::text = 'ai' and user_id is not null and greatest(created_at, '-infinity'::timestamptz) is not null;
create index :concurrently if not exists resource_usage_log_number_of_user
  on resource_usage_log (pg_catalog.uuid_hash_extended(user_id, 0::bigint), greatest(seq, 0::bigint))
  where resource_type::text = 'ai' and user_id is not null and greatest(seq, 0::bigint) is not null;
create index :concurrently if not exists resource_usage_log_bot on resource_usage_log (bot_id, created_at)
  where resource_type::text = 'ai' and bot_id is not null;
create index :concurrently if not exists resource_usage_log_channel on resource_usage_log (channel_id, created_at)
  where resource_type::text = 'ai' and channel_id is not null;
create index :concurrently if not exists resource_usage_log_of_thread
  on resource_usage_log (pg_catalog.hashtextextended(thread_id::text collate "C", 0::bigint),
                         greatest(created_at, '-infinity'::timestamptz))
  where resource_type::text = 'ai' and thread_id is not null;
create index :concurrently if not exists resource_usage_log_of_agent
  on resource_usage_log (pg_catalog.hashtextextended(agent_id::text collate "C", 0::bigint),
                         greatest(created_at, '-infinity'::timestamptz))
  where resource_type::text = 'ai' and agent_id is not null;

-- Those that stood in their place up to version 3: of such a name, on that column and the time, and of AI events alone.
select pg_catalog.format('drop index %s %s', :'concurrently', indexrelid::pg_catalog.regclass)
from pg_index
join pg_class on pg_class.oid = indexrelid
join pg_attribute on attrelid = indrelid and attnum = indkey[0]::smallint
where indrelid = 'resource_usage_log'::regclass::oid and not indisunique and indnkeyatts = 2 and indpred is not null
  and (relname, attname) in (('resource_usage_log_user'::name, 'user_id'::name),
    ('resource_usage_log_thread'::name, 'thread_id'::name), ('resource_usage_log_agent'::name, 'agent_id'::name)) \gexec

\if :log_is_small
  commit;
\endif

-- Columns of the site's own that an event that is sent cannot fill.
select count(*) > 0 as has_unfilled, string_agg(attname::text, ', '::text order by attnum) as unfilled
from pg_attribute
where attrelid = 'resource_usage_log'::regclass::oid and attnum > 0 and not attisdropped and attnotnull and not atthasdef
  and attidentity = '' and attname::text <> all (array['id', 'created_at', 'resource_type', 'collection_id', 'user_id',
    'bot_id', 'channel_id', 'thread_id', 'agent_id', 'detail']::text[]) \gset
\if :has_unfilled
  \warn 'POST /v1/usage/events needs a default, or a trigger that fills them, for columns that must not be null:' :unfilled
\endif

-- The id of an adopted log may be its key or not; events that are sent need it to be one, reports do not. A
-- partitioned log can have no such key.
select relkind = 'r' and not exists (
  select from pg_index
  join pg_attribute on attrelid = indrelid and attnum = indkey[0]::smallint
  where indrelid = 'resource_usage_log'::regclass::oid and attname = 'id' and indisunique and indimmediate and indisvalid
    and indnkeyatts = 1 and indpred is null
) as id_is_no_key from pg_class where oid = 'resource_usage_log'::regclass::oid \gset
\if :id_is_no_key
  \set ON_ERROR_STOP off
  create unique index concurrently if not exists resource_usage_log_id on resource_usage_log (id);
  \if :ERROR
    drop index concurrently if exists resource_usage_log_id;
    \warn 'POST /v1/usage/events needs each id once in the log: see above, and run this file again. Reports do not.'
  \endif
  \set ON_ERROR_STOP on
\endif
