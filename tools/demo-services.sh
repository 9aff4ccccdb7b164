# shellcheck shell=bash
# shellcheck disable=SC2154 # The demo sets the variables that are not set here.
# The processes of the demo: starting them so that none outlives it, and ending them in order.

# Names, in the order of their start, and their process ids.
services=()
declare -A service_pid service_signal service_patience

# launch NAME SIGNAL SECONDS COMMAND...: starts a service in the background, as the demo's user. The
# signal asks it to end, and it may take so many seconds to do so. The kernel sends the same signal
# when this script is gone without having ended it.
launch() {
    local name=$1 signal=$2 patience=$3
    shift 3
    # A process group of its own: Ctrl-C in the terminal reaches this script alone, which then ends
    # one service after the other.
    set -m
    (
        cd "$state" || exit
        exec 9>&-
        exec setpriv "${as_service[@]}" --pdeathsig "$signal" -- "$@"
    ) </dev/null >>"$state/log/$name.log" 2>&1 &
    services+=("$name")
    service_pid[$name]=$!
    service_signal[$name]=$signal
    service_patience[$name]=$patience
    set +m
}

# run_as_service COMMAND...: runs a command as the demo's user, in the foreground.
run_as_service() {
    (cd "$state" && exec setpriv "${as_service[@]}" -- "$@")
}

is_running() {
    kill -0 "${service_pid[$1]}" 2>/dev/null
}

has_ended() {
    ! is_running "$1"
}

# stop NAME: asks the service to end, and kills what is left of it when its time is up.
stop() {
    local group=${service_pid[$1]}
    kill -s "${service_signal[$1]}" "$group" 2>/dev/null || true
    wait_until "${service_patience[$1]}" has_ended "$1" ||
        printf '%s: %s did not end when asked, and is killed\n' "$program" "$1" >&2
    kill -KILL -- "-$group" 2>/dev/null || true
}

# stop_services: in the opposite order of their start, so that each still has what it works with.
stop_services() {
    local index
    for ((index = ${#services[@]} - 1; index >= 0; index--)); do
        stop "${services[index]}"
    done
    services=()
}

# answers_within SECONDS NAME COMMAND...: waits for a service until the command succeeds; shows what
# the service wrote if it ends before that, or takes longer.
answers_within() {
    local seconds=$1 name=$2
    shift 2
    wait_until "$seconds" ended_or_succeeds "$name" "$@" && is_running "$name" && return
    show_end "$state/log/$name.log" >&2
    fail "$name did not start"
}

ended_or_succeeds() {
    has_ended "$1" || "${@:2}" >/dev/null 2>&1
}

# leftovers: prints the processes of an earlier demo in this checkout that was killed together with
# what should have ended its services. Their folder tells them from every other process.
leftovers() {
    local process name
    for process in /proc/[0-9]*; do
        name=$(cat "$process/comm" 2>/dev/null) || continue
        case $name in
        postgres | nginx | multiwatch | tally.fcgi) ;;
        *) continue ;;
        esac
        case $(readlink "$process/cwd" 2>/dev/null) in
        "$state" | "$state"/*) printf '%s\n' "${process#/proc/}" ;;
        esac
    done
}

no_leftovers() {
    [ -z "$(leftovers)" ]
}

# signal_leftovers SIGNAL
signal_leftovers() {
    local process
    for process in $(leftovers); do
        kill -s "$1" "$process" 2>/dev/null || true
    done
}

# The pools and nginx end at TERM. So does PostgreSQL at QUIT, without a check point; its log of
# changes makes that good at the next start.
stop_leftovers() {
    no_leftovers && return
    # They may be about to end by themselves.
    wait_until 3 no_leftovers && return
    say "Ending what an earlier demo left running: $(leftovers | tr '\n' ' ')"
    signal_leftovers TERM
    wait_until 3 no_leftovers && return
    signal_leftovers QUIT
    wait_until 10 no_leftovers && return
    signal_leftovers KILL
    wait_until 5 no_leftovers || fail "these processes of an earlier demo do not end: $(leftovers | tr '\n' ' ')"
}
