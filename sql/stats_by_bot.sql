-- The AI usage of one bot. The window is compared together with the bot, so that no index but the
-- bot's own can serve: a plan that is made before the values are known would guess wrong.
\ir stats_head.sql
        and bot_id = $5
        and (bot_id, created_at) >= ($5, coalesce($1, now() - interval '720 hours'))
        and (bot_id, created_at) < ($5, coalesce($2, now()))
\ir stats_rest.sql
\ir stats_tail.sql
