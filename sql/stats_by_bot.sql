-- The AI usage of one bot, found by its index even where the plan is made before bot_id is known.
\ir stats_head.sql
      and bot_id = $5
\ir stats_tail.sql
