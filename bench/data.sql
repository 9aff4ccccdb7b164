-- The log that bench/run measures with: a year of usage that ends at a given instant.
--
--   psql -d DATABASE -v events=1000000 -v until='2026-03-01 12:00Z' -f bench/data.sql
--
-- Run it after schema.sql, as the same owner, on empty tables. Every value follows from a hash of the
-- event's number: the same two settings give the same rows. Half of the events are ai, and one thread
-- has about 25 of these, one user about 550, whatever the number of events. A collection has two of 20
-- kinds of job, as a real one has few.
--
-- With -v collections=100 -v users=1000 -v jobs=12 there are so many, and each collection has every kind of job.
-- The ids of threads are plain numbers, which pgbench can draw; those of users and collections end in one.

\set ON_ERROR_STOP on
\set QUIET on

\if :{?collections}
\else
  \set collections 1000
\endif
\if :{?users}
\else
  select greatest(1, :events / 1100) as users \gset
\endif
\if :{?jobs}
\else
  \set jobs 0
\endif

begin;
set local timezone = 'UTC';
set local jit = off;

-- A number in [0, 1) that looks random, for one event (n) and one property of it (salt).
create function pg_temp.draw(n bigint, salt bigint) returns float8
  language sql immutable parallel safe
  return (hashint8extended(n, salt) & ((1::bigint << 53) - 1)) / (1::bigint << 53)::float8;

-- An id of one kind: 1 users, 2 bots, 3 channels, 4 collections.
create function pg_temp.known_id(kind int, number bigint) returns uuid
  language sql immutable parallel safe
  return ('00000000-0000-4000-800' || kind || '-' || lpad(number::text, 12, '0'))::uuid;

insert into nodes (id, title)
select pg_temp.known_id(4, n), 'Collection ' || lpad(n::text, 4, '0')
from generate_series(1, :collections) as n;

create temporary table event on commit drop as
select
  n,
  timestamptz :'until' - interval '365 days' * ((:events - n + pg_temp.draw(n, 1)) / :events) as created_at,
  pg_temp.draw(n, 2) < 0.5 as is_ai,
  1 + floor(pg_temp.draw(n, 3) * :collections)::int as collection,
  1 + floor(pg_temp.draw(n, 4) * greatest(1, :events / 50))::int as thread,
  case when pg_temp.draw(n, 5) < 0.6 then 1 when pg_temp.draw(n, 6) < 0.7 then 2 else 3 end as level,
  pg_temp.draw(n, 7) as job_draw,
  pg_temp.draw(n, 8) as size_draw,
  pg_temp.draw(n, 9) as answer_draw,
  pg_temp.draw(n, 10) as cached_draw
from generate_series(1, :events) as n;

-- A collection has one resource type besides ai.
insert into resource_usage_log
  (id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail)
select
  md5('event ' || n)::uuid,
  created_at,
  case when is_ai then 'ai' else other_type end,
  pg_temp.known_id(4, collection),
  pg_temp.known_id(1, 1 + thread % :users),
  case when is_ai then pg_temp.known_id(2, 1 + thread % 50) end,
  case when is_ai then pg_temp.known_id(3, 1 + thread % 200) end,
  case when is_ai then thread::text end,
  case when is_ai and thread % 3 = 0 then 'agent-' || thread % 10 end,
  case
    when is_ai then jsonb_build_object(
      'tokens_in', tokens_in, 'tokens_out', tokens_out, 'tokens_cached', floor(cached_draw * tokens_in),
      'cost_usd', round(((tokens_in * 3 + tokens_out * 15) * level / 1e6)::numeric, 6),
      'job_type', 'job-' || lpad((
        case when :jobs > 0 then floor(job_draw * :jobs)::int
             else (collection * 7 + case when job_draw < 0.7 then 0 else 3 end) % 20 end)::text, 2, '0'),
      'model_level', (array['fast', 'smart', 'deep'])[level],
      'model', (array['swift-2', 'heron-4', 'albatross-1'])[level])
    when other_type = 'whisper' then jsonb_build_object('duration_seconds', round((size_draw * 600)::numeric, 2))
    when other_type = 'tts' then jsonb_build_object('characters', floor(size_draw * 4000))
    when other_type = 'livekit' then jsonb_build_object('participant_minutes', round((size_draw * 90)::numeric, 1))
    else jsonb_build_object('size_bytes', floor(size_draw * 20000000))
  end
from event,
  lateral (select
    (array['whisper', 'tts', 'cas', 'bandwidth', 'livekit'])[1 + collection % 5] as other_type,
    200 + floor(size_draw * size_draw * 8000) as tokens_in,
    20 + floor(answer_draw * 1500) as tokens_out) as derived
order by n;

commit;

vacuum (analyze) nodes, resource_usage_log;
