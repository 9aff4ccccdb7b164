-- Behind these conditions: the filters, for none of which another index is used. A text is compared byte by byte,
-- whatever its column's collation is.
      offset 0  -- by no other index
    ) led
    where ($4::uuid is null or user_id = $4)
      and ($5::uuid is null or bot_id = $5)
      and ($6::uuid is null or channel_id = $6)
      and ($7::text is null or thread_id::text collate "C" = $7)
      and ($8::text is null or agent_id::text collate "C" = $8)
