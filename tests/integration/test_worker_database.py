"""The database goes away, comes back, hangs: what clients see meanwhile, and how soon all is well."""

import threading
import time
from dataclasses import dataclass
from typing import Iterator

import pytest

import fastcgi
import sample
from client import Reply
from pool import Pool, Settings, merged
from postgres import Postgres
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import backends, running, settings_for


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A cluster that these tests may stop."""
    cluster = Postgres()
    cluster.create_database("away")
    sample.load(cluster, "away")
    yield cluster
    cluster.stop("immediate")


@pytest.fixture
def own_settings(own: Postgres) -> Iterator[Settings]:
    yield settings_for(own, "away")
    if own.process is None:
        own.start()


@dataclass(frozen=True)
class Seen:
    """A reply that a client got, and when."""

    started: float
    took: float
    target: str
    reply: Reply


class Load:
    """Clients that ask for both routes without a pause, until they are told to end."""

    def __init__(self, pool: Pool, clients: int = 4):
        self.pool = pool
        self.seen: list[Seen] = []
        self.failures: list[Exception] = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def _ask(self) -> None:
        while not self.ending.is_set():
            for target in (STATS, OVERVIEW):
                start = time.monotonic()
                try:
                    reply = fastcgi.ask(self.pool.socket, target)
                except Exception as failure:  # whatever it is, the test must see it
                    self.failures.append(failure)
                    return
                self.seen.append(Seen(start, time.monotonic() - start, target, reply))

    def wait_for(self, count: int) -> None:
        """Until so many more replies have come."""
        least = len(self.seen) + count
        wait_until(lambda: len(self.seen) >= least or self.failures, f"{count} replies")


def check_unavailable(reply: Reply) -> None:
    assert reply.status == 503, reply
    assert reply.json() == {"error": "the database is not available"}
    assert int(reply.header("Retry-After") or 0) > 0


@pytest.mark.parametrize("mode", ["fast", "immediate"])
@pytest.mark.case(38)
def test_restart_under_load(own: Postgres, own_settings: Settings, mode: str) -> None:
    pool = Pool(own_settings, workers=3)
    try:
        right = {target: fastcgi.ask(pool.socket, target) for target in (STATS, OVERVIEW)}
        workers = pool.worker_pids()
        with Load(pool) as load:
            load.wait_for(50)
            own.stop(mode)
            load.wait_for(50)
            own.start()
            back = time.monotonic()
            wait_until(lambda: load.failures or time.monotonic() > back + 1.5, "the second after its return")
        assert not load.failures
        for seen in load.seen:
            if seen.reply.status == 200 or seen.started > back + 1:
                assert seen.reply == right[seen.target], f"{seen.started - back} s after the return"
            else:
                check_unavailable(seen.reply)
        assert any(seen.reply.status == 503 for seen in load.seen)
        assert max(seen.took for seen in load.seen) < 2.5
        assert pool.worker_pids() == workers
    finally:
        pool.stop()


@pytest.mark.case(7, 38)
def test_database_down_at_start(own: Postgres, own_settings: Settings) -> None:
    own.stop()
    pool = Pool(own_settings, workers=3)
    try:
        workers = pool.worker_pids()
        for _ in range(12):
            start = time.monotonic()
            check_unavailable(fastcgi.ask(pool.socket, STATS))
            assert time.monotonic() - start < 0.3
        assert "no database: " in pool.output()
        own.start()
        back = time.monotonic()
        for _ in range(3):
            wait_until(lambda: fastcgi.ask(pool.socket, STATS).status == 200, "an answer", 1)
        assert time.monotonic() - back < 1
        assert pool.worker_pids() == workers
        wait_until(lambda: len(backends(own, "away")) == 3, "each worker's connection", 7)
    finally:
        pool.stop()


@pytest.mark.case(38)
def test_outage_is_logged_once(own: Postgres, own_settings: Settings) -> None:
    own.stop()
    with running(own_settings) as worker:
        deadline = time.monotonic() + 1.5  # long enough for several tries
        wait_until(lambda: worker.ask(STATS).status == 503 and time.monotonic() > deadline, "some tries")
        assert worker.output().count("no database: ") == 1
        own.start()
        wait_until(lambda: worker.ask(STATS).status == 200, "an answer", 1)
        assert worker.output().count("the database is back") == 1


@pytest.mark.case(38)
def test_idle_worker_connects_by_itself(own: Postgres, own_settings: Settings) -> None:
    with running(own_settings):
        wait_until(lambda: backends(own, "away"), "a connection that nobody asked for", 2)


@pytest.mark.case(38)
def test_second_host_is_tried_by_itself(own: Postgres, own_settings: Settings) -> None:
    """libpq goes on to it with a new socket, often under the number of the first one."""
    hosts = merged(own_settings, {"database": {"host": f"127.0.0.1,{own.directory}", "port": "1,5432"}})
    with running(hosts) as worker:
        wait_until(lambda: backends(own, "away"), "a connection that nobody asked for", 3)
        assert worker.ask(STATS).status == 200


@pytest.mark.case(38)
def test_ended_sessions_are_not_noticed(own: Postgres, own_settings: Settings) -> None:
    with running(own_settings) as worker:
        right = {target: worker.ask(target) for target in (STATS, OVERVIEW)}
        for _ in range(20):
            for target in (STATS, OVERVIEW):
                own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'away'"
                        " and pid <> pg_backend_pid()")
                assert worker.ask(target) == right[target]
        assert worker.runs()


@pytest.mark.case(39)
def test_no_session_is_left_in_a_transaction(own: Postgres, own_settings: Settings) -> None:
    with running(own_settings) as worker:
        for target in (STATS, OVERVIEW, "/v1/usage/stats?since=9999-01-01T00:00:00Z", OVERVIEW):
            worker.ask(target)
            wait_until(lambda: not backends(own, "away", "state <> 'idle'"), "an idle session", 2)
        assert len(backends(own, "away")) <= 1


@pytest.mark.parametrize("prepared", ["yes", "no"])
def test_prepared_or_not(own: Postgres, own_settings: Settings, prepared: str) -> None:
    with running(own_settings, {"database": {"prepared": prepared}}) as worker:
        replies = [worker.ask(f"{STATS}&{query}") for query in ("", "thread_id=thread%201", "bucket=none")]
        replies.append(worker.ask(OVERVIEW))
    with running(own_settings) as other:
        for reply, query in zip(replies, ("", "thread_id=thread%201", "bucket=none")):
            assert reply.status == 200 and other.ask(f"{STATS}&{query}") == reply
        assert other.ask(OVERVIEW) == replies[3]
