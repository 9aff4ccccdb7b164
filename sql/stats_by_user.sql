-- The AI usage of one user. The window is compared as no index but the user's own has it: a plan that is made before the
-- values are known would guess wrong. Nor are all events read where these are few, or most of them the user's: nobody
-- learns from the time that it takes what others did.
\ir stats_head.sql
        and user_id = $4
        and greatest(created_at, '-infinity'::timestamptz) >= coalesce($1, now() - interval '720 hours')
        and greatest(created_at, '-infinity'::timestamptz) < coalesce($2, now())
        and (user_id = $4 or tally_never(resource_type::text))
\ir stats_rest.sql
\ir stats_tail.sql
