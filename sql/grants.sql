-- What the role of the workers may do, and the limits that it works under.
--
--   psql -d DATABASE -v role=tally_web -f sql/grants.sql
--
-- Run it after schema.sql, as the same owner, for a role that exists. The role can read what the
-- reports need and nothing else. Its settings need the right to alter the role (a superuser, a role
-- with CREATEROLE, or the role itself); without that right they are left out, and a notice says so.

\set ON_ERROR_STOP on
\set QUIET on

begin;

select format('grant usage on schema %I to %I', current_schema(), :'role') \gexec
grant select (version) on tally_schema to :"role";
grant select (id, title) on nodes to :"role";
grant select (created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail)
  on resource_usage_log to :"role";
grant execute on function tally_number(jsonb), tally_total_member(text) to :"role";

-- A DO block cannot see psql's variables; a setting of this transaction carries the name into it.
select set_config('tally.role', :'role', true) \g /dev/null

do $$
declare
  role text := current_setting('tally.role');
  setting text[];
begin
  foreach setting slice 1 in array array[
    ['default_transaction_read_only', 'on'],
    ['statement_timeout', '9s'],                         -- less than query_timeout in tally.ini
    ['lock_timeout', '2s'],
    ['idle_in_transaction_session_timeout', '10s'],
    ['client_connection_check_interval', '500ms'],       -- a query whose worker is gone ends
    ['work_mem', '64MB'],                                -- the overview's groups fit into memory
    ['jit', 'off']                                       -- compiling costs more than it gains here
  ]
  loop
    execute format('alter role %I set %I = %L', role, setting[1], setting[2]);
  end loop;
exception
  when insufficient_privilege then
    raise notice 'The settings of role % were left as they are: only a superuser, a role with CREATEROLE or the role itself may change them.', role;
end
$$;

commit;
