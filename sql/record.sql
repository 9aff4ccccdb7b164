-- Stores the events of POST /v1/usage/events.
--
-- $1 id  $2 created_at  $3 resource_type  $4 collection_id  $5 user_id  $6 bot_id  $7 channel_id  $8 thread_id
-- $9 agent_id  $10 detail  $11 recorded_by  $12 how many seconds created_at may be ahead
select id, place, priced, refusal, differs from tally_record(
  $1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::jsonb[],
  $11::text[], $12::int)
