-- What an operator does with the sums of rollups.sql: look, check, adopt, build anew.
--
-- Included by schema.sql.

-- How far the sums are, and what they wait for. Numbers are those of seq.
create or replace view tally_rollup_status as
select
  stage,
  stage = 'kept'::text
    -- By name, whichever table has it now.
    and log_file = pg_relation_filenode(to_regclass('resource_usage_log'::text))
    and rollup_file = pg_relation_filenode('tally_rollup_type'::regclass)
    and not exists (select from pg_inherits where inhrelid = to_regclass('resource_usage_log'::text)::oid) as in_use,
  adopted_from,
  coalesce(pg_sequence_last_value('resource_usage_log_seq'::regclass), 0::bigint) - watermark as numbers_to_fold,
  (select count(*) from tally_correction where not aside) as corrections,
  writers as waiting_for,
  -- Events, and changes of events, that cannot be added to the sums: they count from where they are put.
  (select count(*) from tally_correction where aside) as put_aside
from tally_rollup_state;

-- One UTC day of the finest sums against the events that they should hold: what the sums have too much. The
-- events that they hold are those of tally_rollup_state, as they were before the corrections that wait.
create or replace function tally_verify_day(day timestamp)
returns table (report text, key uuid, name text, level text, grain text, period timestamp, events numeric,
               total numeric, secondary numeric, tokens_cached numeric, cost_usd numeric)
  language sql stable
as $$
  with event as (
    select 1 as sign, log.created_at, log.resource_type::text, log.collection_id, log.user_id, log.bot_id,
      log.channel_id, log.agent_id::text, log.detail
    from resource_usage_log log, tally_rollup_state state
    where log.created_at >= day at time zone 'UTC' and log.created_at <= (day + interval '86399999999 microseconds') at time zone 'UTC'
      and case when log.seq is null or log.seq <= state.base then log.created_at >= state.adopted_from
               else log.seq <= state.watermark end
    union all
    select - correction.sign, correction.created_at, correction.resource_type, correction.collection_id,
      correction.user_id, correction.bot_id, correction.channel_id, correction.agent_id, correction.detail
    from tally_correction correction, tally_rollup_state state
    where correction.created_at >= day at time zone 'UTC'
      and correction.created_at <= (day + interval '86399999999 microseconds') at time zone 'UTC'
      and case when correction.seq is null or correction.seq <= state.base
               then correction.created_at >= state.adopted_from
               else correction.seq <= state.watermark end
  ), batch as (
    select pg_catalog.array_agg(tally_event_of(sign, created_at, resource_type, collection_id, user_id, bot_id,
                                               channel_id, agent_id, job_type, model_level, detail)) as events
    from (
      select sign, created_at, tally_bounded(resource_type) as resource_type, collection_id, user_id, bot_id, channel_id,
        tally_bounded(agent_id) as agent_id, tally_bounded(detail ->> 'job_type'::text) as job_type,
        tally_bounded(detail ->> 'model_level'::text) as model_level, detail
      from (
        select sign, created_at, resource_type, collection_id, user_id, bot_id, channel_id, agent_id,
          case when pg_catalog.pg_column_size(detail) > 2000 then detail || '{}'::jsonb else detail end as detail
        from event
        offset 0
      ) ready
      offset 0
    ) named
    -- By the hour: all those of a day may be more than one array has room for.
    group by date_trunc('hour'::text, created_at at time zone 'UTC')
  )
  select report, key, name, level, grain, period, sum(events), sum(total), sum(secondary), sum(tokens_cached),
    sum(cost_usd)
  from (
    select kept.report, member.key, member.name, member.level, kept.grain, kept.period, kept.events, kept.total,
      kept.secondary, kept.tokens_cached, kept.cost_usd
    from tally_rollup kept
    join tally_report on tally_report.report = kept.report and tally_report.finest = kept.grain
    left join tally_group member on member.id = kept.group_id
    where kept.period >= day and kept.period <= day + interval '86399999999 microseconds'
    union all
    select cell.report, cell.key, cell.name, cell.level, cell.grain, cell.period, - cell.events, - cell.total,
      - cell.secondary, - cell.tokens_cached, - cell.cost_usd
    from batch
    cross join lateral tally_cells(batch.events) cell
    join tally_report on tally_report.report = cell.report and tally_report.finest = cell.grain
  ) compared
  group by report, key, name, level, grain, period
  having sum(events) <> 0::numeric or sum(total) <> 0::numeric or sum(secondary) <> 0::numeric
    or sum(tokens_cached) <> 0::numeric or sum(cost_usd) <> 0::numeric
$$;

-- Each coarser sum of some months against those of the next finer grain: what it has too much.
create or replace function tally_verify_grains(since timestamp, until timestamp)
returns table (report text, key uuid, name text, level text, grain text, period timestamp, events numeric,
               total numeric, secondary numeric, tokens_cached numeric, cost_usd numeric)
  language sql stable
