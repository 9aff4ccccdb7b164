-- Adding events to the sums of rollups.sql: what a step of tally_upkeep() takes, in smaller parts where it fails.
--
-- Included by schema.sql.

drop function if exists tally_fold(tally_rollup_state, bigint, timestamptz, int);

-- The bounded form of a name that is too long. The whole one is kept, once, for those that are told it.
create or replace function tally_keep_whole(name text) returns text
  language plpgsql
as $$
declare
  bounded text := tally_bounded(tally_keep_whole.name);
begin
  insert into tally_long_name values (bounded, tally_keep_whole.name) on conflict do nothing;
  return bounded;
end
$$;

-- The events of two ranges: those whose numbers come next, up to `number`; of those that were there before, the ones
-- from `since` on.
create or replace function tally_taken(
  watermark bigint, number bigint, base bigint, since timestamptz, adopted_from timestamptz)
returns table (sign int, seq bigint, created_at timestamptz, resource_type text, collection_id uuid, user_id uuid,
               bot_id uuid, channel_id uuid, agent_id text, detail jsonb)
  language sql stable
as $$
  select 1, log.seq, log.created_at, log.resource_type::text, log.collection_id, log.user_id, log.bot_id, log.channel_id,
    log.agent_id::text, log.detail
  from resource_usage_log log
  where log.seq > tally_taken.watermark and log.seq <= tally_taken.number
    and log.created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz and log.created_at < 'infinity'::timestamptz
  union all
  select 1, log.seq, log.created_at, log.resource_type::text, log.collection_id, log.user_id, log.bot_id, log.channel_id,
    log.agent_id::text, log.detail
  from resource_usage_log log
  where (log.seq is null or log.seq <= tally_taken.base)
    and log.created_at >= tally_taken.since and log.created_at < tally_taken.adopted_from
    and log.created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz
$$;

-- Takes the events of the ranges of tally_taken out of the log and adds them to the sums, with the corrections in
-- `places`. All of it in one statement, that is one snapshot: a change is seen whole there or not at all, so what
-- it corrects in these very ranges is in them as it is now. A large detail is made ready once, and not for each member.
create or replace function tally_fold(state tally_rollup_state, number bigint, since timestamptz, places tid[])
returns void
  language plpgsql
as $$
#variable_conflict use_variable
declare
  batch tally_event[];
begin
  with corrected as (
    delete from tally_correction
    where ctid = any (places)
    returning *
  ), settled as (
    delete from tally_correction
    where seq > state.watermark and seq <= number
      or (seq is null or seq <= state.base) and created_at >= since and created_at < state.adopted_from
  )
  select pg_catalog.array_agg(tally_event_of(sign, created_at, resource_type, collection_id, user_id, bot_id,
                                             channel_id, agent_id, job_type, model_level, detail))
    into batch
  from (
    select sign, created_at, collection_id, user_id, bot_id, channel_id, tally_bounded(agent_id) as agent_id, detail,
      case when octet_length(resource_type) > 200 then tally_keep_whole(resource_type) else resource_type end
        as resource_type,
      case when octet_length(job_type) > 200 then tally_keep_whole(job_type) else job_type end as job_type,
      case when octet_length(model_level) > 200 then tally_keep_whole(model_level) else model_level end as model_level
    from (
      select ready.*,
        case resource_type when 'ai'::text then detail ->> 'job_type'::text end as job_type,
        case resource_type when 'ai'::text then detail ->> 'model_level'::text end as model_level
      from (
        select sign, created_at, resource_type, collection_id, user_id, bot_id, channel_id, agent_id,
          case when pg_catalog.pg_column_size(detail) > 2000 then detail || '{}'::jsonb else detail end as detail
        from (
          select sign, created_at, resource_type, collection_id, user_id, bot_id, channel_id, agent_id, detail
          from tally_taken(state.watermark, number, state.base, since, state.adopted_from)
          union all
          select sign, created_at, resource_type, collection_id, user_id, bot_id, channel_id, agent_id, detail
          from corrected
        ) taken
        offset 0
      ) ready
      offset 0
    ) named
    offset 0
  ) event;
  if batch is not null then
    perform tally_add(batch);
  end if;
