-- overview_by_collection.sql from the sums, of one collection.
with member as materialized (
  select id, key, name, level from tally_group where report = 'collection' and key = $2
), report as (
  select 'collection'::text as report
\ir rolled_overview_edges.sql
      and collection_id = chosen.collection_id
\ir rolled_overview_rest.sql
\ir rolled_by_collection_head.sql
        and cell.report = 'collection' and cell.group_id = any (array(select member.id from member))
\ir rolled_by_collection_tail.sql
