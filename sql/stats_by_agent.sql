-- The AI usage of one agent, found by its index even where the plan is made before agent_id is known.
\ir stats_head.sql
      and agent_id = $8
\ir stats_tail.sql
