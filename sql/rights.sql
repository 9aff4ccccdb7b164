-- What every role may do with Tally's functions, and how those run that use the owner's rights.
--
-- Included by schema.sql and by grants.sql: each of them sets it right again, as after a restore without rights.

-- Functions that run as the owner find the owner's objects whatever the caller's search path is, and those
-- that do more than compute are for those whom grants.sql names.
do $$
declare
  routine pg_catalog.regprocedure;
  is_definer boolean;
begin
  for routine, is_definer in
    select oid::pg_catalog.regprocedure, prosecdef from pg_catalog.pg_proc
    where pronamespace = pg_catalog.quote_ident(pg_catalog.current_schema()::text)::pg_catalog.regnamespace::oid
      and pg_catalog.pg_has_role(proowner, 'member'::text) and proname like 'tally\_%'::text
      and (prosecdef or provolatile <> 'i'::"char")
  loop
    execute pg_catalog.format('revoke execute on routine %s from public', routine);
    if is_definer then
      execute pg_catalog.format('alter routine %s set search_path = %I, pg_temp', routine, pg_catalog.current_schema());
    end if;
  end loop;
end
$$;

-- Whoever may insert into the log must be able to draw a number for it.
grant usage on sequence resource_usage_log_seq to public;
