-- One step of the upkeep of the sums: see tally_upkeep in upkeep.sql.
--
-- $1 how many events at the most
select tally_upkeep($1::int) as said
