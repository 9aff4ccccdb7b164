"""tally.fcgi -T: each check with the fault that it is there for, what it says to do, and the exit status."""

import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

import pytest

from pgbouncer import PORT, Pgbouncer
from pool import Settings, merged, write_ini
from postgres import WEB_ROLE, Postgres
from process import ROOT, scratch_directory, service_user, worker_binary
from worker import locked, settings_for

WELL, AWAY, CONFIG = 0, 69, 78  # sysexits.h
NAME = "checkup"


class Found:
    """What -T printed: {check: (outcome, words)}, the last line of each check, and its exit status."""

    def __init__(self, done: "subprocess.CompletedProcess[str]"):
        assert done.stderr == "", done.stderr
        self.status = done.returncode
        self.text = done.stdout
        self.checks: dict[str, tuple[str, str]] = {}
        for line in done.stdout.splitlines():
            outcome, check, words = line.split(maxsplit=2)
            assert outcome in ("ok", "warning", "away", "fault"), line
            self.checks[check] = (outcome, words)

    def outcomes(self, outcome: str) -> set[str]:
        return {check for check, (is_so, _) in self.checks.items() if is_so == outcome}


def try_all(*settings: Settings, user: Optional[str] = "www-data", option: str = "-T",
            environment: Mapping[str, str] = {}) -> "subprocess.CompletedProcess[str]":
    account = service_user(user) if user else None
    directory = scratch_directory("checkup", account)
    program = shutil.copy(worker_binary(), directory / "tally.fcgi")
    ini = write_ini(directory / "tally.ini", merged(*settings))
    return subprocess.run([program, "-c", ini, option], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, user=account, env={"PATH": "/usr/bin:/bin", **environment}, check=False)


def found(*settings: Settings, **options: Any) -> Found:
    return Found(try_all(*settings, **options))


@pytest.fixture(scope="module")
def dbname(postgres: Postgres) -> Iterator[str]:
    yield postgres.create_database("checkup_of_all")
    postgres.sql("drop database checkup_of_all with (force)")


def test_all_is_well(postgres: Postgres, dbname: str) -> None:
    got = found(settings_for(postgres, dbname))
    assert got.status == WELL, got.text
    assert got.outcomes("ok") == set(got.checks) == {
        "configuration", "log", "server", "role", "limits", "clock", "schema", "sums"}
    assert f"database {dbname} as {WEB_ROLE}" in got.checks["server"][1]


def test_nothing_is_changed(postgres: Postgres, dbname: str) -> None:
    """Not an event, not a number, not a step of the sums: 100 times is as good as once."""
    before = "select (select count(*) from resource_usage_log), last_value, is_called, state::text" \
             " from resource_usage_log_seq, tally_rollup_state as state"
    expected = postgres.sql(before, dbname=dbname)
    assert found(settings_for(postgres, dbname)).status == WELL
    assert postgres.sql(before, dbname=dbname) == expected


