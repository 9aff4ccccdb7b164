-- The AI usage of one thread. The window is compared together with the thread, so that no index but the
-- thread's own can serve: a plan that is made before the values are known would guess wrong.
\ir stats_head.sql
      and thread_id = $7
      and (thread_id, created_at) >= ($7, coalesce($1, now() - interval '720 hours'))
      and (thread_id, created_at) < ($7, coalesce($2, now()))
\ir stats_tail.sql
