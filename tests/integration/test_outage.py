"""Sessions that end, and a server that is away: one new connection each, quick answers, and no stampede."""

import os
import signal
import socket
import struct
import threading
import time
from contextlib import nullcontext
from statistics import median
from typing import Callable, Iterator

import pytest

import sample
from pool import Pool, Settings
from postgres import WEB_ROLE, Postgres
from process import scratch_directory
from sample import OVERVIEW, STATS
from test_worker_database import Load, check_unavailable
from test_worker_deadline import frozen, timed
from wait import wait_until
from worker import backends, running, settings_for

pytestmark = pytest.mark.case(38)

RETRY_AFTER_MOST = 32  # seconds
QUICK = 0.05  # seconds that a refusal may take when it is too early for another try
PAUSES = (0.25, 0.5, 1, 2)  # seconds between the first tries, without jitter
JITTER = 0.2  # of each pause, either way


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A cluster that these tests may stop, and that logs who connects."""
    cluster = Postgres()
    cluster.sql("alter system set log_connections = on")
    cluster.sql("select pg_reload_conf()")
    cluster.create_database("outage")
    sample.load(cluster, "outage")
    yield cluster
    cluster.stop("immediate")


@pytest.fixture
def own_settings(own: Postgres) -> Iterator[Settings]:
    yield settings_for(own, "outage")
    if own.process is None:
        own.start()


def log_count(own: Postgres, text: str) -> int:
    return own.log.read_text(errors="replace").count(text)


def connections(own: Postgres) -> int:
    """How many sessions workers have begun so far."""
    return log_count(own, f"connection authorized: user={WEB_ROLE} ")


def terminate(own: Postgres) -> None:
    own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", WEB_ROLE)


def crash(own: Postgres) -> None:
    """A process of the server is killed, as by a system out of memory: all of it begins anew."""
    starts = log_count(own, "ready to accept connections")
    with own.connect() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        wait_until(lambda: log_count(own, "ready to accept connections") > starts, "the server to begin anew")


ENDS: dict[str, Callable[[Postgres], None]] = {
    "fast restart": lambda own: own.restart("fast"),
    "immediate restart": lambda own: own.restart("immediate"),
    "crash": crash,
    "termination": terminate,
}


@pytest.mark.parametrize("hidden", [True, False], ids=["unseen", "seen"])
@pytest.mark.parametrize("name", ENDS)
def test_session_ends_between_requests(own: Postgres, own_settings: Settings, name: str, hidden: bool) -> None:
    """The next request is served over the one new connection; a worker that saw it all may have to wait."""
    with running(own_settings) as worker:
        right = {target: worker.ask(target) for target in (STATS, OVERVIEW)}
        assert {reply.status for reply in right.values()} == {200}
        before = connections(own)
        with frozen(worker.pid) if hidden else nullcontext():
            ENDS[name](own)
        if not hidden and name != "termination":
            wait_until(lambda: worker.ask(STATS).status == 200, "an answer", 1)
        for target, reply in right.items():
            assert worker.ask(target) == reply
        assert connections(own) == before + 1
        assert len(backends(own, "outage")) == 1


def test_session_ends_by_idleness(own: Postgres, own_settings: Settings) -> None:
    setting = f"alter role {WEB_ROLE} in database outage"
    before = connections(own)
    own.sql(f"{setting} set idle_session_timeout = '500ms'")
    try:
        with running(own_settings) as worker:
            right = worker.ask(STATS)
            assert right.status == 200
            # The session that comes after it may stay.
            own.sql(f"{setting} reset idle_session_timeout")
            wait_until(lambda: log_count(own, "idle-session timeout"), "the end of the session")
            assert worker.ask(STATS) == right
            assert connections(own) == before + 2
    finally:
        own.sql(f"{setting} reset idle_session_timeout")


def test_answers_during_an_outage_are_quick(own: Postgres, own_settings: Settings) -> None:
    with running(own_settings) as worker:
        assert worker.ask(STATS).status == 200
        own.stop("immediate")
        times = []
        for _ in range(40):
            reply, took = timed(lambda: worker.ask(STATS))
            check_unavailable(reply)
            assert int(reply.header("Retry-After") or 0) <= RETRY_AFTER_MOST
            times.append(took)
        assert median(times) < QUICK


def test_answers_while_a_connection_hangs_are_quick() -> None:
    """One request may wait for a server that does not answer; those after it need not find out again."""
    own = Postgres()
    try:
        own.create_database("hanging")
        assert own.process
        with frozen(own.process.pid):
            with running(settings_for(own, "hanging")) as worker:
                first, took = timed(lambda: worker.ask(STATS))
                check_unavailable(first)
                assert took < 1.5
                times = []
                for _ in range(5):
                    reply, took = timed(lambda: worker.ask(STATS))
                    check_unavailable(reply)
                    times.append(took)
                assert median(times) < QUICK, times
    finally:
        own.stop("immediate")


class Refusing:
    """A socket at PostgreSQL's address where each connection is closed at once; who came, and when."""

    def __init__(self) -> None:
        self.directory = scratch_directory("refusing")
        self.tries: dict[int, list[float]] = {}
        self.socket = socket.socket(socket.AF_UNIX)
        path = self.directory / ".s.PGSQL.5432"
        self.socket.bind(str(path))
        path.chmod(0o777)
        self.socket.listen(64)
        self.thread = threading.Thread(target=self._accept)

    def __enter__(self) -> "Refusing":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return  # The test is over.
            with peer:
                credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                pid, _, _ = struct.unpack("3i", credentials)
                self.tries.setdefault(pid, []).append(time.monotonic())

    def settings(self) -> Settings:
        return {"database": {"host": self.directory, "dbname": "any", "user": WEB_ROLE}}

    def least(self, workers: int) -> int:
        """How often each of so many workers has tried, at least."""
        return min(map(len, list(self.tries.values()))) if len(self.tries) == workers else 0

    def pauses(self) -> list[list[float]]:
        """Of each worker, between its tries."""
        return [[later - sooner for sooner, later in zip(tries, tries[1:])] for tries in self.tries.values()]


def test_workers_do_not_stampede() -> None:
    """Those of a pool try again further and further apart, and each at times of its own."""
    with Refusing() as refusing:
        pool = Pool(refusing.settings(), workers=4)
        try:
            wait_until(lambda: refusing.least(4) > len(PAUSES), "five tries of each worker")
        finally:
            pool.stop()
    ratios = [pause / nominal for pauses in refusing.pauses() for pause, nominal in zip(pauses, PAUSES)]
    # A busy machine makes pauses longer, but nothing makes them shorter than they were meant.
    assert min(ratios) > 1 - JITTER - 0.02
    assert min(ratios) < 0.95 and max(ratios) > 1.05, ratios
    last = [tries[len(PAUSES)] for tries in refusing.tries.values()]
    assert max(last) - min(last) > 0.03, last
    assert pool.output().count("no database: ") == 4


def test_requests_do_not_hasten_the_tries() -> None:
    """However many clients ask, a worker tries no more often than four times a second."""
    with Refusing() as refusing:
        pool = Pool(refusing.settings(), workers=4)
        try:
            with Load(pool, clients=8) as load:
                wait_until(lambda: refusing.least(4) > len(PAUSES), "five tries of each worker")
            assert not load.failures
            for seen in load.seen:
                check_unavailable(seen.reply)
        finally:
            pool.stop()
    pauses = [pause for pauses in refusing.pauses() for pause in pauses]
    assert min(pauses) > PAUSES[0] * (1 - JITTER) - 0.02
    assert min(pauses) < max(pauses) - 0.01
