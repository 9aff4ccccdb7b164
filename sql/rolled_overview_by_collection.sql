-- overview_by_collection.sql from the sums, of all collections.
with member as not materialized (
  select id, key, name, level from tally_group
), report as (
  select 'collection'::text as report
\ir rolled_overview_edges.sql
\ir rolled_overview_rest.sql
\ir rolled_by_collection_head.sql
        and cell.report = 'collection'
\ir rolled_by_collection_tail.sql
