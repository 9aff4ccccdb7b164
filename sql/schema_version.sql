-- The version of the schema that is installed; also the shortest question that GET /readyz can ask.
select max(version)::text as version
from tally_schema
