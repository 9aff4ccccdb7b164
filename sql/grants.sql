-- What the role of the workers may do, and the limits that it works under.
--
--   psql -d DATABASE -v role=tally_web -f sql/grants.sql
--
-- Run it after schema.sql, as the same owner, for a role that exists. The role can read what the
-- reports need, take a step of the upkeep of sums, and nothing else. Its settings, for this database
-- alone, need the right to alter the role (a superuser or a role with CREATEROLE); without that right they
-- are left out, and a notice says so. So they are for a role that may write to the log: it is the
-- application's own.
--
-- What PUBLIC may do is left as it is, for others may need it: temporary tables, large objects, LISTEN and
-- NOTIFY, advisory locks, drawing numbers from the log's sequence. And PostgreSQL lets every role change its
-- own password and settings. The workers do none of that; a program that could make them would gain no
-- other table by it.

\set ON_ERROR_STOP on
\if :{?role}
\else
  do $$ begin raise exception 'Say which role: psql -d DATABASE -v role=NAME -f sql/grants.sql'; end $$;
\endif
\set QUIET on

begin;

select format('grant usage on schema %I to %I', current_schema(), :'role') \gexec
grant select (version) on tally_schema to :"role";
grant select (id, title) on nodes to :"role";
grant select (created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail, seq)
  on resource_usage_log to :"role";
grant select on tally_report, tally_group, tally_rollup, tally_rollup_state, tally_correction to :"role";
grant execute on function tally_number(jsonb), tally_total_member(text), tally_group_hash(text, uuid, text, text),
  tally_pieces(timestamp, timestamp, text), tally_window(timestamptz, timestamptz, text),
  tally_corrections_of(uuid, timestamptz, timestamptz, bigint) to :"role";

-- The two things that it may change, through functions: the sums of events, as their upkeep does, and the log,
-- by adding events to it.
grant execute on function tally_upkeep(int) to :"role";
grant execute on function
  tally_record(uuid[], timestamptz[], text[], uuid[], uuid[], uuid[], uuid[], text[], text[], jsonb[]),
  tally_record_each(uuid[], timestamptz[], text[], uuid[], uuid[], uuid[], uuid[], text[], text[], jsonb[]) to :"role";

-- A DO block cannot see psql's variables; a setting of this transaction carries the name into it.
select set_config('tally.role', :'role', true) \g /dev/null

-- As in databases that come from PostgreSQL 14 or earlier. What others make there, the workers might run.
do $$
begin
  if exists (select from pg_namespace, aclexplode(nspacl) as granted
             where nspname = current_schema() and privilege_type = 'CREATE' and grantee = 0) then
    raise notice 'Every role may create objects there; to change that: revoke create on schema % from public',
      quote_ident(current_schema());
  end if;
end
$$;

do $$
declare
  role text := current_setting('tally.role');
  setting text[];
begin
  if has_table_privilege(role, 'resource_usage_log', 'insert') then
    raise notice 'The settings of role % were left as they are: it may write to the log.', role;
    return;
  end if;
  foreach setting slice 1 in array array[
    ['search_path', format('%I, pg_temp', current_schema())],
    ['default_transaction_read_only', 'on'],
    ['statement_timeout', '9s'],                         -- less than query_timeout in tally.ini
    ['lock_timeout', '2s'],
    ['idle_in_transaction_session_timeout', '10s'],
    ['client_connection_check_interval', '500ms'],       -- a query whose worker is gone ends
    ['work_mem', '64MB'],                                -- the overview's groups fit into memory
    ['jit', 'off'],                                      -- compiling costs more than it gains here
    ['temp_file_limit', '1GB']                           -- for superusers to set, and not for the role to lift
  ]
  loop
    continue when setting[1] = 'temp_file_limit' and not has_parameter_privilege(setting[1], 'set');
    -- A search path is a list of names, every other value is one text.
    execute format(case setting[1] when 'search_path' then 'alter role %I in database %I set %I = %s'
                                   else 'alter role %I in database %I set %I = %L' end,
                   role, current_database(), setting[1], setting[2]);
  end loop;
exception
  when insufficient_privilege then
    raise notice 'The settings of role % were left as they are: only a superuser or a role with CREATEROLE may change them.', role;
end
$$;

commit;
