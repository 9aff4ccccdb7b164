"""Workers behind PgBouncer in transaction mode share its sessions with others, and leave nothing in them."""

import time
from contextlib import ExitStack
from typing import Iterator, Mapping

import psycopg
import pytest

import fastcgi
import sample
from client import Reply
from pgbouncer import PORT, Pgbouncer
from pool import Pool, Settings, merged
from postgres import WEB_ROLE, Postgres
from sample import OVERVIEW, STATS
from test_worker_database import Load, check_unavailable
from wait import wait_until
from worker import Worker, backends, running, settings_for

TARGETS = (STATS, f"{STATS}&thread_id=thread%201", f"{STATS}&bucket=none", OVERVIEW)

pytestmark = pytest.mark.case(38)


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A cluster that these tests may stop."""
    cluster = Postgres()
    cluster.create_database("shared")
    sample.load(cluster, "shared")
    yield cluster
    cluster.stop("immediate")


@pytest.fixture
def bouncer(own: Postgres) -> Iterator[Pgbouncer]:
    one = Pgbouncer(own)
    yield one
    one.stop()
    if own.process is None:
        own.start()


@pytest.fixture
def behind(own: Postgres, bouncer: Pgbouncer) -> Settings:
    return merged(settings_for(own, "shared"),
                  {"database": {"host": bouncer.directory, "port": PORT, "prepared": "no"}})


def test_many_workers_on_few_sessions(own: Postgres, behind: Settings) -> None:
    with running(settings_for(own, "shared")) as direct:
        right = {target: direct.ask(target) for target in TARGETS}
    wait_until(lambda: not backends(own, "shared"), "the worker's session to end")
    pool = Pool(behind, workers=4)
    try:
        with Load(pool, clients=4) as load:
            load.wait_for(200)
        assert not load.failures
        assert all(seen.reply == right[seen.target] for seen in load.seen)
        for target in TARGETS:
            for _ in range(8):
                assert fastcgi.ask(pool.socket, target) == right[target]
        assert 1 <= len(backends(own, "shared")) <= 2
        assert not backends(own, "shared", "state like 'idle in transaction%%'")
    finally:
        pool.stop()
    assert "unsupported startup parameter" not in pool.output()


def test_statements_prepared_behind_it(own: Postgres, behind: Settings) -> None:
    """Sessions come with what another worker prepared: no answer is a wrong one, and the log says what to set."""
    prepared = merged(behind, {"database": {"prepared": "yes"}})
    with ExitStack() as ending:
        # There are two sessions: the third worker at the latest meets what another one prepared.
        workers = [ending.enter_context(running(prepared)) for _ in range(3)]

        def is_told() -> bool:
            replies = [worker.ask(STATS) for worker in workers]
            for reply in replies:
                if reply.status != 200:
                    check_unavailable(reply)
            return any("behind a pooler set prepared = no" in worker.output() for worker in workers)

        wait_until(is_told, "the advice")


# What PgBouncer itself sets in a session for each of its clients.
TRACKED = {"application_name", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings"}


def test_nothing_stays_in_a_session(own: Postgres, bouncer: Pgbouncer, behind: Settings) -> None:
    """No setting, statement, cursor, lock, channel or temporary table: the next client may be anyone."""
    with running(behind) as worker:
        for target in (*TARGETS, "/v1/usage/stats?since=9999-01-01T00:00:00Z", OVERVIEW):
            worker.ask(target)
        sessions = backends(own, "shared")
        assert sessions
        with psycopg.connect(bouncer.conninfo("shared"), autocommit=True, prepare_threshold=None) as other:
            [(pid,)] = other.execute("select pg_backend_pid()").fetchall()
            assert pid in sessions
            found = other.execute("select name from pg_settings where source = 'session'").fetchall()
            assert {name for name, in found} <= TRACKED
            for leftover in ("pg_prepared_statements", "pg_cursors", "pg_listening_channels()",
                             "pg_locks where locktype = 'advisory'", "pg_class where relpersistence = 't'"):
                assert other.execute(f"select count(*) from {leftover}").fetchall() == [(0,)], leftover


@pytest.mark.parametrize("name, value", [("statement_timeout", "7s"), ("default_transaction_read_only", "on")])
def test_limits_of_the_role_hold_behind_it(own: Postgres, bouncer: Pgbouncer, behind: Settings, name: str,
                                           value: str) -> None:
    own.sql(f"alter role {WEB_ROLE} in database shared set {name} = '{value}'")
    with running(behind) as worker:
        assert worker.ask(STATS).status == 200
        with psycopg.connect(bouncer.conninfo("shared"), autocommit=True, prepare_threshold=None) as other:
            assert other.execute(f"show {name}").fetchall() == [(value,)]


def check_return(own: Postgres, worker: Worker, right: Mapping[str, Reply]) -> None:
    """Its own pause before it asks the server again comes before the worker's."""
    own.start()
    wait_until(lambda: worker.ask(STATS).status == 200, "an answer", 6)
    for target, reply in right.items():
        assert worker.ask(target) == reply
    assert worker.runs()
    assert not backends(own, "shared", "state like 'idle in transaction%%'")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_outage_behind_it(own: Postgres, behind: Settings, mode: str) -> None:
    """PgBouncer takes connections all the time, and lets queries fail that wait too long for a session."""
    impatient = Pgbouncer(own, wait=1)
    try:
        with running(behind, {"database": {"host": impatient.directory}}) as worker:
            right = {target: worker.ask(target) for target in TARGETS}
            own.stop(mode)
            for target in (STATS, OVERVIEW):
                start = time.monotonic()
                check_unavailable(worker.ask(target))
                assert time.monotonic() - start < 5  # two waits of a second, which it takes at its leisure
            check_return(own, worker, right)
    finally:
        impatient.stop()


def test_outage_behind_one_that_lets_queries_wait(own: Postgres, behind: Settings) -> None:
    """As PgBouncer does by default for two minutes: the worker's own deadline holds."""
    with running(behind, {"database": {"query_timeout": 1000}}) as worker:
        right = {target: worker.ask(target) for target in TARGETS}
        own.stop()
        for target in (STATS, OVERVIEW):
            start = time.monotonic()
            reply = worker.ask(target)
            assert reply.status in (503, 504), reply
            assert time.monotonic() - start < 2.5
        check_return(own, worker, right)


def test_session_ended_behind_it(own: Postgres, behind: Settings) -> None:
    """PgBouncer tells of it only at the next query, which is asked once more."""
    with running(behind) as worker:
        right = {target: worker.ask(target) for target in TARGETS}
        for target in TARGETS:
            own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", WEB_ROLE)
            assert worker.ask(target) == right[target]


def test_restart_of_pgbouncer(own: Postgres, behind: Settings, bouncer: Pgbouncer) -> None:
    with running(behind) as worker:
        right = worker.ask(STATS)
        bouncer.stop()
        check_unavailable(worker.ask(STATS))
        again = Pgbouncer(own)
        try:
            again.directory.joinpath(f".s.PGSQL.{PORT}").rename(bouncer.directory / f".s.PGSQL.{PORT}")
            wait_until(lambda: worker.ask(STATS) == right, "an answer", 1)
        finally:
            again.stop()
