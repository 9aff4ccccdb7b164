-- One AI event, as an application inserts it: a transaction of pgbench for bench/writers.
\set collection random(1, 100)
\set thread random(1, :threads)
\set job random(0, 11)
\set level random(1, 3)
\set tokens_in random(200, 8200)
\set tokens_out random(20, 1520)
\set tokens_cached random(0, :tokens_in)
\set micros :tokens_in * 3 + :tokens_out * 15
insert into resource_usage_log
  (resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail)
values (
  'ai',
  ('00000000-0000-4000-8004-' || lpad(:collection::text, 12, '0'))::uuid,
  ('00000000-0000-4000-8001-' || lpad((1 + :thread::int % 1000)::text, 12, '0'))::uuid,
  ('00000000-0000-4000-8002-' || lpad((1 + :thread::int % 50)::text, 12, '0'))::uuid,
  ('00000000-0000-4000-8003-' || lpad((1 + :thread::int % 200)::text, 12, '0'))::uuid,
  :thread::text,
  case when :thread::int % 3 = 0 then 'agent-' || (:thread::int % 10)::text end,
  jsonb_build_object(
    'tokens_in', :tokens_in::int, 'tokens_out', :tokens_out::int, 'tokens_cached', :tokens_cached::int,
    'cost_usd', round(:micros::numeric / 1000000, 6), 'job_type', 'job-' || lpad(:job::text, 2, '0'),
    'model_level', (array['fast', 'smart', 'deep'])[:level::int],
    'model', (array['swift-2', 'heron-4', 'albatross-1'])[:level::int]));
