-- Stores those of the events that the log takes, where it does not take all: as record.sql otherwise.
select id, place, priced, refusal, differs
from tally_record_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
