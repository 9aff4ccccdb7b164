-- What becomes of events that the log does not take: whose fault that is, the event's or the log's. Included by schema.sql.
-- Each operator has operands of exactly its types (see tally_number).

-- Whether a constraint or a unique index of the log looks at something that an event says.
create or replace function tally_concerns_events(rule text) returns boolean
  language sql stable
as $$
  select exists (
    select
    from (
      select pg_catalog.unnest(conkey) from pg_constraint
      where conrelid = 'resource_usage_log'::regclass::oid and conname::text = rule
      union all
      select pg_catalog.unnest(indkey::int2[]) from pg_index join pg_class on pg_class.oid = indexrelid
      where indrelid = 'resource_usage_log'::regclass::oid and relname::text = rule
    ) part (number)
    left join pg_attribute on attrelid = 'resource_usage_log'::regclass::oid and attnum = part.number
    -- Number 0 is an expression.
    where part.number = 0::int2 or attname::text = any (array['id', 'created_at', 'resource_type', 'collection_id',
      'user_id', 'bot_id', 'channel_id', 'thread_id', 'agent_id', 'detail']::text[]))
$$;

-- Whether it is the log's own fault that it did not take an event; null: that is to be tried, as for a column of the
-- site's own that nothing fills, or that a trigger fills from what the event says. A column or a rule is one of the log.
create or replace function tally_is_fault_of_log(code text, column_name text, rule text) returns boolean
  language sql stable
as $$
  select case
    -- A sequence that is used up; something that a trigger needs is missing; the transaction, the server, its files and its settings.
    when code ~ '^(2200H|42|0A|25|2D|3B|55|58|72|F0|HV|XX)'::text then true
    when column_name = any (array['collection_id', 'user_id', 'bot_id', 'channel_id', 'thread_id', 'agent_id']::text[])
      then false
    when column_name = ''::text and tally_concerns_events(rule) then false
  end
$$;

-- Tries to store an event of which nothing is left. Returns null where the log takes it, else the SQLSTATE.
create or replace function tally_try(
  resource_type text, collection_id uuid, user_id uuid, bot_id uuid, channel_id uuid, thread_id text, agent_id text,
  detail jsonb
) returns text
  language plpgsql
as $$
#variable_conflict use_variable
begin
  insert into resource_usage_log (
    id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail)
  values (
    gen_random_uuid(), now(), resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail);
  raise exception using errcode = 'TL000';
exception
  when sqlstate 'TL000' then
    return null;
  when others or assert_failure then
    if sqlstate ~ '^(08|40|53|55P03|57)'::text then
      raise;
    end if;
    return sqlstate;
end
$$;

-- Whether another event of a type passes where one met this SQLSTATE: one that says nothing else, or one like the last
-- of those that are there.
create or replace function tally_takes_others(type text, code text) returns boolean
  language plpgsql
as $$
declare
  last record;
begin
  if tally_try(type, null::uuid, null::uuid, null::uuid, null::uuid, null::text, null::text, '{}'::jsonb) is null then
    return true;
  end if;
  select * into last
  from (select * from resource_usage_log where seq is not null order by seq desc limit 100) log
  where log.resource_type::text = type
  limit 1;
  return found and tally_try(type, last.collection_id, last.user_id, last.bot_id, last.channel_id, last.thread_id::text,
    last.agent_id::text, last.detail) is distinct from code;
end
$$;

-- Where a fault arose: a name, and nothing of the event, as messages and details of PostgreSQL may have. Empty where
-- it is a function of Tally's.
create or replace function tally_origin(
  code text, message text, column_name text, rule text, relation text, context text
) returns text
  language sql immutable
as $$
  select coalesce(
    ' in '::text || case
      when column_name <> ''::text then 'column '::text || column_name
      when rule <> ''::text then 'constraint '::text || rule
      when code = '2200H'::text then 'sequence '::text || substring(message from '"([^"]*)"'::text)
      else 'function '::text || substring(coalesce(
        substring(context from 'PL/[^ \n]+(?: [^ \n(]+)* ([^ \n(]+)[(]'::text),
        substring(context from 'SQL function "([^"]+)"'::text)) from '^(?!tally_).*'::text) || '()'::text
    end || case when relation <> ''::text and relation <> 'resource_usage_log'::text then ' of '::text || relation
      else ''::text end,
    ''::text)
$$;

-- tally_record() for events of which the log does not take some: for a constraint or a trigger of the site's own. The
-- others of the batch shall not suffer; of those the refusal is returned: the SQLSTATE, and where it came from. Where
-- the log itself is at fault nothing is stored, and the fault is TL001.
create or replace function tally_record_each(
  ids uuid[], times timestamptz[], types text[], collections uuid[], users uuid[], bots uuid[], channels uuid[],
  threads text[], agents text[], details jsonb[], recorders text[], max_future int
) returns table (id uuid, place bigint, priced boolean, refusal text, differs boolean)
  language plpgsql security definer
as $$
declare
  code text;
  message text;
  at_column text;
  rule text;
  relation text;
  context text;
  origin text;
  is_of_log boolean;
  recorded record;
  passed boolean := false;
  doubtful int[] := '{}';
  faults text[] := '{}';
begin
  set constraints all immediate;
  for number in 1 .. pg_catalog.cardinality(ids) loop
    begin
      for recorded in
        select stored.id, stored.priced, stored.refusal, stored.differs
        from tally_record(
          ids[number:number], times[number:number], types[number:number], collections[number:number],
          users[number:number], bots[number:number], channels[number:number], threads[number:number],
          agents[number:number], details[number:number], recorders[number:number], max_future) stored
      loop
        return query select recorded.id, number::bigint, recorded.priced, recorded.refusal, recorded.differs;
        passed := passed or (recorded.refusal is null and not recorded.differs);
      end loop;
    exception when others or assert_failure then
      get stacked diagnostics code = returned_sqlstate, message = message_text, at_column = column_name,
        rule = constraint_name, relation = table_name, context = pg_exception_context;
      origin := tally_origin(code, message, at_column, rule, relation, context);
      -- What may go well when it is sent again; or what is missing of Tally, which workers know by themselves.
      if code ~ '^(08|26|28|3D|3F|40|53|57)'::text or (code ~ '^42'::text and origin = ''::text) then
        raise;
      end if;
      is_of_log := tally_is_fault_of_log(code,
        case when relation = 'resource_usage_log'::text then at_column end,
        case when relation = 'resource_usage_log'::text then rule end);
      code := code || origin;
      if is_of_log then
        raise exception using errcode = 'TL001', message = code;
      elsif is_of_log is null then
        doubtful := pg_catalog.array_append(doubtful, number);
        faults := pg_catalog.array_append(faults, code);
      else
        return query select ids[number], number::bigint, null::boolean, code, false;
      end if;
    end;
  end loop;
  -- When all that pass are there, to be compared with. One of this body that passed proves that the log takes events,
  -- unless it is what stands in the way of the others.
  for number in 1 .. pg_catalog.cardinality(doubtful) loop
    if not (passed and faults[number] !~ '^(23505|23P01)'::text)
       and not tally_takes_others(types[doubtful[number]], pg_catalog.left(faults[number], 5)) then
      raise exception using errcode = 'TL001', message = faults[number];
    end if;
    return query select ids[doubtful[number]], doubtful[number]::bigint, null::boolean, faults[number], false;
  end loop;
end
$$;
