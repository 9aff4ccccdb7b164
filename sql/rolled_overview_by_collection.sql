-- overview_by_collection.sql from the sums, of all collections.
with report as (
  select 'collection'::text as report
\ir rolled_overview_edges.sql
\ir rolled_overview_rest.sql
\ir rolled_by_collection_head.sql
        and cell.report = 'collection'
\ir rolled_by_collection_tail.sql
