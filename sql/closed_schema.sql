-- Refuses to go on as another role than the one that a log which is there belongs to: some of what is made would belong
-- to the one, some to the other. And refuses a schema where somebody else may make objects, or has made some under Tally's names: what is planted there
-- would run with the rights of whoever runs this file, now or later.
--
-- Included by schema.sql, before it does anything. Those are no others who may take the role that runs it, or that
-- owns the schema. Every function is PostgreSQL's own by name, and every operator by the types of its operands.
do $$
declare
  me pg_catalog.oid := (select role.oid from pg_catalog.pg_roles role where role.rolname = current_user);
  home pg_catalog.pg_namespace;
  log_owner pg_catalog.oid;
  stranger pg_catalog.oid;
  planted pg_catalog.text;
begin
  select * into home from pg_catalog.pg_namespace space where space.nspname = pg_catalog.current_schema();
  select relation.relowner into log_owner from pg_catalog.pg_class relation
  where relation.relnamespace = home.oid and relation.relname = 'resource_usage_log'::pg_catalog.name;
  if log_owner <> me then
    raise exception 'The log belongs to role %, and all that goes with it must too. Nothing was done.', pg_catalog.pg_get_userbyid(log_owner)
      using hint = pg_catalog.format('Run this file as that role; a role that may take it on says psql -c ''set role %I'' -f schema.sql',
                                     pg_catalog.pg_get_userbyid(log_owner));
  end if;
  select granted.grantee into stranger
  from pg_catalog.aclexplode(home.nspacl) granted
  where granted.privilege_type = 'CREATE'::pg_catalog.text
    and (granted.grantee = 0::pg_catalog.oid
         or not (pg_catalog.pg_has_role(granted.grantee, me, 'member'::pg_catalog.text)
                 or pg_catalog.pg_has_role(granted.grantee, home.nspowner, 'member'::pg_catalog.text)))
  order by granted.grantee
  limit 1;
  if stranger = 0::pg_catalog.oid then
    raise exception 'Every role may create objects in schema %, which could run with your rights. Nothing was done.', home.nspname
      using hint = pg_catalog.format('revoke create on schema %I from public', home.nspname);
  elsif stranger is not null then
    raise exception 'Role % may create objects in schema %, which could run with your rights. Nothing was done.',
      pg_catalog.pg_get_userbyid(stranger), home.nspname
      using hint = pg_catalog.format('revoke create on schema %I from %I; or run this file as that role',
                                     home.nspname, pg_catalog.pg_get_userbyid(stranger));
  end if;

  select object.kind || ' '::pg_catalog.text || object.name::pg_catalog.text into planted
  from (
    select 'relation'::pg_catalog.text, relname, relowner from pg_catalog.pg_class where relnamespace = home.oid
    union all
    select 'function'::pg_catalog.text, proname, proowner from pg_catalog.pg_proc where pronamespace = home.oid
    union all
    select 'type'::pg_catalog.text, typname, typowner from pg_catalog.pg_type where typnamespace = home.oid
  ) object (kind, name, owner)
  where (object.name like 'tally\_%'::pg_catalog.text or object.name = 'model_price'::pg_catalog.name)
    and not (pg_catalog.pg_has_role(object.owner, me, 'member'::pg_catalog.text)
             or pg_catalog.pg_has_role(object.owner, home.nspowner, 'member'::pg_catalog.text))
  order by 1
  limit 1;
  if planted is not null then
    raise exception 'The % has a name of Tally''s and belongs to another role. Nothing was done.', planted
      using hint = 'Drop or rename it, or give it to the role that runs this file.';
  end if;

  -- Tally's own statements take none of these; what else is run there may.
  select pg_catalog.min(object.name) || case when pg_catalog.count(*) > 1::pg_catalog.int8
    then ' (and more of this kind)'::pg_catalog.text else ''::pg_catalog.text end into planted
  from (
    select routine.oid::pg_catalog.regprocedure::pg_catalog.text, routine.proowner from pg_catalog.pg_proc routine
    where routine.pronamespace = home.oid and exists (
      select from pg_catalog.pg_proc own
      where own.pronamespace = 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid and own.proname = routine.proname)
    union all
    select sign.oid::pg_catalog.regoperator::pg_catalog.text, sign.oprowner from pg_catalog.pg_operator sign
    where sign.oprnamespace = home.oid and exists (
      select from pg_catalog.pg_operator own
      where own.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid and own.oprname = sign.oprname)
  ) object (name, owner)
  where not (pg_catalog.pg_has_role(object.owner, me, 'member'::pg_catalog.text)
             or pg_catalog.pg_has_role(object.owner, home.nspowner, 'member'::pg_catalog.text));
  if planted is not null then
    raise warning '% has the name of one of PostgreSQL''s own and belongs to another role. It could be taken for that.', planted
      using hint = 'Drop it, unless you know what it is for.';
  end if;
end
$$;
