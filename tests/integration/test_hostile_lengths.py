"""Parameters that are said to be longer than anything: they are refused, or the worker ends at once and says why."""

import struct
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

import fastcgi
from fastcgi import PARAMS, STDIN, NoReply, begin, parameters_for, record
from hosts import Started, started
from pool import Settings, merged
from process import check_sanitizers
from sample import STATS

pytestmark = pytest.mark.case(15)

SOFTWARE = 70  # sysexits.h
TOLD = "error: the worker ends: a peer of its socket sent what libfcgi cannot take"


def long(number: int) -> bytes:
    return struct.pack("!I", number | 0x80000000)


LENGTHS = {
    "a name": long(0x7fffffff) + b"\0",
    "a value": b"\1" + long(0x7fffffff),
    "both": long(0x7fffffff) + long(0x7fffffff),
    "all bits": b"\xff" * 8,
    "a sum that turns negative": long(0x7fffffff) + long(1),
    "a sum that just does": long(0x7ffffff0) + long(15),
    "a sum that turns negative with its ends": long(0x7ffffff0) + long(14),
    "a sum that just does not": long(0x7ffffff0) + long(13),
    "halves": long(0x40000000) + long(0x40000000),
    "a gigabyte": b"\1" + long(0x40000000),
}


def whole(lengths: bytes) -> bytes:
    return record(PARAMS, lengths + b"x" * 1000)


def split(lengths: bytes) -> bytes:
    return b"".join(record(PARAMS, bytes([byte])) for byte in lengths) + record(PARAMS, b"x" * 1000)


def behind(lengths: bytes) -> bytes:
    return record(PARAMS, fastcgi.encode(parameters_for(STATS))) + whole(lengths)


def is_served(worker: Started, request: bytes) -> bool:
    """Whether the worker has outlived this request."""
    with fastcgi.Connection(worker.socket, 10) as connection:
        connection.send(begin() + request + record(PARAMS) + record(STDIN))
        with pytest.raises(NoReply):
            connection.reply()
    # Closing the connection is the last thing that a worker does which ends, and the first of one that does not.
    with suppress(subprocess.TimeoutExpired):
        worker.process.wait(0.3)
    return worker.process.poll() is None


@pytest.mark.parametrize("send", [whole, split, behind])
@pytest.mark.parametrize("name", LENGTHS)
def test_lengths(settings: Settings, tmp_path: Path, name: str, send: object) -> None:
    log = tmp_path / "tally.log"
    begun = time.monotonic()
    with started(merged(settings, {"log": {"target": log}}), tmp_path, status=None,
                 ASAN_OPTIONS="allocator_may_return_null=1") as worker:
        assert worker.ask(STATS).status == 200
        if is_served(worker, send(LENGTHS[name])):  # type: ignore[operator]
            assert worker.ask(STATS).status == 200
            assert TOLD not in log.read_text()
        else:
            assert worker.process.poll() == SOFTWARE
            assert log.read_text().count(TOLD) == 1
            assert "Assertion" not in worker.output()
    assert time.monotonic() - begun < 10
    check_sanitizers(tmp_path / "log")