as $$
  select kept.report, member.key, member.name, member.level, side.grain, side.period,
    sum(side.sign * kept.events::numeric), sum(side.sign * kept.total), sum(side.sign * kept.secondary),
    sum(side.sign * kept.tokens_cached), sum(side.sign * kept.cost_usd)
  from tally_rollup kept
  join tally_report on tally_report.report = kept.report
  left join tally_group member on member.id = kept.group_id
  cross join lateral (
    select kept.grain, kept.period, 1::numeric as sign where kept.grain <> tally_report.finest
    union all
    select coarser.grain, date_trunc(coarser.grain, kept.period), (-1)::numeric
    from (values ('quarter'::text, 'hour'::text), ('hour'::text, 'day'::text), ('day'::text, 'month'::text)
    ) coarser (than, grain)
    where coarser.than = kept.grain
  ) side
  where kept.period >= date_trunc('month'::text, since)
    and date_trunc('month'::text, kept.period) <= date_trunc('month'::text, until)
  group by kept.report, kept.group_id, member.key, member.name, member.level, side.grain, side.period
  having sum(side.sign * kept.events::numeric) <> 0::numeric or sum(side.sign * kept.total) <> 0::numeric
    or sum(side.sign * kept.secondary) <> 0::numeric or sum(side.sign * kept.tokens_cached) <> 0::numeric
    or sum(side.sign * kept.cost_usd) <> 0::numeric
$$;

-- Every difference between the sums and the log, from the UTC day of `since` to that of `until`: what the sums
-- have too much, none where all is right. The finest are compared with the events, day by day, and the others
-- with the finer ones. Sums that are not in use are made anew in any case, and are not looked at.
create or replace function tally_verify(since timestamptz default '-infinity', until timestamptz default 'infinity')
returns table (report text, key uuid, name text, level text, grain text, period timestamp, events numeric,
               total numeric, secondary numeric, tokens_cached numeric, cost_usd numeric)
  language plpgsql
as $$
#variable_conflict use_column
declare
  first timestamp := date_trunc('day'::text, tally_verify.since at time zone 'UTC');
  last timestamp := tally_verify.until at time zone 'UTC';
  day timestamp;
begin
  if not (select in_use from tally_rollup_status) then
    raise warning 'The sums are not in use: replies count from the events. call tally_adopt() makes them anew.';
    return;
  end if;
  for day in
    select date_trunc('day'::text, kept.period) from tally_rollup kept
    where kept.period >= first and kept.period <= last and kept.grain <> 'month'::text
    union
    select date_trunc('day'::text, log.created_at at time zone 'UTC') from resource_usage_log log
    where log.created_at >= first at time zone 'UTC' and log.created_at <= tally_verify.until
      and log.created_at >= '4713-01-01 00:00:00+00 BC'::timestamptz and log.created_at < 'infinity'::timestamptz
    order by 1
  loop
    return query select * from tally_verify_day(day);
  end loop;
  return query select * from tally_verify_grains(first, last);
end
$$;

-- Goes on until the sums hold what is in the log now, in steps that are each committed: it may be stopped, and
-- called again. Says how far it is.
create or replace procedure tally_adopt(most int default 50000)
  language plpgsql
as $$
declare
  said text;
  told timestamptz := clock_timestamp();
  steps int := 0;
  next_look int := 1;
  wanted bigint := coalesce(pg_sequence_last_value('resource_usage_log_seq'::regclass), 0);
begin
  loop
    said := tally_upkeep(most);
    commit;
    -- A plan that was made when these tables were empty would be kept, and take ever longer.
    steps := steps + 1;
    if steps = next_look then
      analyze tally_group, tally_rollup_type, tally_rollup_ai, tally_rollup_collection, tally_rollup_job,
        tally_rollup_bot, tally_rollup_agent, tally_rollup_channel, tally_rollup_user;
      next_look := steps * 2;
      commit;
    end if;
    if exists (select from tally_rollup_state
               where stage = 'kept' and adopted_from = '-infinity' and watermark >= wanted and step_limit is null) then
      said := 'done';
    end if;
    exit when said in ('done', 'standby', 'unfit');
    if said in ('busy', 'waiting') then
      perform pg_catalog.pg_sleep(0.1);
    end if;
    if clock_timestamp() >= told + interval '2 seconds' then
      told := clock_timestamp();
      raise notice '%', (
        select pg_catalog.format('%s; the events from %s on are in the sums, and %s numbers are to be folded%s', said,
                      case when adopted_from = 'infinity' then 'now' else adopted_from::text end, numbers_to_fold,
                      case when said = 'waiting' then '; waiting for ' || waiting_for::text else '' end)
        from tally_rollup_status);
    end if;
  end loop;
  raise notice '%', case said
    when 'done' then 'done: the sums hold the whole log' || coalesce((
      select pg_catalog.format('; %s that cannot be added to them are put aside, and count from there', put_aside)
      from tally_rollup_status where put_aside > 0), '')
    when 'standby' then 'this server only follows another: call it there'
    else 'sums of this log cannot be kept: it is partitioned or inherited, or its triggers are missing' end;
end
$$;

-- Makes the sums anew. Until they are there, replies count from the events: as they do at each step.
create or replace procedure tally_rebuild(most int default 50000)
  language plpgsql
as $$
begin
  update tally_rollup_state set stage = 'anew';
  commit;
  call tally_adopt(most);
end
$$;

-- Keeps the sums of a report down to another grain from now on: quarter (of an hour), hour or day. All sums are
-- then made anew, as by tally_rebuild(), by the upkeep or by tally_adopt().
create or replace function tally_keep(report text, finest text) returns void
  language plpgsql
as $$
begin
  update tally_report set finest = tally_keep.finest where tally_report.report = tally_keep.report;
  if not found then
    raise exception 'There is no report %.', tally_keep.report;
  end if;
  update tally_rollup_state set stage = 'anew';
end
$$;
