-- Takes away all that schema.sql added, and leaves the site's own.
--
--   psql -d DATABASE -f sql/drop.sql
--   psql -d DATABASE -v prices=drop -f sql/drop.sql
--
-- Run it as schema.sql was run, again and again if you like; all of it is done or nothing. Stop the workers before.
-- The log stays with all of its events and columns but seq, and so do nodes, and model_price, which holds prices
-- that somebody entered: with prices=drop that goes too. Who writes to the log waits for a moment. Every other object
-- whose name begins with tally_ goes; what the site built on one stops this file, and is named.
-- The role of the workers keeps its settings: drop owned by NAME, and drop role NAME, take it away.

\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;
select pg_catalog.set_config('lock_timeout', '10s', false) where pg_catalog.current_setting('lock_timeout') = '0' \g /dev/null
\if :{?prices}
\else
  \set prices keep
\endif
select :'prices' = 'drop' as drop_prices \gset

begin;
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('tally schema', 0)) \g /dev/null

do $$
declare
  home oid := (select space.oid from pg_catalog.pg_namespace space where space.nspname = pg_catalog.current_schema());
  log oid := (select oid from pg_catalog.pg_class where relnamespace = home and relname = 'resource_usage_log');
  wanted text;
  list text;
begin
  -- The log first: from then on whoever writes to it meets nothing of Tally's.
  for wanted in
    select pg_catalog.format('drop trigger %I on resource_usage_log', tgname) from pg_catalog.pg_trigger
    where tgrelid = log and tgname like 'tally\_%'::text and not tgisinternal
    union all
    select pg_catalog.format('alter table resource_usage_log drop constraint %I', conname) from pg_catalog.pg_constraint
    where conrelid = log and conname = 'resource_usage_log_numbered'
    union all
    select 'drop index ' || indexrelid::regclass::text from pg_catalog.pg_index
    join pg_catalog.pg_class on pg_class.oid = indexrelid
    where indrelid = log and relname = any ('{resource_usage_log_created_at,resource_usage_log_collection,resource_usage_log_user,
      resource_usage_log_bot,resource_usage_log_channel,resource_usage_log_thread,resource_usage_log_agent,
      resource_usage_log_of_user,resource_usage_log_number_of_user,resource_usage_log_of_thread,resource_usage_log_of_agent,resource_usage_log_id}'::name[])
    union all
    select 'drop view ' || pg_catalog.string_agg(oid::regclass::text, ', '::text) from pg_catalog.pg_class
    where relnamespace = home and relname like 'tally\_%'::text and relkind = 'v' having count(*) > 0::bigint
    union all
    -- With it go its default, its sequence and its index.
    select 'alter table resource_usage_log drop column seq' from pg_catalog.pg_attribute
    where attrelid = log and attname = 'seq' and not attisdropped
  loop
    execute wanted;
  end loop;

  -- Those that need each other go together, and nothing of the site's with them.
  for wanted, list in
    select 'routine', pg_catalog.string_agg(oid::regprocedure::text, ', '::text) from pg_catalog.pg_proc
    where pronamespace = home and pg_catalog.pg_has_role(proowner, 'member'::text) and proname like 'tally\_%'::text
    union all
    select 'table', pg_catalog.string_agg(oid::regclass::text, ', '::text) from pg_catalog.pg_class
    where relnamespace = home and relname like 'tally\_%'::text and relkind in ('r', 'p')
    union all
    select 'type', pg_catalog.string_agg(oid::regtype::text, ', '::text) from pg_catalog.pg_type
    where typnamespace = home and typname like 'tally\_%'::text and typtype in ('c', 'e', 'd')
      and not exists (select from pg_catalog.pg_class where pg_class.oid = typrelid and relkind <> 'c')
  loop
    if list is not null then
      execute pg_catalog.format('drop %s %s', wanted, list);
    end if;
  end loop;
end
$$;

\if :drop_prices
  drop table if exists model_price;
\endif
commit;

\if :drop_prices
  \echo 'Tally is gone from this schema. resource_usage_log and nodes stay, with all of their rows.'
\else
  \echo 'Tally is gone from this schema. resource_usage_log, nodes and model_price stay, with all of their rows.'
\endif
