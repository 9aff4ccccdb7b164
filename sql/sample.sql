-- Sample data: 90 days of a made-up site's usage up to now.
--
--   psql -d DATABASE -f sql/sample.sql                   at least 200,000 events
--   psql -d DATABASE -v events=1000000 -f sql/sample.sql  at least that many
--   psql -d DATABASE -v now='2026-03-01 12:00Z' -f …      up to that moment
--
-- Run it after schema.sql, as the same owner. Every value follows from a hash of the day and of the
-- number of the session on that day, every id too: the same moment gives the same rows, and a later
-- run adds the days since, and never a row twice.
-- A session is a row of consecutive events of one user: a chat, a call, files going up and down.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?events} \else \set events 200000 \endif
\if :{?now} \else \set now now \endif

begin;
set local timezone = 'UTC';
set local datestyle = 'ISO, YMD';
set local work_mem = '128MB';
set local jit = off;
-- Two runs at a time would wait for each other's rows one by one.
select pg_advisory_xact_lock(hashtextextended('tally sample', 0)) \g /dev/null

-- A number in [0, 1) that looks random, for one thing (n) and one property of it (salt).
create function pg_temp.draw(n bigint, salt bigint) returns float8
  language sql immutable parallel safe
  return (hashint8extended(n, salt) & ((1::bigint << 53) - 1)) / (1::bigint << 53)::float8;

-- The id of a person or thing that is easy to recognise and to type: kind 1 users, 2 bots,
-- 3 channels, 4 collections.
create function pg_temp.known_id(kind int, number int) returns uuid
  language sql immutable parallel safe
  return ('00000000-0000-4000-800' || kind || '-' || lpad(number::text, 12, '0'))::uuid;

create function pg_temp.event_id(n bigint) returns uuid
  language sql immutable parallel safe
  return overlay(overlay(
    lpad(to_hex(hashint8extended(n, 91)), 16, '0') || lpad(to_hex(hashint8extended(n, 92)), 16, '0')
    placing '8' from 13) placing 'a' from 17)::uuid;

-- Twenty collections with a title and one whose title is not known; one more (number 22) is used by
-- events, and is no longer in the table.
insert into nodes (id, title)
select pg_temp.known_id(4, number::int), title
from unnest(array[
  'Support desk', 'Product handbook', 'Biology 101', 'Sales playbook', 'Research notes',
  'Onboarding', 'Contract templates', 'Engineering wiki', 'Customer interviews', 'Language café',
  'Release notes', 'Legal archive', 'Marketing plans', 'Design library', 'History seminar',
  'Incident reviews', 'Recipes & menus', 'Translations', 'Board minutes', 'Field recordings', null
]) with ordinality as t(title, number)
on conflict do nothing;

-- The part of the day's sessions that begins before each hour from 1 to 23, in UTC.
create temporary table rhythm on commit drop as
select weekend, array_agg(before order by hour) filter (where hour > 0) as before
from (
  select weekend, hour, (sum(weight) over (partition by weekend order by hour) - weight)
                        / sum(weight) over (partition by weekend)::float8 as before
  from (values
    (false, array[1,1,1,1,1,2,4,8,14,18,18,15,11,14,18,17,14,10,7,6,6,5,3,2]),
    (true,  array[3,2,2,1,1,1,2,3,5,7,9,9,9,9,9,9,8,8,9,10,10,8,6,4])
  ) as w(weekend, weights),
  unnest(weights) with ordinality as h(weight, number),
  lateral (select number - 1 as hour) as n
) as hours
group by weekend;

create temporary table session on commit drop as
with
day as (
  select day::date, day - date '2000-01-01' as number, extract(isodow from day)::int > 5 as weekend,
         -- Eight events a session on average; the 4 % more make up for the sessions that the two
         -- ends of the period cut off.
         ceil(:events / 90.0 * 1.04 / 8
              * (array[1.15, 1.2, 1.2, 1.15, 1.1, 0.6, 0.6])[extract(isodow from day)::int])::int as sessions
  from (select (timestamptz :'now')::date - 91 + i as day from generate_series(0, 91) as i) as d
),
drawn as (
  select day, weekend, number, n.n, 1 + (s * 7 + number * 4) % 15 as events,
         'thread-' || to_char(day, 'YYYYMMDD') || '-' || lpad(s::text, 4, '0') as thread,
         1 + floor(50 * power(pg_temp.draw(n.n, 1), 1.6))::int as person,
         pg_temp.draw(n.n, 2) as kind_draw, pg_temp.draw(n.n, 3) as collection_draw,
         pg_temp.draw(n.n, 4) as channel_draw, pg_temp.draw(n.n, 5) as agent_draw,
         pg_temp.draw(n.n, 6) as level_draw, pg_temp.draw(n.n, 7) as start_draw,
         pg_temp.draw(n.n, 8) as pace
  from day, generate_series(1, sessions) as s,
       lateral (select number::bigint * 1000000 + s as n) as n
)
select n, events, level_draw,
       (day + make_interval(hours => width_bucket(start_draw, before),
                            secs => 3600 * pg_temp.draw(n, 9)))::timestamptz as starts,
       make_interval(secs => 15 + 150 * pace) as pause,
       case when kind_draw < 0.62 then 'chat' when kind_draw < 0.74 then 'voice'
            when kind_draw < 0.88 then 'files' when kind_draw < 0.94 then 'meeting'
            when kind_draw < 0.99 then 'job' else 'search' end as kind,
       thread,
       pg_temp.known_id(1, person) as user_id,
       pg_temp.known_id(2, coalesce(agent, 7 + channel % 2)) as bot_id,
       pg_temp.known_id(3, channel) as channel_id,
       pg_temp.known_id(4, collection) as collection_id,
       (array['researcher', 'writer', 'support', 'tutor', 'translator', 'reviewer'])[agent] as agent_id
