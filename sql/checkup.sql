-- What tally.fcgi -T looks at as the role of the workers: whom it is connected to, what it may do, its limits, the clock.
-- Each row is a check: its name, its outcome (ok, warning or fault), and what was found.
--
-- $1 the clock of the worker's machine, in seconds since 1970  $2 query_timeout, in milliseconds
with asked as (
  select
    abs(extract(epoch from now() - to_timestamp($1::text::double precision)))::numeric as apart,
    now() > to_timestamp($1::text::double precision) as is_behind,
    $2::int as query_timeout,
    (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
    coalesce(has_table_privilege(to_regclass('resource_usage_log'::text)::oid, 'insert, update, delete, truncate'::text)
      or has_any_column_privilege(to_regclass('resource_usage_log'::text)::oid, 'insert, update'::text), false) as may_write,
    current_setting('default_transaction_read_only'::text) as read_only,
    (select setting::bigint from pg_settings where name = 'statement_timeout') as statement_timeout,
    (select setting::bigint from pg_settings where name = 'lock_timeout') as lock_timeout
), checks as (
  select 1 as place, 'server' as name,
    case when current_setting('server_version_num'::text)::int < 150000 then 'fault'
         when pg_is_in_recovery() then 'warning' else 'ok' end as outcome,
    pg_catalog.format('PostgreSQL %s, database %s as %s', current_setting('server_version'::text), current_database(), current_user)
      || case when current_setting('server_version_num'::text)::int < 150000 then '; version 15 or later is needed'
              when pg_is_in_recovery() then '; it follows another server: reports are answered, events that are sent are not; '
                'name the one that leads in host'
              else '' end as found
  from asked
  union all
  select 2, 'role', case when is_superuser or may_write then 'warning' else 'ok' end,
    case when is_superuser then pg_catalog.format('%s is a superuser; a worker needs a role that may only read: see sql/grants.sql', current_user)
         when may_write then pg_catalog.format('%s may write to the log, so that grants.sql gives it no limits; a worker needs a role of its own that may only read', current_user)
         else pg_catalog.format('%s may not write to the log but by tally_record()', current_user) end
  from asked
  union all
  select 3, 'limits', case when wrong = '' then 'ok' else 'warning' end,
    case when wrong = '' then pg_catalog.format('statement_timeout %s ms, lock_timeout %s ms, read only', statement_timeout, lock_timeout)
         else wrong || '; run sql/grants.sql as a superuser or a role with CREATEROLE' end
  from asked, pg_catalog.concat_ws(', ',
    case when read_only <> 'on' then 'default_transaction_read_only is off' end,
    case when statement_timeout = 0 then 'statement_timeout is 0: PostgreSQL ends no query by itself' end,
    case when statement_timeout >= query_timeout
      then pg_catalog.format('statement_timeout is %s ms and should be less than query_timeout, %s ms', statement_timeout, query_timeout) end,
    case when lock_timeout = 0 then 'lock_timeout is 0' end) as wrong
  union all
  select 4, 'clock', case when apart > 5::numeric then 'warning' else 'ok' end,
    case when apart > 5::numeric then pg_catalog.format(
           'this machine is %s s %s the database''s: let both ask a time server (chrony, systemd-timesyncd)',
           round(apart), case when is_behind then 'behind' else 'ahead of' end)
         else pg_catalog.format('%s s from the database''s', round(apart, 1)) end
  from asked
)
select name::text, outcome::text, found::text from checks order by place
