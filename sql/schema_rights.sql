-- What is wrong with the rights to what schema.sql made: what this role lacks, and what changes something and every role
-- may run, or runs as the owner with the caller's search path. Null where nothing is.
select
  (select pg_catalog.string_agg(coalesce(need.relation, need.routine), ', '::text)
   from tally_needed_rights() need
   where case
     when need.routine is not null then (
       select pg_catalog.bool_and(pg_catalog.has_function_privilege(routine.oid, 'execute'::text)) from pg_catalog.pg_proc routine
       where routine.pronamespace = home.oid and routine.proname = need.routine::name)
     when need.columns is null then pg_catalog.has_table_privilege(pg_catalog.to_regclass(need.relation)::oid, 'select'::text)
     else (
       select pg_catalog.bool_and(pg_catalog.has_column_privilege(pg_catalog.to_regclass(need.relation)::oid, wanted, 'select'::text))
       from pg_catalog.unnest(need.columns) wanted)
   end is false) as lacking,  -- what is missing altogether is told by the statements that need it
  (select pg_catalog.string_agg(routine.proname::text, ', '::text order by routine.proname)
   from pg_catalog.pg_proc routine
   where routine.pronamespace = home.oid and routine.proname like 'tally\_%'::text
     and (pg_catalog.has_function_privilege('public'::name, routine.oid, 'execute'::text)
            and (routine.prosecdef or routine.provolatile = 'v'::"char")
          or routine.prosecdef and not exists (
            select from pg_catalog.unnest(routine.proconfig) setting where setting like 'search_path=%'::text))) as open
from (select relnamespace as oid from pg_catalog.pg_class where oid = pg_catalog.to_regclass('tally_schema'::text)::oid) home
