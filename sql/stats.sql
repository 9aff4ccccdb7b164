-- The AI usage of all, or of what no index is for.
\ir stats_head.sql
        and created_at >= coalesce($1, now() - interval '720 hours')
        and created_at < coalesce($2, now())
\ir stats_rest.sql
\ir stats_tail.sql
