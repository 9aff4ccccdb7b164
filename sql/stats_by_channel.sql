-- The AI usage of one channel, found by its index even where the plan is made before channel_id is known.
\ir stats_head.sql
      and channel_id = $6
\ir stats_tail.sql
