-- Stores those of the events that the log takes, where it does not take all: as record.sql otherwise.
select id, place, priced, refusal, differs from tally_record_each(
  $1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::jsonb[],
  $11::text[], $12::int)
