"""A database that is not what the worker needs: 503, a log line that says what to do, and no restart after."""

from typing import Iterator, Optional, Sequence

import pytest

import sample
from client import Reply
from postgres import WEB_ROLE, Postgres
from process import ROOT
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import Worker, running, settings_for, wait_for_log

pytestmark = pytest.mark.case(39)

ADVICE = "run sql/schema.sql"


@pytest.fixture
def dbname(postgres: Postgres) -> Iterator[str]:
    """A name for a database of the test's own, which is dropped afterwards."""
    name = "setup"
    yield name
    postgres.sql(f"drop database if exists {name} with (force)")


def install(postgres: Postgres, dbname: str) -> None:
    postgres.psql(dbname, ROOT / "sql" / "schema.sql")
    postgres.psql(dbname, ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")


def check_unfit(worker: Worker, *told: str, targets: Sequence[str] = (STATS, OVERVIEW, STATS)) -> None:
    """The routes are unavailable, and the log says why and what to do."""
    for target in targets:
        reply = worker.ask(target)
        assert reply.status == 503 and int(reply.header("Retry-After") or 0) > 0, reply
        check_silent(reply)
    line = wait_for_log(worker, told[0])
    assert all(text in line for text in told), line


def check_silent(reply: Reply) -> None:
    """A client learns nothing of what is behind the worker."""
    for secret in (b"sql", b"tally", b"role", b"relation", b"column", b"/tmp", b"permission"):
        assert secret not in reply.body.lower(), reply


def check_recovery(worker: Worker) -> None:
    for target in (STATS, OVERVIEW):
        wait_until(lambda target=target: worker.ask(target).status == 200, "an answer", 2)
    assert worker.runs()


def test_schema_missing(postgres: Postgres, dbname: str) -> None:
    postgres.sql(f"create database {dbname}")
    with running(settings_for(postgres, dbname)) as worker:
        check_unfit(worker, "tally_schema", ADVICE)
        install(postgres, dbname)
        check_recovery(worker)


@pytest.mark.parametrize("version", [0, 1, 999, None])
def test_other_version(postgres: Postgres, dbname: str, version: Optional[int]) -> None:
    postgres.create_database(dbname)
    postgres.sql("delete from tally_schema", dbname=dbname)
    if version is not None:
        postgres.sql("insert into tally_schema values (%s)", version, dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        check_unfit(worker, f"version {'none' if version is None else version}",
                    "run the sql/schema.sql of the same release, or update the program")
        if version is not None and version > 2:
            # What a later release made, this one does not undo.
            with pytest.raises(AssertionError, match="schema of a later release"):
                install(postgres, dbname)
            postgres.sql("update tally_schema set version = 2", dbname=dbname)
        install(postgres, dbname)
        check_recovery(worker)


@pytest.mark.parametrize("change, told", [
    ("alter table resource_usage_log drop column agent_id", "agent_id"),
    ("alter table resource_usage_log drop column thread_id cascade", "thread_id"),
    ("drop table resource_usage_log cascade", "resource_usage_log"),
    ("drop function tally_number", "tally_number"),
    ("alter table nodes drop column title", "title"),
])
def test_something_missing(postgres: Postgres, dbname: str, change: str, told: str) -> None:
    postgres.create_database(dbname)
    postgres.sql(change, dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        check_unfit(worker, told, ADVICE)
        if "nodes" in change:
            postgres.sql("alter table nodes add column title text", dbname=dbname)  # it might be the site's own
        install(postgres, dbname)
        check_recovery(worker)


def test_column_of_another_type(postgres: Postgres, dbname: str) -> None:
    postgres.create_database(dbname)
    postgres.sql("alter table resource_usage_log alter column resource_type type name", dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        check_unfit(worker, "statement overview_by_collection has column 3", "expected text", ADVICE)
        postgres.sql("alter table resource_usage_log alter column resource_type type varchar(80)", dbname=dbname)
        check_recovery(worker)


@pytest.mark.parametrize("table, targets", [
    ("tally_schema", (STATS, OVERVIEW)),
    ("resource_usage_log", (STATS, OVERVIEW)),
    ("nodes", (OVERVIEW,)),
])
def test_right_missing(postgres: Postgres, dbname: str, table: str, targets: tuple[str, ...]) -> None:
    postgres.create_database(dbname)
    # A right to some columns goes with the one to all of the table.
    postgres.sql(f"revoke select on {table} from {WEB_ROLE}", dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        check_unfit(worker, f"permission denied for table {table}", "sql/grants.sql", targets=targets)
        install(postgres, dbname)
        check_recovery(worker)


def test_database_missing(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname)) as worker:
        check_unfit(worker, f'database "{dbname}" does not exist', "[database]")
        postgres.create_database(dbname)
        check_recovery(worker)


def test_role_missing(postgres: Postgres, dbname: str) -> None:
    postgres.create_database(dbname)
    settings = {"database": {**settings_for(postgres, dbname)["database"], "user": "tally_other"}}
    with running(settings) as worker:
        check_unfit(worker, 'role "tally_other" does not exist', "[database]")
        postgres.sql("create role tally_other login")
        postgres.psql(dbname, ROOT / "sql" / "grants.sql", "-v", "role=tally_other")
        check_recovery(worker)
    postgres.sql(f"drop database {dbname} with (force)")
    postgres.sql("drop role tally_other")


def test_schema_goes_and_comes_back(postgres: Postgres, dbname: str) -> None:
    """While workers are connected, with statements prepared."""
    postgres.create_database(dbname)
    sample.load(postgres, dbname)
    with running(settings_for(postgres, dbname)) as worker:
        expected = worker.ask(STATS)
        postgres.sql("alter table resource_usage_log rename to elsewhere", dbname=dbname)
        check_unfit(worker, "resource_usage_log", ADVICE)
        postgres.sql("alter table elsewhere rename to resource_usage_log", dbname=dbname)
        check_recovery(worker)
        assert worker.ask(STATS) == expected


@pytest.mark.parametrize("change", [
    "alter table resource_usage_log add column extra int",
    "alter table nodes alter column title type varchar(200)",
    "alter table resource_usage_log alter column thread_id type varchar(200)",
    "analyze",
    "drop index resource_usage_log_of_thread",
])
def test_harmless_changes_are_not_noticed(postgres: Postgres, dbname: str, change: str) -> None:
    postgres.create_database(dbname)
    sample.load(postgres, dbname)
    targets = (STATS, f"{STATS}&thread_id=thread%201", OVERVIEW)
    with running(settings_for(postgres, dbname)) as worker:
        expected = [worker.ask(target) for target in targets]
        postgres.sql(change, dbname=dbname)
        assert [worker.ask(target) for target in targets] == expected
