# shellcheck shell=bash
# shellcheck disable=SC2154 # The demo sets the variables that are not set here.
# What ./demo --check asks, and what it takes for right: the log itself says.

# expect STATUS USER PASSWORD TARGET: asks, and leaves the answer's body in $reply.
expect() {
    local status
    reply=$state/reply
    status=$(get "$2" "$3" "$4" "$reply")
    [ "$status" = "$1" ] || fail "GET $4 as ${2:-nobody} was answered with $status instead of $1: $(shortened)"
}

shortened() {
    head -c 500 "$reply"
    [ "$(stat -c %s "$reply")" -le 500 ] || printf '... (%d bytes)' "$(stat -c %s "$reply")"
}

# show USER TARGET: prints a question and the answer to it, shortened.
show() {
    printf '\nGET %s as %s\n%s\n' "$2" "$1" "$(shortened)"
}

check_stats() {
    local since until expected target
    IFS='|' read -r since until < <(ask "
        select to_char(now() at time zone 'UTC' - interval '30 days', f), to_char(now() at time zone 'UTC', f)
        from (values ('YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) as t(f)")
    expected=$(ask "
        select format('{\"totals\":{\"messages\":%s,\"input_tokens\":%s,\"output_tokens\":%s,\"cached_tokens\":%s,\"total_tokens\":%s,',
                      count(*), sum(read), sum(written), sum(cached), sum(read + written))
        from resource_usage_log,
             lateral (select coalesce((detail ->> 'tokens_in')::numeric, 0) as read,
                             coalesce((detail ->> 'tokens_out')::numeric, 0) as written,
                             coalesce((detail ->> 'tokens_cached')::numeric, 0) as cached) as tokens
        where resource_type = 'ai' and user_id = '00000000-0000-4000-8001-000000000001'
          and created_at >= '$since' and created_at < '$until'")
    target="/v1/usage/stats?bucket=week&since=$since&until=$until"
    expect 200 ada ada-demo "$target"
    show ada "$target"
    [ "$(head -c ${#expected} "$reply")" = "$expected" ] || fail "the reply should begin with $expected"
}

recent_events() {
    ask "select count(*) from resource_usage_log where created_at >= now() - interval '7 days'"
}

# The seven days begin at another moment for each question: the reply lies between two of them.
check_overview() {
    local before after listed target='/admin/usage?days=7'
    before=$(recent_events)
    expect 200 admin admin-demo "$target"
    after=$(recent_events)
    show admin "$target"
    listed=$(sed 's/.*"daily"://' "$reply" | grep -o '"event_count":[0-9]*' | cut -d : -f 2 | paste -s -d +)
    listed=$((listed))
    [ $listed -ge "$after" ] && [ $listed -le "$before" ] && [ $listed -gt 0 ] && return
    fail "the days of the reply have $listed events, those of the log $after"
}

check_refusals() {
    expect 401 '' '' /v1/usage/stats
    expect 401 ada wrong /v1/usage/stats
    expect 403 ada ada-demo /admin/usage
    expect 400 ada ada-demo '/v1/usage/stats?bucket=year'
    expect 404 ada ada-demo /nothing
    say
    say "Strangers, wrong passwords and users who ask for the overview are turned away."
}

check_answers() {
    check_stats
    check_overview
    check_refusals
    stop_services
    no_leftovers || fail "these processes still run: $(leftovers | tr '\n' ' ')"
    say "All is right."
}
