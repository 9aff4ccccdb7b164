"""Peers that stay silent, stop half-way, do not read or send nonsense: the worker is soon free again."""

import os
import random
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Iterator

import pytest

import fastcgi
from client import Reply
from fastcgi import BEGIN, PARAMS, STDIN, begin, encode, parameters_for, record, stream
from pool import Settings
from postgres import Postgres
from process import scratch_directory
from sample import STATS
from worker import Worker, running, settings_for

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
def test_hanging_peers(settings: Settings, postgres: Postgres) -> None:
    """Side by side, each on a worker of its own, since each takes all of the patience."""
    large = settings_for(postgres, postgres.create_database("peers"))
    postgres.sql("insert into resource_usage_log (resource_type, collection_id, created_at)"
                 " select 'ai', gen_random_uuid(), now() - interval '1 day' from generate_series(1, 20000)",
                 dbname="peers")
    overview = fastcgi.request_bytes(parameters_for("/admin/usage"))
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
            never_read = clients.submit(next_reply, unread, STATS, overview, small_window=True)
        for name, future in later.items():
            reply, took = future.result()
            assert reply == expected, name
            assert took < PATIENCE + SLACK, name
            assert workers[name].descriptors() <= before[name] + 1, name
        reply, took = never_read.result()
        assert reply.status == 200
        assert took < PATIENCE + SLACK + 1  # the query itself takes some time, too


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[Worker]:
    # libfcgi 2.4.2 loses 48 bytes for each record of a type that it does not know.
    suppressions = scratch_directory("lsan") / "suppressions"
    suppressions.write_text("leak:libfcgi\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAN_OPTIONS", f"{os.environ.get('LSAN_OPTIONS', '')}:suppressions={suppressions}".lstrip(":"))
        with running(settings) as one:
            yield one


def header(version: int, kind: int, number: int, length: int, padding: int = 0) -> bytes:
    return struct.pack("!BBHHBx", version, kind, number, length, padding)


NONSENSE = {
    "http": b"GET /v1/usage/stats HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": b"\0" * 64,
    "other version": header(2, BEGIN, 1, 8) + b"\0" * 8,
    "role of an authorizer": record(BEGIN, struct.pack("!HB5x", 2, 0)) + stream(PARAMS, b"") + stream(STDIN, b""),
    "unknown role": record(BEGIN, struct.pack("!HB5x", 9, 0)) + stream(PARAMS, b"") + stream(STDIN, b""),
    "request 0": header(1, BEGIN, 0, 8) + struct.pack("!HB5x", 1, 0),
    "unknown record": header(1, 99, 0, 0),
    "no beginning": stream(PARAMS, encode(parameters_for(STATS))) + stream(STDIN, b""),
    "abort": begin() + record(fastcgi.ABORT),
    "two beginnings": begin() + begin() + stream(PARAMS, b"") + stream(STDIN, b""),
    "short beginning": header(1, BEGIN, 1, 2) + b"\0\1",
    "length beyond the record": begin() + stream(PARAMS, b"\x05\x05ab") + stream(STDIN, b""),
    "long length cut off": begin() + stream(PARAMS, b"\x80\0") + stream(STDIN, b""),
    "empty names": begin() + stream(PARAMS, b"\0\0" * 1000) + stream(STDIN, b""),
    "NUL in a name": begin() + stream(PARAMS, b"\x03\x01a\0bx") + stream(STDIN, b""),
    "padding": begin() + header(1, PARAMS, 1, 0, 255) + b"\xff" * 255 + stream(STDIN, b""),
    "nothing else": begin() + stream(PARAMS, b"") + stream(STDIN, b""),
}


def provoke(worker: Worker, sent: bytes) -> None:
    """Send, take whatever comes back, and leave."""
    with worker.connect(seconds=10) as peer:
        try:
            peer.send(sent)
            peer.socket.shutdown(socket.SHUT_WR)
            while peer.socket.recv(65536):
                pass
        except (ConnectionError, BrokenPipeError):
            pass


@pytest.mark.case(14)
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense(worker: Worker, name: str) -> None:
    expected = worker.ask(STATS)
    provoke(worker, NONSENSE[name])
    assert worker.ask(STATS) == expected
    assert worker.runs()


@pytest.mark.case(14)
def test_random_bytes(worker: Worker) -> None:
    """Whole requests with a few bytes changed, and requests cut anywhere."""
    expected = worker.ask(STATS)
    numbers = random.Random(7)
    for _ in range(150):
        changed = bytearray(WHOLE)
        for _ in range(numbers.randint(0, 3)):
            # Not in the upper bytes of a length: that the program asks for as much memory, and ends.
            changed[numbers.randrange(len(changed))] = numbers.randrange(128)
        provoke(worker, bytes(changed[:numbers.randint(0, len(changed))]))
    assert worker.ask(STATS) == expected
    assert worker.runs()


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