end
$$;

-- Whether tally_fold could do it; it did nothing where not. What is no fault of the events is raised: of the
-- connection, the transaction, rights and schema, memory and disk, a lock, who ends it, files. The next step may go
-- well then. For memory and temporary files that are short a smaller step may, where there is one (`most` is not 1).
create or replace function tally_folds(
  state tally_rollup_state, number bigint, since timestamptz, places tid[], most int)
returns boolean
  language plpgsql
as $$
begin
  perform tally_fold(state, number, since, places);
  return true;
exception
  when others then
    if sqlstate ~ '^(08|0A|25|28|40|42|53|55|57|58|72|F0|XX00[12])'::text
       and (most = 1 or sqlstate <> all ('{53200,53400}'::text[])) then
      raise;
    end if;
    return false;
end
$$;

-- Makes corrections of the events that tally_fold would take, in one statement as there: each is then added by itself.
create or replace function tally_take_one_by_one(state tally_rollup_state, number bigint, since timestamptz)
returns void
  language plpgsql
as $$
#variable_conflict use_variable
begin
  with settled as (
    delete from tally_correction
    where seq > state.watermark and seq <= number
      or (seq is null or seq <= state.base) and created_at >= since and created_at < state.adopted_from
  )
  insert into tally_correction
  select * from tally_taken(state.watermark, number, state.base, since, state.adopted_from);
end
$$;

-- Puts a correction aside that cannot be added. With one that takes back the very same, both are gone.
create or replace function tally_put_aside(place tid) returns void
  language plpgsql
as $$
declare
  opposite tid;
begin
  select other.ctid into opposite
  from tally_correction this
  join tally_correction other on other.aside and other.sign = - this.sign
    and (other.seq, other.created_at, other.resource_type, other.collection_id, other.user_id, other.bot_id,
         other.channel_id, other.agent_id, other.detail)
      is not distinct from (this.seq, this.created_at, this.resource_type, this.collection_id, this.user_id, this.bot_id,
                            this.channel_id, this.agent_id, this.detail)
  where this.ctid = tally_put_aside.place
  limit 1;
  if opposite is null then
    update tally_correction set aside = true where ctid = tally_put_aside.place;
  else
    delete from tally_correction where ctid = any (array[tally_put_aside.place, opposite]);
  end if;
end
$$;

-- Adds to the sums about `most` events of each kind: the next numbers, as far as `target`, where nobody is waited
-- for; the next of those that were there before; corrections. A step that fails is tried with half of them. What
-- fails by itself is put aside; so a step never fails for what is in an event.
create or replace function tally_take_step(inout state tally_rollup_state, most int)
  language plpgsql
as $$
#variable_conflict use_variable
declare
  number bigint;
  since timestamptz;
  places tid[];
begin
  most := least(most, state.step_limit);
  state.step_limit := case when most = state.step_limit then most * 2 end;
  loop
    number := state.watermark;
    since := state.adopted_from;
    if state.target is not null and pg_catalog.cardinality(state.writers) = 0 then
      number := least(state.target, state.watermark + most::bigint);
    end if;
    if state.adopted_from > '-infinity'::timestamptz then
      since := coalesce((select created_at from resource_usage_log where created_at < state.adopted_from
                         order by created_at desc offset most limit 1), '-infinity'::timestamptz);
    end if;
    places := array(
      select ctid from tally_correction
      where not aside and case when seq is null or seq <= state.base then created_at >= state.adopted_from
                               else seq <= state.watermark end
      limit most);
    exit when tally_folds(state, number, since, places, most);
    state.step_limit := most;
    if most = 1 then
      if pg_catalog.cardinality(places) > 0
         and not tally_folds(state, state.watermark, state.adopted_from, places, most) then
        perform tally_put_aside(places[1]);
      end if;
      if not tally_folds(state, number, since, '{}'::tid[], most) then
        perform tally_take_one_by_one(state, number, since);
      end if;
      exit;
    end if;
    most := most / 2;
  end loop;
  state.watermark := number;
  state.adopted_from := since;
  if number = state.target then
    state.target := null;
  end if;
end
$$;
