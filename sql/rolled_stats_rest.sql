        offset 0  -- each edge by the index
      ) event
      union all
      -- Those that are not folded yet, and what was changed of those that are.
      select 1, chosen.bucket, event.created_at, event.detail
      from chosen
      cross join lateral (
        select created_at, resource_type, user_id, bot_id, channel_id, thread_id, agent_id, detail
        from resource_usage_log
        where seq > chosen.watermark and seq <= 9223372036854775807
        offset 0  -- by no other index
      ) event
      where event.resource_type::text = 'ai'
        and event.created_at >= chosen.pieces_since and event.created_at < chosen.pieces_until
        and (chosen.user_id is null or event.user_id = chosen.user_id)
        and (chosen.bot_id is null or event.bot_id = chosen.bot_id)
        and (chosen.channel_id is null or event.channel_id = chosen.channel_id)
        and (chosen.thread_id is null or event.thread_id::text collate "C" = chosen.thread_id)
        and (chosen.agent_id is null or event.agent_id::text collate "C" = chosen.agent_id)
      union all
      select correction.sign, chosen.bucket, correction.created_at, correction.detail
      from chosen
      join tally_correction correction
        on correction.created_at >= chosen.pieces_since and correction.created_at < chosen.pieces_until
      where correction.resource_type = 'ai'
        and (correction.seq is null or correction.seq <= chosen.watermark)
        and (chosen.user_id is null or correction.user_id = chosen.user_id)
        and (chosen.bot_id is null or correction.bot_id = chosen.bot_id)
        and (chosen.channel_id is null or correction.channel_id = chosen.channel_id)
        and (chosen.agent_id is null or correction.agent_id = chosen.agent_id)
    ) event
