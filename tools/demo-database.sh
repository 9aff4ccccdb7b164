# shellcheck shell=bash
# shellcheck disable=SC2154 # The demo sets the variables that are not set here.
# The demo's own PostgreSQL: a cluster in its folder, reached by a unix socket and nothing else.

# find_postgres: sets postgres_bin; Debian keeps the server's programs out of the path.
find_postgres() {
    postgres_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort | tail -n 1)
    [ -x "$postgres_bin/initdb" ] || fail "PostgreSQL's initdb is not in /usr/lib/postgresql/*/bin"
}

# make_cluster: beside its place first, so that what is in its place is always whole.
make_cluster() {
    local new=$state/database/cluster.new
    run_as_service rm -rf "$new"
    run_as_service "$postgres_bin/initdb" --pgdata "$new" --username postgres \
        --encoding UTF8 --locale C.UTF-8 --auth-local peer --auth-host reject --no-sync
    # One user of the system stands for every role; nobody else gets through to the socket.
    printf 'local all all peer map=demo\n' | write_as_service "$new/pg_hba.conf"
    printf 'demo %s %s\n' "$service_user" postgres "$service_user" tally "$service_user" tally_web |
        write_as_service "$new/pg_ident.conf"
    sync
    mv "$new" "$state/database/cluster"
}

write_as_service() {
    run_as_service tee "$1" >/dev/null
}

check_cluster_version() {
    local made_by present
    run_as_service test -s "$state/database/cluster/PG_VERSION" ||
        fail "the demo's cluster is incomplete; throw it away with ./demo --reset"
    made_by=$(run_as_service cat "$state/database/cluster/PG_VERSION")
    present=$("$postgres_bin/postgres" --version)
    case $present in
    *" $made_by."* | *" $made_by "*) ;;
    *) fail "the demo's cluster was made by PostgreSQL $made_by, and here is $present; throw it away with ./demo --reset" ;;
    esac
}

# psql_as ROLE DATABASE [ARGUMENT]...
psql_as() {
    run_as_service psql --no-psqlrc --quiet --host "$sockets" --username "$1" --dbname "$2" --set ON_ERROR_STOP=on "${@:3}"
}

# After a power cut the process id in postmaster.pid may be some other program's, and PostgreSQL would
# refuse to start. None of this cluster's processes runs here any more: stop_leftovers came before.
forget_dead_postmaster() {
    run_as_service rm -f "$state/database/cluster/postmaster.pid"
}

start_postgres() {
    forget_dead_postmaster
    launch postgres INT 20 "$postgres_bin/postgres" -D "$state/database/cluster" \
        -c listen_addresses= -c unix_socket_directories="$sockets" -c unix_socket_permissions=0700 \
        -c cluster_name=tally-demo -c shared_buffers=256MB -c max_wal_size=2GB \
        -c log_destination=stderr -c logging_collector=off
    # A cluster that was killed replays its log first.
    answers_within 60 postgres psql_as postgres postgres -c 'select 1'
}

# ask SQL: prints the answer to a question to the sample, as its owner.
ask() {
    psql_as tally tally --tuples-only --no-align --command "$1"
}

# with_included FILE: prints a file of sql/ with the files that it includes. Whoever runs psql may have no way
# to them.
with_included() {
    awk -v folder="$tree/sql/" '
        $1 == "\\ir" { while ((getline line <(folder $2)) > 0) print line; next }
        { print }' "$tree/sql/$1"
}

# load_schema: brings roles, database, tables and rights to their present state, from whatever state
# an earlier or interrupted run left them in.
load_schema() {
    psql_as postgres postgres <<'SQL'
select 'create role ' || name || ' login'
from unnest(array['tally', 'tally_web']) as name
where not exists (select from pg_roles where rolname = name) \gexec
select 'create database tally owner tally'
where not exists (select from pg_database where datname = 'tally') \gexec
SQL
    with_included schema.sql | psql_as tally tally --file -
    with_included grants.sql | psql_as postgres tally --set role=tally_web --file -
}

load_sample() {
    psql_as tally tally --file - <"$tree/sql/sample.sql"
}
