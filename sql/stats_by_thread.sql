-- The AI usage of one thread, whose name may be of any length: so its index has a hash, and the name itself is compared,
-- too. The window is compared together with the hash, so that no index but the thread's own can serve: a plan that
-- is made before the values are known would guess wrong.
\ir stats_head.sql
        and thread_id::text collate "C" = $7
        and (hashtextextended(thread_id::text collate "C", 0::bigint), created_at)
          >= (hashtextextended($7 collate "C", 0::bigint), coalesce($1, now() - interval '720 hours'))
        and (hashtextextended(thread_id::text collate "C", 0::bigint), created_at)
          < (hashtextextended($7 collate "C", 0::bigint), coalesce($2, now()))
\ir stats_rest.sql
\ir stats_tail.sql
