        offset 0  -- each edge by the index
      ) event
      union all
      -- Those that are not folded yet, and what was changed of those that are.
      select 1, event.created_at, event.detail
      from chosen
      cross join lateral (
        select created_at, resource_type, user_id, bot_id, channel_id, thread_id, agent_id, detail
        from resource_usage_log
        where seq > chosen.watermark and seq <= 9223372036854775807
        offset 0  -- by no other index
      ) event
      where event.resource_type = 'ai'
        and event.created_at >= chosen.pieces_since and event.created_at < chosen.pieces_until
        and ($4::uuid is null or event.user_id = $4)
        and ($5::uuid is null or event.bot_id = $5)
        and ($6::uuid is null or event.channel_id = $6)
        and ($7::text is null or event.thread_id = $7)
        and ($8::text is null or event.agent_id = $8)
      union all
      select correction.sign, correction.created_at, correction.detail
      from chosen
      join tally_correction correction
        on correction.created_at >= chosen.pieces_since and correction.created_at < chosen.pieces_until
      where correction.resource_type = 'ai'
        and (correction.seq is null or correction.seq <= chosen.watermark)
        and ($4::uuid is null or correction.user_id = $4)
        and ($5::uuid is null or correction.bot_id = $5)
        and ($6::uuid is null or correction.channel_id = $6)
        and ($8::text is null or correction.agent_id = $8)
    ) event
