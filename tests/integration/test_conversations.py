"""Malformed conversations on the worker's socket: it lives, leaks nothing, and serves the next request."""

import os
import random
import socket
from pathlib import Path
from typing import Iterator

import pytest

import fastcgi
from conversations import HUGE, MALFORMED, UNUSUAL, random_conversation
from long import short_or_full
from pool import Pool, Settings
from process import scratch_directory, worker_binary
from sample import STATS
from wait import wait_until
from worker import Worker, running


MEMORY_MOST = 512 << 20


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[Worker]:
    # libfcgi 2.4.2 loses 48 bytes for each record of a type that it does not know.
    suppressions = scratch_directory("lsan") / "suppressions"
    suppressions.write_text("leak:libfcgi\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAN_OPTIONS", f"{os.environ.get('LSAN_OPTIONS', '')}:suppressions={suppressions}".lstrip(":"))
        with running(settings) as one:
            yield one


def provoke(path: Path, sent: bytes) -> bytes:
    """Send, take whatever comes back, and leave."""
    answer = b""
    with fastcgi.Connection(path, seconds=10) as peer:
        try:
            peer.send(sent)
            peer.socket.shutdown(socket.SHUT_WR)
            while chunk := peer.socket.recv(65536):
                answer += chunk
        except (ConnectionError, BrokenPipeError):
            pass
    return answer


def test_the_table_is_large_enough() -> None:
    assert len(MALFORMED) >= 25


@pytest.mark.case(14)
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(worker: Worker, name: str) -> None:
    expected = worker.ask(STATS)
    before = worker.descriptors()
    for _ in range(3):
        provoke(worker.socket, MALFORMED[name])
    assert worker.ask(STATS) == expected
    assert worker.runs()
    wait_until(lambda: worker.descriptors() <= before, "as many descriptors as before", 2)


@pytest.mark.case(14)
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual(worker: Worker, name: str) -> None:
    expected = worker.ask(STATS)
    with worker.connect() as connection:
        connection.send(UNUSUAL[name])
        assert connection.reply() == expected
    assert worker.runs()


@pytest.mark.case(14)
def test_random(worker: Worker) -> None:
    expected = worker.ask(STATS)
    for seed in range(short_or_full(400, 20_000)):
        provoke(worker.socket, random_conversation(random.Random(seed)))
        assert worker.runs(), f"seed {seed}"
        if seed % 50 == 0:
            assert worker.ask(STATS) == expected, f"seed {seed}"
    assert worker.ask(STATS) == expected
    assert worker.runs()


@pytest.mark.case(15)
def test_huge_lengths(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With as little memory as a unit gives, a worker that is asked for more ends, and is replaced."""
    limit = ["/usr/bin/prlimit", f"--as={MEMORY_MOST}"]
    if b"__asan_init" in worker_binary().read_bytes():
        # AddressSanitizer reserves terabytes of addresses, and limits what it hands out instead.
        limit = []
        monkeypatch.setenv("ASAN_OPTIONS", f"allocator_may_return_null=1:max_allocation_size_mb={MEMORY_MOST >> 20}")
    pool = Pool(settings, before=limit)
    try:
        expected = fastcgi.ask(pool.socket, STATS)
        for name, sent in HUGE.items():
            provoke(pool.socket, sent)
            wait_until(lambda: len(pool.worker_pids()) == pool.workers, f"a full pool after {name}", 5)
            for _ in range(pool.workers + 1):
                assert fastcgi.ask(pool.socket, STATS) == expected, name
    finally:
        pool.stop()
