-- Events in: what POST /v1/usage/events does in the database, and what AI models cost. Included by schema.sql.
-- Each operator has operands of exactly its types (see tally_number).

-- What the tokens of a model cost from a moment on, in US dollars for a million; until another row for the
-- model says otherwise. Without a price of their own, cached tokens cost what those of the input do.
create table if not exists model_price (
  model                  text not null,
  effective_from         timestamptz not null default '-infinity',
  usd_per_million_input  numeric not null check (usd_per_million_input between 0.0 and 100000.0),
  usd_per_million_cached numeric check (usd_per_million_cached between 0.0 and 100000.0),
  usd_per_million_output numeric not null check (usd_per_million_output between 0.0 and 100000.0),
  primary key (model, effective_from)
);

-- Whether a member is there and is not null.
create or replace function tally_is_given(member jsonb) returns boolean
  language sql immutable parallel safe
as $$
  select coalesce(jsonb_typeof(member), 'null'::text) <> 'null'::text
$$;

-- A detail with counts that are apart, as Anthropic gives them, put together: tokens_in holds the cached ones too.
-- In plpgsql, like what makes the cost: a function in SQL that cannot be inlined is made ready anew at each call.
create or replace function tally_joined_tokens(detail jsonb) returns jsonb
  language plpgsql immutable parallel safe
as $$
begin
  return (detail - 'tokens_uncached'::text) || pg_catalog.jsonb_build_object('tokens_in'::text,
    coalesce(tally_number(detail -> 'tokens_uncached'::text), 0)
    + coalesce(tally_number(detail -> 'tokens_cached'::text), 0));
end
$$;

-- Whether what an AI event cost is known from elsewhere than model_price.
create or replace function tally_has_own_cost(detail jsonb) returns boolean
  language sql immutable parallel safe
as $$
  select tally_is_given(detail -> 'cost_usd'::text)
    and not coalesce(detail -> 'priced'::text = 'true'::jsonb, false)
$$;

-- The model whose price an AI event needs; null where its cost is known, or nothing is there to be priced. Counts that
-- were not joined make a cost that is too small.
create or replace function tally_model_to_price(detail jsonb) returns text
  language sql immutable parallel safe
as $$
  select case when not tally_has_own_cost(detail) and not tally_is_given(detail -> 'tokens_uncached'::text)
      and (tally_is_given(detail -> 'tokens_in'::text) or tally_is_given(detail -> 'tokens_out'::text))
    then detail ->> 'model'::text end
$$;

-- The price of a model at a moment, if there is one.
create or replace function tally_price(model text, at timestamptz) returns setof model_price
  language sql stable parallel safe rows 1
as $$
  select * from model_price price
  where price.model = tally_price.model and price.effective_from <= tally_price.at
  order by price.effective_from desc
  limit 1
$$;

-- What the tokens of an AI event cost at a price, exactly.
create or replace function tally_cost(detail jsonb, price model_price) returns numeric
  language plpgsql immutable parallel safe
as $$
declare
  whole numeric := coalesce(tally_number(detail -> 'tokens_in'::text), 0);
  cached numeric := coalesce(tally_number(detail -> 'tokens_cached'::text), 0);
  output numeric := coalesce(tally_number(detail -> 'tokens_out'::text), 0);
begin
  return trim_scale(0.000001 * (
    greatest(whole - cached, 0) * price.usd_per_million_input
    + cached * coalesce(price.usd_per_million_cached, price.usd_per_million_input)
    + output * price.usd_per_million_output));
end
$$;

-- The detail of an AI event with its cost.
create or replace function tally_priced(detail jsonb, price model_price) returns jsonb
  language plpgsql immutable parallel safe
as $$
begin
  return detail || pg_catalog.jsonb_build_object('priced'::text, true, 'cost_usd'::text, tally_cost(detail, price));
end
$$;

