-- The AI usage of one user, found by its index even where the plan is made before user_id is known.
\ir stats_head.sql
      and user_id = $4
\ir stats_tail.sql
