-- The AI usage of all, or of what no index is for.
\ir stats_head.sql
\ir stats_tail.sql
