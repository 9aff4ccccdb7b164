"""Signals end a worker between requests and never in one; a pool of workers heals itself."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Callable, Iterator

import pytest

import fastcgi
from pool import Pool, Settings, merged
from postgres import Postgres
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import Worker, lift_limits, locked, running, settings_for, wait_for_lock

ENDING = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]
HARMLESS = [signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM, signal.SIGCHLD]


@pytest.fixture(scope="module")
def dbname(postgres: Postgres) -> str:
    """A database in which a test may hold locks for long."""
    name = postgres.create_database("signals")
    lift_limits(postgres, name)
    return name


@contextmanager
def unfinished(worker: Worker, sent: bytes) -> Iterator[fastcgi.Connection]:
    """A connection that the worker has taken and waits on for the rest of a request."""
    before = worker.sockets()
    with worker.connect() as connection:
        connection.send(sent)
        wait_until(lambda: worker.sockets() - before, "the worker to take the connection")
        yield connection


def whole_request() -> bytes:
    return fastcgi.request_bytes(fastcgi.parameters_for(STATS))


@pytest.mark.case(1)
@pytest.mark.parametrize("number", ENDING)
def test_idle_worker_ends_at_once(settings: Settings, postgres: Postgres, number: signal.Signals) -> None:
    with running(settings) as worker:
        assert worker.ask(STATS).status == 200
        start = time.monotonic()
        worker.signal(number)
        assert worker.ended() == 0
        assert time.monotonic() - start < 0.5
    assert "unexpected EOF" not in postgres.log.read_text(errors="replace")


@pytest.mark.case(2)
@pytest.mark.parametrize("number", ENDING)
def test_busy_worker_finishes_its_request(postgres: Postgres, dbname: str, number: signal.Signals) -> None:
    with running(settings_for(postgres, dbname)) as worker:
        expected = worker.ask(STATS)
        with locked(postgres, dbname):
            connection = worker.begin(STATS)
            wait_for_lock(postgres, dbname)
            for _ in range(3):
                worker.signal(number)
        with connection:
            assert connection.reply() == expected
        assert worker.ended() == 0


def _cut_in_parameters(whole: bytes) -> int:
    return len(whole) - 60


def _cut_in_a_record_header(whole: bytes) -> int:
    return 4


def _cut_before_the_body_ends(whole: bytes) -> int:
    return len(whole) - 8


@pytest.mark.case(3)
@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("cut", [_cut_in_parameters, _cut_in_a_record_header, _cut_before_the_body_ends])
def test_half_read_request_is_finished(settings: Settings, number: signal.Signals,
                                       cut: Callable[[bytes], int]) -> None:
    whole = whole_request()
    with running(settings) as worker:
        expected = worker.ask(STATS)
        with unfinished(worker, whole[:cut(whole)]) as connection:
            worker.signal(number)
            connection.send(whole[cut(whole):])
            assert connection.reply() == expected
        assert worker.ended() == 0


@pytest.mark.case(5)
@pytest.mark.parametrize("number", HARMLESS)
def test_harmless_signals(postgres: Postgres, dbname: str, number: signal.Signals) -> None:
    whole = whole_request()
    with running(settings_for(postgres, dbname)) as worker:
        expected = worker.ask(STATS)
        worker.signal(number)
        assert worker.ask(STATS) == expected
        with locked(postgres, dbname):
            connection = worker.begin(STATS)
            wait_for_lock(postgres, dbname)
            for _ in range(3):
                worker.signal(number)
        with connection:
            assert connection.reply() == expected
        # An alarm is how reading ends that lasts too long, so one from outside may end it, too.
        if number != signal.SIGALRM:
            with unfinished(worker, whole[:-60]) as connection:
                worker.signal(number)
                connection.send(whole[-60:])
                assert connection.reply() == expected
        assert worker.ask(STATS) == expected
        assert worker.runs()


@pytest.fixture
def pool(settings: Settings) -> Iterator[Pool]:
    running_pool = Pool(settings, workers=3)
    yield running_pool
    running_pool.stop()


@pytest.mark.case(6)
def test_killed_worker_is_replaced(pool: Pool) -> None:
    expected = fastcgi.ask(pool.socket, STATS)
    before = pool.worker_pids()
    start = time.monotonic()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: before[0] not in pool.worker_pids() and len(pool.worker_pids()) == 3, "a new worker", 1)
    for _ in range(9):
        assert fastcgi.ask(pool.socket, STATS) == expected
    assert time.monotonic() - start < 2


@pytest.mark.case(4)
def test_every_worker_is_replaced_under_load(pool: Pool) -> None:
    """As an operator does it who brings in a new program: one after the other, and nobody notices."""
    expected = fastcgi.ask(pool.socket, STATS)
    before = pool.worker_pids()
    with ThreadPoolExecutor(4) as clients:
        replies = clients.map(lambda _: fastcgi.ask(pool.socket, STATS), range(400))
        for pid in before:
            os.kill(pid, signal.SIGUSR1)
            wait_until(lambda pid=pid: pid not in pool.worker_pids() and len(pool.worker_pids()) == 3,
                       "a new worker")
        assert all(reply == expected for reply in replies)
    assert not set(before) & set(pool.worker_pids())


def test_pool_ends_gracefully(pool: Pool) -> None:
    assert fastcgi.ask(pool.socket, OVERVIEW).status == 200
    assert pool.stop() == 0


def test_workers_end_after_so_many_requests(settings: Settings) -> None:
    pool = Pool(merged(settings, {"service": {"max_requests": 5}}), workers=2)
    try:
        before = pool.worker_pids()
        expected = fastcgi.ask(pool.socket, STATS)
        with ThreadPoolExecutor(4) as clients:
            replies = list(clients.map(lambda _: fastcgi.ask(pool.socket, STATS), range(200)))
        assert all(reply == expected for reply in replies)
        wait_until(lambda: len(pool.worker_pids()) == 2, "a full pool")
        assert not set(before) & set(pool.worker_pids())
    finally:
        pool.stop()


@pytest.mark.case(8)
def test_exact_number_of_requests(settings: Settings) -> None:
    with running(settings, {"service": {"max_requests": 10}}) as worker:
        for _ in range(9):  # and the first one was asked when it started
            assert worker.ask(STATS).status == 200
        assert worker.ended() == 0
