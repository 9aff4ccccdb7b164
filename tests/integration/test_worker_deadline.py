"""Queries and connections that hang: the worker ends them itself, and is of use again at once."""

import os
import signal
import time
from contextlib import contextmanager
from typing import Callable, Iterator

import pytest

import sample
from client import Reply
from pool import merged
from postgres import Postgres
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import (Worker, backends, frozen, lift_limits, locked, running, settings_for, wait_for_lock, wait_for_log)

TIMEOUT = 0.5  # the worker's own deadline in seconds


@pytest.fixture(scope="module")
def dbname(postgres: Postgres) -> str:
    """A database where nothing but the worker's deadline ends a query."""
    name = postgres.create_database("deadline")
    sample.load(postgres, name)
    lift_limits(postgres, name)
    return name


@pytest.fixture
def worker(postgres: Postgres, dbname: str) -> Iterator[Worker]:
    deadline = {"database": {"query_timeout": int(TIMEOUT * 1000)}}
    with running(settings_for(postgres, dbname), deadline) as one:
        yield one


def timed(ask: Callable[[], Reply]) -> tuple[Reply, float]:
    start = time.monotonic()
    reply = ask()
    return reply, time.monotonic() - start


def check_late(reply: Reply, took: float) -> None:
    assert (reply.status, reply.json()) == (504, {"error": "the query took too long"})
    assert TIMEOUT <= took < TIMEOUT + 0.7


def wait_for_end(postgres: Postgres, dbname: str, sessions: list[int], seconds: float) -> None:
    """Until these sessions have no query any more; the worker may have begun another session."""
    wait_until(lambda: not set(sessions) & set(backends(postgres, dbname, "state <> 'idle'")),
               "the query to end at the server", seconds)


@pytest.mark.case(39)
@pytest.mark.parametrize("target", [STATS, f"{STATS}&thread_id=x", OVERVIEW])
def test_lock_past_the_deadline(postgres: Postgres, dbname: str, worker: Worker, target: str) -> None:
    right = worker.ask(target)
    assert right.status == 200
    with locked(postgres, dbname):
        sessions = backends(postgres, dbname)
        check_late(*timed(lambda: worker.ask(target)))
        wait_for_end(postgres, dbname, sessions, 0.5)
    for _ in range(20):
        assert worker.ask(target) == right
    wait_for_log(worker, "warning: request=.*the query took too long")
    wait_until(lambda: len(backends(postgres, dbname)) == 1, "one connection", 2)


@pytest.mark.parametrize("setting", ["statement_timeout", "lock_timeout"])
def test_limit_of_the_role(postgres: Postgres, dbname: str, setting: str) -> None:
    postgres.sql(f"alter role tally_web in database {dbname} set {setting} = '200ms'")
    try:
        with running(settings_for(postgres, dbname)) as worker:
            right = worker.ask(STATS)
            session = backends(postgres, dbname)
            with locked(postgres, dbname):
                reply, took = timed(lambda: worker.ask(STATS))
            assert reply.status == 504 and 0.2 <= took < 1
            assert worker.ask(STATS) == right
            assert backends(postgres, dbname) == session
    finally:
        postgres.sql(f"alter role tally_web in database {dbname} set {setting} = 0")


@pytest.mark.case(39)
@pytest.mark.parametrize("target", [STATS, OVERVIEW])
def test_frozen_backend(postgres: Postgres, dbname: str, worker: Worker, target: str) -> None:
    right = worker.ask(target)
    [session] = backends(postgres, dbname)
    with frozen(session):
        check_late(*timed(lambda: worker.ask(target)))
        reply, took = timed(lambda: worker.ask(target))
        assert reply == right and took < 0.7
    wait_until(lambda: session not in backends(postgres, dbname), "the old session to end")


def test_many_frozen_backends(postgres: Postgres, dbname: str, worker: Worker) -> None:
    """Again and again: nothing is left of each time but the memory of it in the log."""
    right = worker.ask(STATS)
    before = worker.descriptors()
    for _ in range(3):
        [session] = backends(postgres, dbname)
        with frozen(session):
            check_late(*timed(lambda: worker.ask(STATS)))
        wait_until(lambda: session not in backends(postgres, dbname), "the old session to end")
        assert worker.ask(STATS) == right
    wait_until(lambda: worker.descriptors() <= before, "as many descriptors as before", 3)


