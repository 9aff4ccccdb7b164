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

# check_event: an event that is sent is in both reports at once, and once, though it is sent twice.
check_event() {
    local id event status before after target='/admin/usage?days=1&collection_id=00000000-0000-4000-8004-000000000001'
    id=$(cat /proc/sys/kernel/random/uuid)
    event='{"id":"'$id'","resource_type":"ai","collection_id":"00000000-0000-4000-8004-000000000001","thread_id":"'$id'",'
    event+='"detail":{"tokens_in":1200,"tokens_out":300,"cost_usd":0.0105}}'
    expect 200 admin admin-demo "$target"
    before=$(ai_events)
    for status in recorded duplicate; do
        if [ "$(post reports reports-demo "$event" "$reply")" != 200 ] ||
            ! grep -q "\"id\":\"$id\",\"status\":\"$status\"" "$reply"; then
            fail "the event should be $status: $(shortened)"
        fi
        printf '\nPOST /v1/usage/events as reports: %s\n%s\n' "$event" "$(shortened)"
    done
    expect 200 reports reports-demo "/v1/usage/stats?bucket=none&thread_id=$id"
    show reports "/v1/usage/stats?bucket=none&thread_id=$id"
    grep -q '^{"totals":{"messages":1,"input_tokens":1200,"output_tokens":300,' "$reply" ||
        fail "the statistic should show the event: $(shortened)"
    expect 200 admin admin-demo "$target"
    after=$(ai_events)
    [ "$after" -eq $((before + 1)) ] || fail "the overview shows $after AI events of the collection, and $before before"
    [ "$(post ada ada-demo "$event" "$reply")" = 403 ] || fail "ada should not be able to send events: $(shortened)"
}

# ai_events: how many of the first part of the overview in $reply are of this type.
ai_events() {
    grep -o '"resource_type":"ai","event_count":[0-9]*' "$reply" | head -n 1 | sed 's/.*://'
}

check_caller() {
    local target=/v1/usage/caller
    expect 200 ada ada-demo "$target"
    show ada "$target"
    grep -q '^{"user":"ada","role":"user","user_id":"00000000-0000-4000-8001-000000000001",' "$reply" ||
        fail "the caller should be ada: $(shortened)"
}

# check_pages: both pages, what they load, and the library that draws their charts.
check_pages() {
    local page file files
    for page in admin usage; do
        expect 200 ada ada-demo "/$page/"
        cmp --quiet "$reply" "$tree/web/$page/index.html" || fail "/$page/ should be the page: $(shortened)"
        mapfile -t files < <(grep -o 'tally/[a-z_.]*' "$tree/web/$page/index.html")
        for file in "${files[@]}"; do
            expect 200 ada ada-demo "/$file"
        done
    done
    say
    say "The pages are there, and what they load."
}

check_refusals() {
    expect 401 '' '' /v1/usage/stats
    expect 401 ada wrong /v1/usage/stats
    expect 401 '' '' /admin/
    expect 403 ada ada-demo /admin/usage
    expect 400 ada ada-demo '/v1/usage/stats?bucket=year'
    expect 404 ada ada-demo /nothing
    say
    say "Strangers, wrong passwords and users who ask for the overview are turned away."
}

check_answers() {
    check_stats
    check_overview
    check_event
    check_caller
    check_pages
    check_refusals
    stop_services
    no_leftovers || fail "these processes still run: $(leftovers | tr '\n' ' ')"
    say "All is right."
}