from drawn join rhythm using (weekend),
     lateral (select
       case when collection_draw < 0.06 then null
            when collection_draw < 0.07 then 21
            when collection_draw < 0.08 then 22
            else 1 + (person * 7 + 5 * floor(3 * power(pg_temp.draw(n, 10), 2))::int) % 20
       end as collection,
       case when channel_draw < 0.75 then 1 + (person + floor(3 * channel_draw)::int * 5) % 12 end as channel,
       case when agent_draw < 0.45 then 1 + floor(6 * power(agent_draw / 0.45, 1.4))::int end as agent
     ) as numbers;

-- The model levels: name, and the price of a million tokens read and written, in US dollars.
create temporary table model on commit drop as
select * from (values
  ('fast',  'swift-2',     0.25, 1.25),
  ('smart', 'heron-4',     3.00, 15.00),
  ('deep',  'albatross-1', 15.00, 75.00)
) as m(level, name, price_in, price_out);

-- The events that the log does not have yet.
create temporary table event on commit drop as
select session.*, id, event_number, step, created_at,
       case kind
         when 'chat' then 'ai'
         when 'voice' then (array['whisper', 'ai', 'tts'])[1 + (step - 1) % 3]
         when 'files' then (array['cas', 'bandwidth', 'bandwidth'])[1 + (step - 1) % 3]
         when 'meeting' then (array['livekit', 'livekit', 'whisper', 'ai'])[1 + (step - 1) % 4]
         when 'job' then 'ai'
         else 'search'
       end as resource_type,
       case when level_draw < 0.6 or pg_temp.draw(event_number, 21) < 0.15 then 'fast'
            when level_draw < 0.9 then 'smart' else 'deep' end as level,
       case kind
         when 'job' then (array['embedding', 'moderation', 'extraction'])[1 + (n % 3)::int]
         when 'meeting' then 'summary'
         else case when step = 2 then 'title' when pg_temp.draw(event_number, 22) < 0.08 then 'translation'
                   else 'chat' end
       end as job_type,
       pg_temp.draw(event_number, 23) as size_draw, pg_temp.draw(event_number, 24) as answer_draw,
       pg_temp.draw(event_number, 25) as cached_draw, pg_temp.draw(event_number, 26) as gap_draw
from session, generate_series(1, events) as step,
     lateral (select n * 100 + step as event_number) as e,
     lateral (select pg_temp.event_id(event_number) as id,
                     starts + pause * (step - 1)
                     + make_interval(secs => 10 * pg_temp.draw(event_number, 20)) as created_at) as t
where created_at > timestamptz :'now' - interval '90 days' and created_at <= timestamptz :'now'
  and not exists (select from resource_usage_log as log where log.id = t.id);

insert into resource_usage_log
  (id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail)
select id, created_at, resource_type, collection_id,
       case when kind <> 'job' then user_id end,
       case when resource_type = 'ai' then bot_id end,
       case when kind <> 'job' then channel_id end,
       case when kind in ('chat', 'voice', 'meeting') then thread end,
       case when kind in ('chat', 'job') then agent_id end,
       case resource_type
         -- One client in two hundred sends its numbers as strings; some leave a member out.
         when 'ai' then jsonb_strip_nulls(jsonb_build_object(
           'tokens_in', case when gap_draw < 0.005 then to_jsonb(tokens_in::text) else to_jsonb(tokens_in) end,
           'tokens_out', tokens_out,
           'tokens_cached', nullif(tokens_cached, 0),
           'cost_usd', case when gap_draw < 0.98 then trim_scale(
             ((tokens_in - tokens_cached) * price_in + tokens_cached * price_in / 10 + tokens_out * price_out)
             / 1000000) end,
           'job_type', case when gap_draw not between 0.94 and 0.97 then job_type end,
           'model_level', case when job_type <> 'embedding' then level end,
           'model', case when job_type = 'embedding' then 'lark-embed-1' else name end))
         when 'whisper' then jsonb_build_object('duration_seconds', round((2 + 90 * power(size_draw, 2))::numeric, 1))
         when 'tts' then jsonb_build_object('characters', 20 + floor(1200 * power(size_draw, 1.5))::int)
         when 'livekit' then jsonb_build_object('participant_minutes', round((1 + 60 * size_draw * answer_draw)::numeric, 2))
         when 'search' then jsonb_build_object('queries', 1 + floor(5 * size_draw)::int)
         else jsonb_build_object('size_bytes', floor(power(2, 12 + 13 * size_draw))::bigint)
       end
from event join model using (level),
     lateral (select 180 + floor(step * (150 + 500 * size_draw) + power(2, 4 + 8 * size_draw))::int as tokens_in,
                     case when job_type = 'embedding' then 0
                          else 12 + floor(power(2, 4.5 + 6 * answer_draw))::int end as tokens_out) as sizes,
     -- A conversation is sent again with each message, most of it from the cache.
     lateral (select case when kind in ('chat', 'voice') and step > 1
                          then floor(tokens_in * (0.5 + 0.4 * cached_draw))::int / 64 * 64
                          else 0 end as tokens_cached) as cache
order by created_at, event_number;
select :ROW_COUNT > 0 as added \gset

commit;

-- Reports are read by plans that know the data.
\if :added
vacuum (analyze) nodes, resource_usage_log;
\endif