DATABASE = {  # a change, the check that finds it, its outcome, the words, the exit status
    "no schema": ("drop schema public cascade; create schema public; grant usage on schema public to public",
                  "schema", "fault", r"tally_schema.*run sql/schema.sql", CONFIG),
    "another version": ("update tally_schema set version = 2", "schema", "fault", "version 2, this program needs", CONFIG),
    "another shape": ("alter table resource_usage_log alter column resource_type type name", "schema", "fault",
                      "has column 3 of type 19, expected text", CONFIG),
    "a column away": ("alter table resource_usage_log drop column agent_id cascade", "schema", "fault",
                      "agent_id", CONFIG),
    "no right to a table": (f"revoke all on nodes from {WEB_ROLE}", "rights", "fault",
                            "(permission denied for table|lacks its right to) nodes.*run .*grants.sql", CONFIG),
    "no right to a column": (f"revoke select (seq) on resource_usage_log from {WEB_ROLE}", "rights", "fault",
                             "resource_usage_log.*run .*grants.sql", CONFIG),
    "no right to record": (f"revoke execute on function tally_record from {WEB_ROLE}", "rights", "fault",
                           "lacks its right to tally_record.*run sql/grants.sql", CONFIG),
    "everybody may record": ("grant execute on function tally_record to public", "rights", "fault",
                             "every role may run.*tally_record.*run sql/grants.sql", CONFIG),
    "no right to the sums": (f"revoke select on tally_rollup from {WEB_ROLE}", "rights", "fault",
                             "tally_rollup.*run .*grants.sql", CONFIG),
    "a role that writes": (f"grant insert on resource_usage_log to {WEB_ROLE}", "role", "warning",
                           "may write to the log", WELL),
    "a role that may do all": (f"alter role {WEB_ROLE} superuser", "role", "warning", "is a superuser", WELL),
    "no limit": (f"alter role {WEB_ROLE} in database {NAME} set statement_timeout = 0", "limits", "warning",
                 "statement_timeout is 0.*run sql/grants.sql", WELL),
    "a limit beyond the worker's": (f"alter role {WEB_ROLE} in database {NAME} set statement_timeout = '10s'", "limits",
                                    "warning", "10000 ms and should be less than query_timeout", WELL),
    "a session that writes": (f"alter role {WEB_ROLE} in database {NAME} reset default_transaction_read_only", "limits",
                              "warning", "default_transaction_read_only is off", WELL),
    "no limit for locks": (f"alter role {WEB_ROLE} in database {NAME} set lock_timeout = 0", "limits", "warning",
                           "lock_timeout is 0", WELL),
    "a clock ahead": ("create schema clock; create function clock.now() returns timestamptz stable language sql as"
                      " 'select pg_catalog.now() - interval ''1 minute'''; grant usage on schema clock to public;"
                      f" alter role {WEB_ROLE} in database {NAME} set search_path = clock, pg_catalog, public",
                      "clock", "warning", "60 s ahead of the database's.*time server", WELL),
    "a clock behind": ("create schema clock; create function clock.now() returns timestamptz stable language sql as"
                       " 'select pg_catalog.now() + interval ''1 minute'''; grant usage on schema clock to public;"
                       f" alter role {WEB_ROLE} in database {NAME} set search_path = clock, pg_catalog, public",
                       "clock", "warning", "60 s behind the database's", WELL),
    "sums in use": ("call tally_adopt()", "sums", "ok", "^in use$", WELL),
    "a trigger disabled": ("alter table resource_usage_log disable trigger tally_event_updated", "sums", "warning",
                           "no sums can be kept.*schema.sql", WELL),
    "no triggers": ("drop trigger tally_event_updated on resource_usage_log; "
                    "drop trigger tally_event_deleted on resource_usage_log; "
                    "drop trigger tally_event_replicated on resource_usage_log; "
                    "drop trigger tally_event_numbered on resource_usage_log", "sums", "warning", "no sums can", WELL),
    "a log with heirs": ("create table heir () inherits (resource_usage_log)", "sums", "warning", "inherited", WELL),
    "sums that are begun": ("insert into resource_usage_log (resource_type) values ('ai')", "sums", "ok",
                            "being made.*tally_adopt", WELL),
    "sums for new events": ("insert into resource_usage_log (resource_type) values ('ai');"
                            " update tally_rollup_state set stage = 'kept',"
                            " log_file = pg_relation_filenode('resource_usage_log'::regclass),"
                            " rollup_file = pg_relation_filenode('tally_rollup_type'::regclass)", "sums", "ok",
                            "^in use for new events; what is older counts from the events.*tally_adopt", WELL),
    "sums from a day on": ("call tally_adopt(); insert into resource_usage_log (resource_type, created_at) values"
                           " ('ai', '2020-01-01'); update tally_rollup_state set adopted_from = '2026-02-03 00:00+00'",
                           "sums", "ok", "^in use from 2026-02-03 on; what is older", WELL),
}


@pytest.fixture
def spoilt(postgres: Postgres) -> Iterator[str]:
    """A database to spoil, and the role as it was."""
    yield postgres.create_database(NAME)
    postgres.sql(f"alter role {WEB_ROLE} nosuperuser")
    postgres.sql(f"drop database {NAME} with (force)")


@pytest.mark.parametrize("name", DATABASE)
def test_what_is_wrong_with_the_database(postgres: Postgres, spoilt: str, name: str) -> None:
    change, check, outcome, words, status = DATABASE[name]
    for statement in change.split("; "):
        postgres.sql(statement, dbname=spoilt)
    got = found(settings_for(postgres, spoilt))
    assert got.status == status, got.text
    assert got.checks[check][0] == outcome and re.search(words, got.checks[check][1]), got.text
    assert got.outcomes("fault") | got.outcomes("away") <= {check}, got.text