-- The detail of an AI event as the log gets it: counts that are apart put together, and a cost where there was none and
-- model_price has one. A function of its own, so that what few events need is not made ready anew for each statement.
create or replace function tally_completed(detail jsonb, created_at timestamptz) returns jsonb
  language plpgsql stable parallel safe
as $$
#variable_conflict use_variable
declare
  price model_price;
begin
  if tally_is_given(detail -> 'tokens_uncached'::text) then
    detail := tally_joined_tokens(detail);
  end if;
  if tally_has_own_cost(detail) then
    return detail;
  end if;
  select * into price from tally_price(tally_model_to_price(detail), created_at);
  return case when price.model is null then detail else tally_priced(detail, price) end;
end
$$;

-- Functions of version 3.
drop function if exists
  tally_record(uuid[], timestamptz[], text[], uuid[], uuid[], uuid[], uuid[], text[], text[], jsonb[]),
  tally_record_each(uuid[], timestamptz[], text[], uuid[], uuid[], uuid[], uuid[], text[], text[], jsonb[]);

-- What was said of an AI event, and is compared when it is sent again: without what tally_completed() adds. Of a detail
-- as it was sent and as it is stored.
create or replace function tally_as_sent(detail jsonb) returns jsonb
  language plpgsql immutable parallel safe
as $$
begin
  if jsonb_typeof(detail) is distinct from 'object'::text then
    return detail;
  end if;
  if tally_is_given(detail -> 'tokens_uncached'::text) then
    detail := tally_joined_tokens(detail);
  end if;
  return case when tally_has_own_cost(detail) then detail else detail - 'priced'::text - 'cost_usd'::text end;
end
$$;

-- Of events, the places of those with a time that is too far ahead (`refusal` is TL002), and of those that are not what
-- the log has under their ids (it is null). Each is looked up by its id, however few events there were when the plan was
-- made.
create or replace function tally_not_recorded(
  ids uuid[], times timestamptz[], types text[], collections uuid[], users uuid[], bots uuid[], channels uuid[],
  threads text[], agents text[], details jsonb[], max_future int
) returns table (place bigint, refusal text)
  language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  latest timestamptz := now() + pg_catalog.make_interval(secs => max_future::double precision);
  -- An adopted log may keep less of a time than microseconds.
  kept int := (select atttypmod from pg_attribute
               where attrelid = 'resource_usage_log'::regclass::oid and attname = 'created_at'::name);
begin
  return query
  select given.place, case when given.created_at > latest then 'TL002'::text end
  from unnest(ids, times, types, collections, users, bots, channels, threads, agents, details) with ordinality given (
    id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail, place)
  left join resource_usage_log log on log.id = given.id
  where given.created_at > latest or log.id is not null and (
    pg_catalog.timestamptz(given.created_at, kept) is distinct from log.created_at and given.created_at is not null
    or given.resource_type <> log.resource_type::text
    or given.collection_id is distinct from log.collection_id
    or given.user_id is distinct from log.user_id
    or given.bot_id is distinct from log.bot_id
    or given.channel_id is distinct from log.channel_id
    or given.thread_id is distinct from log.thread_id::text
    or given.agent_id is distinct from log.agent_id::text
    or case when given.resource_type = 'ai'::text then tally_as_sent(given.detail) else given.detail end
      is distinct from case when given.resource_type = 'ai'::text then tally_as_sent(log.detail) else log.detail end);
end
$$;

-- Stores events, each in the same place of all the arrays, and returns those that were not there before: whether
-- model_price gave the cost of an AI event that came without (null: not such an event). Null in created_at: now; no
-- time may be more than `max_future` seconds ahead. Null in id is not allowed. Returns, too, by its place from 1,
-- an event with such a time, with the refusal TL002; and one that is not what the log has under its id (`differs`).
-- One plan is as good as another: it is made once.
create or replace function tally_record(
  ids uuid[], times timestamptz[], types text[], collections uuid[], users uuid[], bots uuid[], channels uuid[],
  threads text[], agents text[], details jsonb[], recorders text[], max_future int
) returns table (id uuid, place bigint, priced boolean, refusal text, differs boolean)
  language plpgsql security definer set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  stored bigint;
