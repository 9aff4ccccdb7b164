# shellcheck shell=bash
# Progress lines, steps with a log of their own, and waits with a deadline: for demo and check.
#
# The sourcing script sets these first: its name in messages, and where steps write.
: "${program:?}" "${log_dir:?}"

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

milliseconds() {
    printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}

# seconds_since START: the time since then, as seconds with one digit.
seconds_since() {
    local spent=$(($(milliseconds) - $1 + 50))
    printf '%d.%d\n' $((spent / 1000)) $((spent % 1000 / 100))
}

# wait_until SECONDS COMMAND...: asks again and again until the command succeeds or time is up.
wait_until() {
    local deadline=$(($(milliseconds) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(milliseconds)" -lt $deadline ] || return 1
        sleep 0.05
    done
}

step_group=
# How many seconds a step may take to end when it is told to.
step_patience=5

step_status=0

# try_step LOG TITLE COMMAND...: runs the command with its output in $log_dir/LOG.log, says how long
# it took, shows the output when it fails, and leaves its status in step_status. The command may be a
# function, and ends at its first failure: for that this must stand alone, not before || or in an if.
try_step() {
    local log=$log_dir/$1.log title=$2 start
    shift 2
    start=$(milliseconds)
    printf '%s ... ' "$title"
    # In a process group of its own, so that end_step can end all of it; in the background, so that a
    # signal is answered at once and not when the command is through.
    set -m
    ("$@") </dev/null >"$log" 2>&1 &
    step_group=$!
    set +m
    step_status=0
    wait "$step_group" || step_status=$?
    step_group=
    if [ $step_status -eq 0 ]; then
        say "$(seconds_since "$start") s"
    else
        say "failed after $(seconds_since "$start") s:"
        show_end "$log"
    fi
}

# step LOG TITLE COMMAND...: the same for a step without which there is no going on.
step() {
    try_step "$@"
    [ $step_status -eq 0 ] || fail "this step failed: $2"
}

# A build that fails says so at its end, and why not far above it.
show_end() {
    local lines
    lines=$(wc -l <"$1")
    [ "$lines" -le 200 ] || say "    (the last 200 of $lines lines of $1)"
    tail -n 200 -- "$1" | sed 's/^/    /'
}

# Ends the step that is under way, if there is one.
end_step() {
    [ -n "$step_group" ] || return 0
    kill -TERM -- "-$step_group" 2>/dev/null || true
    if ! wait_until "$step_patience" group_is_gone "$step_group"; then
        kill -KILL -- "-$step_group" 2>/dev/null || true
    fi
    step_group=
}

# A group of another user's processes, under sudo, cannot be asked by signal 0.
group_is_gone() {
    ! kill -0 -- "-$1" 2>/dev/null && [ ! -d "/proc/$1" ]
}
