-- The AI usage of one agent. The window is compared together with the agent, so that no index but the
-- agent's own can serve: a plan that is made before the values are known would guess wrong.
\ir stats_head.sql
      and agent_id = $8
      and (agent_id, created_at) >= ($8, coalesce($1, now() - interval '720 hours'))
      and (agent_id, created_at) < ($8, coalesce($2, now()))
\ir stats_tail.sql