begin
  -- In the order of ids, so that two batches that share some do not wait for each other crosswise.
  return query
  insert into resource_usage_log as log (
    id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail, recorded_by)
  select
    event.id, event.created_at, event.resource_type, event.collection_id, event.user_id, event.bot_id, event.channel_id,
    event.thread_id, event.agent_id,
    case when event.resource_type = 'ai'::text then tally_completed(event.detail, event.created_at) else event.detail end,
    event.recorded_by
  from (
    select
      given.id, coalesce(given.created_at, now()) as created_at, given.resource_type, given.collection_id,
      given.user_id, given.bot_id, given.channel_id, given.thread_id, given.agent_id, given.detail, given.recorded_by,
      given.place
    from unnest(ids, times, types, collections, users, bots, channels, threads, agents, details, recorders)
      with ordinality given (id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id,
        detail, recorded_by, place)
    where (given.created_at > (select now() + pg_catalog.make_interval(secs => max_future::double precision))) is not true
  ) event
  order by event.id, event.place
  on conflict (id) do nothing
  returning log.id, null::bigint,
    case when log.resource_type::text = 'ai'::text and not tally_has_own_cost(log.detail)
      then tally_is_given(log.detail -> 'cost_usd'::text) end,
    null::text, false;
  get diagnostics stored = row_count;
  if stored < pg_catalog.cardinality(ids) then
    return query
    select ids[other.place], other.place, null::boolean, other.refusal, other.refusal is null
    from tally_not_recorded(
      ids, times, types, collections, users, bots, channels, threads, agents, details, max_future) other;
  end if;
end
$$;

-- The detail of an AI event whose cost is not known from elsewhere, at the price of now: with its cost, or without the
-- one that came from a price that is gone.
create or replace function tally_repriced(detail jsonb, created_at timestamptz) returns jsonb
  language sql stable parallel safe
as $$
  select case when price.model is not null then tally_priced(bare.detail, price)
    when tally_repriced.detail -> 'priced'::text is not null then bare.detail
    else tally_repriced.detail end
  from (select case when jsonb_typeof(tally_repriced.detail) = 'object'::text
    then tally_repriced.detail - 'priced'::text - 'cost_usd'::text else tally_repriced.detail end as detail) bare
  left join lateral tally_price(tally_model_to_price(bare.detail), tally_repriced.created_at) price on true
$$;

-- Prices the AI events of a window whose cost is not known from elsewhere, again or for the first time, and
-- returns how many of them changed: got a cost, got another one, or lost it with the price. Reports show it at once.
create or replace function tally_reprice(since timestamptz, until timestamptz) returns bigint
  language sql volatile
as $$
  with changed as (
    -- By the row itself, whatever changed it meanwhile.
    update resource_usage_log log
    set detail = tally_repriced(log.detail, log.created_at)
    where log.resource_type::text = 'ai'::text
      and log.created_at >= tally_reprice.since and log.created_at < tally_reprice.until
      and not tally_has_own_cost(log.detail)
      and tally_repriced(log.detail, log.created_at) <> log.detail
    returning 1
  )
  select count(*) from changed
$$;

-- The AI events of a window whose cost is not known, by model.
create or replace function tally_unpriced(since timestamptz default '-infinity', until timestamptz default 'infinity')
returns table (model text, events bigint, tokens_in numeric, tokens_out numeric)
  language sql stable
as $$
  select
    log.detail ->> 'model'::text, count(*), sum(coalesce(tally_number(log.detail -> 'tokens_in'::text), 0)),
    sum(coalesce(tally_number(log.detail -> 'tokens_out'::text), 0))
  from resource_usage_log log
  where log.resource_type::text = 'ai'::text
    and log.created_at >= tally_unpriced.since and log.created_at < tally_unpriced.until
    and not tally_is_given(log.detail -> 'cost_usd'::text)
  group by 1
  order by 2 desc, 1
$$;
