"""Peers that stay silent, stop half-way or do not read: the worker is soon free again."""

import os
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator

import pytest

import fastcgi
from client import Reply
from fastcgi import PARAMS, begin, encode, parameters_for, record
from hosts import started
from pool import Settings
from postgres import Postgres
from sample import STATS
from wait import wait_until
from worker import Worker, backends, running, settings_for

PATIENCE = 5  # seconds that a worker gives to a peer
SLACK = 1.5

WHOLE = fastcgi.request_bytes(parameters_for(STATS))

# What a peer sends before it falls silent.
SILENT = {
    "nothing": b"",
    "one byte": WHOLE[:1],
    "half a header": WHOLE[:4],
    "the beginning alone": begin(),
    "half of the parameters": begin() + record(PARAMS, encode(parameters_for(STATS)))[:-40],
    "parameters without an end": begin() + record(PARAMS, encode(parameters_for(STATS))),
}


OVERVIEW_REQUEST = fastcgi.request_bytes(parameters_for("/admin/usage"))


@pytest.fixture(scope="module")
def large(postgres: Postgres) -> Settings:
    """A database whose overview is larger than what a socket holds."""
    name = postgres.create_database("peers")
    postgres.sql("insert into resource_usage_log (resource_type, collection_id, created_at)"
                 " select 'ai', gen_random_uuid(), now() - interval '1 day' from generate_series(1, 20000)",
                 dbname=name)
    return settings_for(postgres, name)


def next_reply(worker: Worker, target: str, sent: bytes, small_window: bool = False) -> tuple[Reply, float]:
    """The reply to a client that comes behind a hanging one, and how long it took."""
    with worker.connect() as hanging:
        if small_window:
            hanging.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        hanging.send(sent)
        start = time.monotonic()
        reply = worker.ask(target)
        return reply, time.monotonic() - start


@pytest.mark.case(13)
def test_hanging_peers(settings: Settings, large: Settings) -> None:
    """Side by side, each on a worker of its own, since each takes all of the patience."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(running(settings)) for name in SILENT}
        expected = next(iter(workers.values())).ask(STATS)
        assert expected.status == 200
        unread = stack.enter_context(running(large))
        assert unread.ask(STATS).status == 200
        before = {name: worker.descriptors() for name, worker in workers.items()}
        with ThreadPoolExecutor(len(SILENT) + 1) as clients:
            later = {name: clients.submit(next_reply, worker, STATS, SILENT[name])
                     for name, worker in workers.items()}
            never_read = clients.submit(next_reply, unread, STATS, OVERVIEW_REQUEST, small_window=True)
        for name, future in later.items():
            reply, took = future.result()
            assert reply == expected, name
            assert took < PATIENCE + SLACK, name
            assert workers[name].descriptors() <= before[name] + 1, name
        reply, took = never_read.result()
        assert reply.status == 200
        assert took < PATIENCE + SLACK + 1  # the query itself takes some time, too


def drip(connection: fastcgi.Connection, until: threading.Event) -> None:
    """A byte now and then, so that something always comes."""
    for number in range(len(WHOLE)):
        if until.wait(0.5):
            return
        try:
            connection.send(WHOLE[number:number + 1])
        except ConnectionError:
            return


@pytest.mark.case(13)
def test_a_peer_that_sends_slowly_has_no_more_patience(settings: Settings) -> None:
    with running(settings) as worker, worker.connect() as slow:
        done = threading.Event()
        dripping = threading.Thread(target=drip, args=(slow, done))
        dripping.start()
        try:
            start = time.monotonic()
            assert worker.ask(STATS).status == 200
            assert time.monotonic() - start < PATIENCE + SLACK
        finally:
            done.set()
            dripping.join()


@pytest.mark.case(19)
def test_a_reply_that_cannot_be_written(postgres: Postgres, large: Settings) -> None:
    """The web server leaves in the middle of it: neither the worker nor its session is any the worse."""
    with running(large, {"log": {"level": "debug"}}) as worker:
        expected = worker.ask(STATS)
        sessions = backends(postgres, "peers")
        for _ in range(3):
            with worker.connect() as peer:
                peer.send(OVERVIEW_REQUEST)
                assert peer.socket.recv(1)
        assert worker.ask(STATS) == expected
        assert worker.runs()
        assert backends(postgres, "peers") == sessions
        assert worker.output().count("debug: the web server did not take the reply") == 3


def test_first_request_after_a_silent_peer(settings: Settings) -> None:
    """Nobody could see to the database before it came."""
    with running(settings) as worker, worker.connect():
        assert worker.ask(STATS).status == 200


def processor_time(pid: int) -> float:
    """Seconds of a processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def open_sockets(pid: int) -> list[str]:
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    return [link for link in links if link.startswith("socket:")]


def test_no_descriptor_for_a_connection(settings: Settings, tmp_path: Path) -> None:
    """The worker says so, does other things than trying, and goes on as soon as it can."""
    with started(settings, tmp_path) as worker, ExitStack() as stack:
        pid = worker.process.pid
        assert worker.ask(STATS).status == 200
        wait_until(lambda: len(open_sockets(pid)) == 2, "the client's connection to be closed")
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
        lowest = min(set(range(len(used) + 1)) - used)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, usual[1]))
        try:
            waiting = stack.enter_context(fastcgi.Connection(worker.socket))
            waiting.send(WHOLE)
            wait_until(lambda: "error: no connection can be taken: Too many open files" in worker.output(), "a word")
            before, begun = processor_time(pid), time.monotonic()
            wait_until(lambda: time.monotonic() > begun + 1, "a second", 5)
            assert processor_time(pid) - before < 0.2
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
        begun = time.monotonic()
        assert waiting.reply().status == 200
        assert time.monotonic() - begun < 1.5
        assert worker.output().count("no connection can be taken: ") == 1


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[Worker]:
    with running(settings) as one:
        yield one


def test_split_anywhere(worker: Worker) -> None:
    expected = worker.ask(STATS)
    for cut in range(1, len(WHOLE), 7):
        with worker.connect() as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            connection.send(WHOLE[:cut])
            connection.send(WHOLE[cut:])
            assert connection.reply() == expected


@pytest.mark.case(14)
def test_many_parameters(worker: Worker) -> None:
    expected = worker.ask(STATS)
    parameters = {f"NAME_{number}": "x" * 200 for number in range(10_000)}
    assert fastcgi.call(worker.socket, {**parameters, **parameters_for(STATS)}) == expected


@pytest.mark.case(19)
def test_client_that_leaves_before_the_reply_is_sent(worker: Worker) -> None:
    expected = worker.ask(STATS)
    for _ in range(100):
        worker.begin(STATS).close()
    assert worker.ask(STATS) == expected
    assert worker.runs()
