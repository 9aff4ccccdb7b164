-- The AI usage of one thread, found by its index even where the plan is made before thread_id is known.
\ir stats_head.sql
      and thread_id = $7
\ir stats_tail.sql