def test_every_right_is_missed(postgres: Postgres, spoilt: str) -> None:
    """Whatever grants.sql gives, each by itself."""
    granted = postgres.sql(
        "select distinct 'table', oid::regclass::text, relname from pg_class, aclexplode(relacl) as given"
        " where grantee = %s::regrole and relkind in ('r', 'p') union"
        " select distinct 'table', attrelid::regclass::text, attrelid::regclass::text from pg_attribute,"
        " aclexplode(attacl) as given where grantee = %s::regrole union"
        " select distinct 'function', oid::regprocedure::text, proname from pg_proc, aclexplode(proacl) as given"
        " where grantee = %s::regrole", WEB_ROLE, WEB_ROLE, WEB_ROLE, dbname=spoilt)
    assert len(granted) >= 16
    for kind, object_name, name in granted:
        postgres.sql(f"revoke all on {kind} {object_name} from public, {WEB_ROLE}", dbname=spoilt)
        got = found(settings_for(postgres, spoilt))
        words = rf"(permission denied for {kind} |lacks its right to (.*, )?){name}[;,]"
        assert got.status == CONFIG and re.search(words, got.text), (name, got.text)
        postgres.psql(spoilt, ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")
    assert found(settings_for(postgres, spoilt)).status == WELL


def test_a_table_that_is_locked(postgres: Postgres, spoilt: str) -> None:
    """It may be free in a moment: nothing of the configuration is wrong."""
    with locked(postgres, spoilt):
        got = found(settings_for(postgres, spoilt))
    assert got.status == AWAY and "is a table locked?" in got.checks["database"][1], got.text


# ---- Whether there is a connection ----

LOGINS = {  # settings, a line for pg_hba.conf, what is said of it
    "no such role": ({"user": "nobody_at_all"}, "", 'role "nobody_at_all" does not exist.*make the role'),
    "a role that may not": ({"user": "no_login"}, "", "not permitted to log in.*alter role ... login"),
    "no such database": ({"dbname": "nowhere"}, "", 'database "nowhere" does not exist.*mend dbname'),
    "no line": ({}, f"local {NAME} all reject", "pg_hba.conf.*reload PostgreSQL"),
    "another account": ({}, f"local {NAME} all peer", "Peer authentication failed.*as the account of the workers"),
    "no password": ({}, f"local {NAME} all scram-sha-256", "no password supplied.*passfile"),
    "a wrong password": ({"passfile": "PASSFILE"}, f"local {NAME} all scram-sha-256",
                         "password authentication failed.*not that of the role"),
}


@pytest.fixture
def rules(postgres: Postgres, spoilt: str) -> Iterator[Path]:
    path = postgres.data / "pg_hba.conf"
    before = path.read_text()
    postgres.sql("create role no_login nologin")
    postgres.sql(f"alter role {WEB_ROLE} password 'right'")
    yield path
    path.write_text(before)
    postgres.sql("select pg_reload_conf()")
    postgres.sql(f"alter role {WEB_ROLE} password null")
    postgres.sql("drop role no_login")


@pytest.fixture
def passfile() -> Path:
    directory = scratch_directory("passfile")
    path = directory / "pass"
    path.write_text(f"*:*:*:{WEB_ROLE}:sec-ret\n")
    path.chmod(0o600)
    account = service_user("www-data")
    if account:
        shutil.chown(path, account)
    return path


@pytest.mark.parametrize("name", LOGINS)
def test_who_is_not_let_in(postgres: Postgres, rules: Path, passfile: Path, name: str) -> None:
    given, rule, words = LOGINS[name]
    rules.write_text(f"{rule}\n{rules.read_text()}")
    postgres.sql("select pg_reload_conf()")
    given = {key: passfile if value == "PASSFILE" else value for key, value in given.items()}
    got = found(settings_for(postgres, NAME), {"database": given})
    assert got.status == CONFIG and got.checks["database"][0] == "fault", got.text
    assert re.search(words, got.checks["database"][1]), got.text
    assert "sec-ret" not in got.text


def test_a_pooler(postgres: Postgres, dbname: str) -> None:
    """All of it goes through PgBouncer in transaction mode, too."""
    pooler = Pgbouncer(postgres)
    try:
        got = found(settings_for(postgres, dbname), {"database": {"host": pooler.directory, "port": PORT,
                                                                  "prepared": "no"}})
        assert got.status == WELL and got.outcomes("ok") == set(got.checks), got.text
        got = found(settings_for(postgres, dbname), {"database": {"host": pooler.directory, "port": PORT,
                                                                  "dbname": "nowhere"}})
        assert got.status in (AWAY, CONFIG) and "nowhere" in got.checks["database"][1], got.text
    finally:
        pooler.stop()


def test_no_server() -> None:
    got = found({"database": {"host": scratch_directory("empty"), "dbname": "x"}})
    assert got.status == AWAY and "is PostgreSQL running?" in got.checks["database"][1], got.text


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        got = found({"database": {"host": "127.0.0.1", "port": unused.getsockname()[1], "dbname": "x"}})
    assert got.status == AWAY and "nothing listens there" in got.checks["database"][1], got.text


def test_nobody_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        got = found({"database": {"host": "127.0.0.1", "port": silent.getsockname()[1], "dbname": "x",
                                  "connect_timeout": 1}})
    assert got.status == AWAY and "a firewall, IPAddressDeny" in got.checks["database"][1], got.text


def test_no_such_host() -> None:
    got = found({"database": {"host": "nowhere.invalid", "dbname": "x"}})
    assert got.status == AWAY and "the name in host has no address" in got.checks["database"][1], got.text


def test_no_such_service() -> None:
    got = found({"database": {"service": "nowhere"}})
    assert got.status in (AWAY, CONFIG) and "in no service file" in got.checks["database"][1], got.text


# ---- Files, which -t looks at too ----

FILES = {  # what is made below a folder of this account's, the value of [log] target, what is said
    "no folder": (lambda folder: None, "no/tally.log", "the folder cannot be reached: No such file"),
    "a folder of others": (lambda folder: (folder / "shut").mkdir(0o755), "shut/tally.log",
                           "this account may make no file there: Permission denied"),
    "a file of others": (lambda folder: (folder / "tally.log").touch(0o644), "tally.log",
                         "cannot be written: Permission denied"),
    "a folder in its place": (lambda folder: (folder / "tally.log").mkdir(), "tally.log",
                              "cannot be written: Is a directory"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_log_that_cannot_be_written(postgres: Postgres, dbname: str, name: str) -> None:
    if not service_user("www-data"):
        pytest.skip("an account to which files can belong")
    make, target, words = FILES[name]
    folder = scratch_directory("log")
    make(folder)
    log = {"log": {"target": folder / target}}
    got = found(settings_for(postgres, dbname), log)
    assert got.status == CONFIG and got.checks["log"][0] == "fault" and words in got.checks["log"][1], got.text
    assert got.outcomes("fault") == {"log"}
    told = try_all({"database": {"dbname": "nowhere"}}, log, option="-t")
    assert told.returncode == CONFIG and told.stdout == ""
    assert re.fullmatch(rf"\S+/tally.ini: log: .*{words}.*\n", told.stderr), told.stderr


def test_a_log_that_is_not_there_yet(postgres: Postgres, dbname: str) -> None:
    """It is not made: it would belong to whoever looks."""
    folder = scratch_directory("log", service_user("www-data"))
    log = {"log": {"target": folder / "tally.log"}}
    assert found(settings_for(postgres, dbname), log).status == WELL
    assert try_all(log, option="-t").returncode == WELL
    assert not list(folder.iterdir())
    (folder / "tally.log").write_text("as it was\n")
    (folder / "tally.log").chmod(0o666)
    assert found(settings_for(postgres, dbname), log).status == WELL
    assert (folder / "tally.log").read_text() == "as it was\n"


@pytest.mark.parametrize("by", ["passfile", "PGPASSFILE"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_passfile_that_others_can_read(postgres: Postgres, dbname: str, passfile: Path, mode: int, by: str) -> None:
    """libpq passes over it with no more than a warning."""
    passfile.chmod(mode)
    settings: Settings = {"database": {"passfile": passfile}} if by == "passfile" else {}
    environment = {"PGPASSFILE": str(passfile)} if by == "PGPASSFILE" else {}
    for option, stream in (("-t", "stderr"), ("-T", "stdout")):
        done = try_all(settings_for(postgres, dbname), settings, option=option, environment=environment)
        assert done.returncode == CONFIG
        assert f"mode {mode:04o}" in getattr(done, stream) and f"chmod 0600 {passfile}" in getattr(done, stream)
    passfile.chmod(0o600)
    assert found(settings_for(postgres, dbname), settings, environment=environment).status == WELL


# ---- Around it ----

def test_root_is_told_to_ask_as_the_workers(postgres: Postgres, dbname: str) -> None:
    if not service_user("www-data"):
        pytest.skip("root")
    got = found(settings_for(postgres, dbname), user=None)
    assert got.status == WELL and got.outcomes("warning") == {"account"}, got.text
    assert "runuser -u tally" in got.checks["account"][1]


def test_a_faulty_configuration_is_all_that_is_told() -> None:
    done = try_all({"database": {"hots": "x"}})
    assert done.returncode == CONFIG and done.stdout == ""
    assert re.fullmatch(r"\S+:2: unknown key hots in section \[database\]\n", done.stderr)


def test_names_cannot_command_the_terminal(postgres: Postgres) -> None:
    got = try_all(settings_for(postgres, "x"), {"database": {"dbname": "a\x1b[2Jb"}})
    assert "a?[2Jb" in got.stdout and "\x1b" not in got.stdout


def test_exit_statuses_are_documented() -> None:
    manual = (ROOT / "doc" / "tally.fcgi.8").read_text().split(".Sh EXIT STATUS")[1]
    for status in (WELL, AWAY, CONFIG):
        assert f"\n.It {status}\n" in manual
