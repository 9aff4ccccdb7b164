-- The AI usage of one channel. The window is compared together with the channel, so that no index but the
-- channel's own can serve: a plan that is made before the values are known would guess wrong.
\ir stats_head.sql
        and channel_id = $6
        and (channel_id, created_at) >= ($6, coalesce($1, now() - interval '720 hours'))
        and (channel_id, created_at) < ($6, coalesce($2, now()))
\ir stats_rest.sql
\ir stats_tail.sql