def test_lock_before_the_first_connection(postgres: Postgres, dbname: str) -> None:
    """The checks on a new connection wait for the lock, too; no tries pile up at the server."""
    with locked(postgres, dbname):
        with running(settings_for(postgres, dbname)) as worker:
            start = time.monotonic()
            while time.monotonic() < start + 4:  # that is some tries
                reply, took = timed(lambda: worker.ask(STATS))
                assert reply.status == 503 and took < 2.2
                assert len(backends(postgres, dbname)) <= 2
            wait_for_log(worker, "no database: .*took")
    wait_until(lambda: not backends(postgres, dbname), "all sessions to end")


@pytest.mark.case(39)
def test_frozen_server_on_new_connections() -> None:
    own = Postgres()
    try:
        own.create_database("frozen")
        assert own.process
        with frozen(own.process.pid):
            with running(settings_for(own, "frozen")) as worker:
                for _ in range(3):
                    reply, took = timed(lambda: worker.ask(STATS))
                    assert reply.status == 503 and reply.header("Retry-After") and took < 1.5
                assert worker.runs()
                os.kill(own.process.pid, signal.SIGCONT)
                wait_until(lambda: worker.ask(STATS).status == 200, "an answer", 1.5)
    finally:
        own.stop("immediate")


def test_end_while_the_server_is_frozen(postgres: Postgres, dbname: str, worker: Worker) -> None:
    assert worker.ask(STATS).status == 200
    [session] = backends(postgres, dbname)
    with frozen(session):
        with worker.begin(STATS) as connection:
            # Only a worker in the middle of the query has nothing more to read from its client.
            wait_until(lambda: len(worker.sockets()) >= 3, "the worker to take the connection")
            worker.signal(signal.SIGTERM)
            assert connection.reply().status in (503, 504)
        assert worker.ended() == 0


# ---- Clients that leave ----

@pytest.mark.case(17)
def test_client_leaves_during_the_query(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname)) as worker:  # with a deadline far away
        right = worker.ask(OVERVIEW)
        with locked(postgres, dbname):
            with worker.begin(OVERVIEW):
                wait_for_lock(postgres, dbname)
                sessions = backends(postgres, dbname)
            wait_for_end(postgres, dbname, sessions, 1)
            wait_for_log(worker, "status=499")
        for _ in range(20):
            assert worker.ask(OVERVIEW) == right
        assert backends(postgres, dbname) == sessions, "the connection is kept"


@pytest.mark.case(16)
def test_client_leaves_before_its_turn(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname)) as worker:
        assert worker.ask(STATS).status == 200
        with locked(postgres, dbname):
            first = worker.begin(STATS)
            wait_for_lock(postgres, dbname)
            for _ in range(5):
                worker.begin(OVERVIEW).close()
        with first:
            assert first.reply().status == 200
        wait_until(lambda: worker.output().count(" status=499 ") == 5, "five lines in the log")
        # The overview would have ended with a commit.
        assert backends(postgres, dbname, "query like '%%input_tokens%%'") == backends(postgres, dbname)


@pytest.mark.case(18)
def test_waiting_clients_do_not_pile_up(postgres: Postgres, dbname: str) -> None:
    """After a jam of requests that nobody waits for any more, the next client is served soon."""
    slow = merged(settings_for(postgres, dbname), {"database": {"query_timeout": 5000}})
    with running(slow) as worker:
        assert worker.ask(STATS).status == 200
        with locked(postgres, dbname):
            jam = [worker.begin(STATS) for _ in range(40)]
            wait_for_lock(postgres, dbname)
            sessions = backends(postgres, dbname)
            for connection in jam:
                connection.close()
            wait_for_end(postgres, dbname, sessions, 1)
        reply, took = timed(lambda: worker.ask(STATS))
        assert reply.status == 200 and took < 1.5
