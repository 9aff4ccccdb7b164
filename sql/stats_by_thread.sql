-- The AI usage of one thread, whose name may be of any length: so its index has a hash, and the name itself is compared,
-- too. The window is compared as no index but the thread's own has it: a plan that is made before the values are known
-- would guess wrong.
\ir stats_head.sql
        and hashtextextended(thread_id::text collate "C", 0::bigint) = hashtextextended($7 collate "C", 0::bigint)
        and thread_id::text collate "C" = $7
        and greatest(created_at, '-infinity'::timestamptz) >= coalesce($1, now() - interval '720 hours')
        and greatest(created_at, '-infinity'::timestamptz) < coalesce($2, now())
\ir stats_rest.sql
\ir stats_tail.sql
