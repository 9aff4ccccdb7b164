"""Bodies that nobody means well with: each ends in a clear refusal, and a worker that takes the next event."""

import gzip
import re
import socket
from pathlib import Path
from typing import Iterator

import pytest

from client import Endpoint, Reply, ask, check_error, connect, parse, request_bytes
from events import CLOUDS, JSON, LINES, ROUTE, counts, post
from nginx import NO_LIMITS, Nginx
from pool import Pool
from postgres import Postgres
from process import worker_binary
from shipped import ADMIN, SERVICE, STRANGER, USER, Change
from worker import Worker, running, settings_for

DATABASE = "hostile_events"
GOOD = b'{"resource_type":"x"}'
MIB = 1 << 20
MEMORY_MOST = 16 * MIB
IMPATIENT = {**NO_LIMITS, "tally_locations": {
    **NO_LIMITS["tally_locations"], "client_body_timeout         10s;": Change("client_body_timeout 1s;")}}


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Postgres:
    postgres.create_database(DATABASE)
    return postgres


@pytest.fixture(scope="module")
def worker(own: Postgres) -> Iterator[Worker]:
    with running(settings_for(own, DATABASE)) as one:
        yield one


@pytest.fixture(scope="module")
def nginx(own: Postgres) -> Iterator[Nginx]:
    pool = Pool(settings_for(own, DATABASE), 1)
    server = Nginx(pool.socket, pool.socket, IMPATIENT)
    yield server
    server.stop()
    pool.stop()


def full(piece: bytes, end: bytes = b"", begin: bytes = b"") -> bytes:
    """As much of a piece as a body can hold."""
    return begin + piece * ((MIB - len(begin) - len(end)) // len(piece)) + end


HEAVY = {
    "brackets": (JSON, full(b"["), 400),
    "braces": (JSON, full(b'{"a":'), 400),
    "spaces": (JSON, full(b" "), 400),
    "spaces in an event": (JSON, full(b" ", b"}", b'{"resource_type":"x"'), 400),
    "empty arrays": (JSON, full(b"[],", b"[]]", b"["), 413),
    "empty objects": (JSON, full(b"{},", b"{}]", b"["), 413),
    "lines of numbers": (LINES, full(b"1\n"), 413),
    "one string": (JSON, full(b"x", b'"}', b'{"resource_type":"'), 400),
    "escapes": (JSON, full(b"\\u0041", b'"}', b'{"resource_type":"'), 400),
    "many keys": (JSON, b"{" + b",".join(b'"%d":0' % n for n in range(10_000)) + b"}", 400),
    "one number": (JSON, full(b"9", b"}", b'{"resource_type":"x","detail":'), 400),
    "numbers without end": (JSON, full(b"1e999999,", b"0]", b"["), 413),
    "objects in events": (JSON, b"[" + b",".join([b'{"resource_type":"x","detail":{"a":[%s]}}' % (b"{}," * 5400 + b"{}")] * 60) + b"]", 200),
    "unknown names": (JSON, b"[" + b",".join([b'{"%s":1}' % (b"n" * 1000)] * 1000) + b"]", 400),
    "large events": (JSON, b"[" + b",".join([b'{"resource_type":"x","detail":{"a":"%s"}}' % (b"\\u00e9" * 160)] * 1000) + b"]", 200),
    "cloud events": (CLOUDS, b"[" + b",".join([b'{"specversion":"1.0","id":"%d","source":"s","type":"x","data":{"a":"%s"}}' % (n, b"y" * 900)
                                               for n in range(1000)]) + b"]", 200),
    "half a body": (JSON, full(GOOD + b",", b'{"resource', b"["), 413),
    "not even text": (JSON, bytes(range(256)) * 4096, 400),
}


@pytest.mark.parametrize("kind, body, status", HEAVY.values(), ids=HEAVY.keys())
def test_heavy_bodies(worker: Worker, kind: str, body: bytes, status: int) -> None:
    assert len(body) <= MIB
    reply = post(worker, body, kind)
    assert reply.status == status, reply.body[:500]
    assert status == 200 or reply.json()["error"]
    assert counts(post(worker, GOOD)) == (1, 0, 0)


def test_memory(own: Postgres) -> None:
    """The most that a worker ever had, after all of the above."""
    if b"__asan_init" in worker_binary().read_bytes():
        pytest.skip("a sanitizer has memory of its own")
    with running(settings_for(own, DATABASE)) as one:
        for kind, body, _ in HEAVY.values():
            post(one, body, kind)
        most = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{one.pid}/status").read_text(), re.MULTILINE)
        assert most and int(most[1]) * 1024 < MEMORY_MOST, most


def send(endpoint: Endpoint, body: bytes, *headers: tuple[str, str], user: str = SERVICE) -> Reply:
    return ask(endpoint, ROUTE, user=user, method="POST", body=body,
               headers=[("Content-Type", JSON), ("Content-Length", str(len(body))), *headers])


def test_through_nginx(nginx: Nginx) -> None:
    assert counts(send(nginx.plain, GOOD)) == (1, 0, 0)
    assert counts(send(nginx.tls, GOOD, user=ADMIN)) == (1, 0, 0)
    for user in (USER, STRANGER):
        check_error(send(nginx.plain, GOOD, user=user), 403)
    whole = b"[" + b",".join([GOOD] * 1000) + b"]"
    assert counts(send(nginx.plain, whole + b" " * (MIB - len(whole)))) == (1000, 0, 0)


def test_what_nginx_or_the_worker_refuses(nginx: Nginx) -> None:
    check_error(send(nginx.plain, b" " * (MIB + 1)), 413)
    check_error(send(nginx.plain, gzip.compress(GOOD), ("Content-Encoding", "gzip")), 415)
    check_error(send(nginx.plain, gzip.compress(b" " * 10_000_000)), 400)
    assert ask(nginx.plain, ROUTE, method="POST", body=GOOD, headers=[("Content-Length", str(len(GOOD)))]).status == 401
    reply = ask(nginx.plain, ROUTE, user=SERVICE)
    check_error(reply, 405)
    assert reply.header("Allow") == "POST"
    # An event is no report: a body for those is refused as before.
    check_error(ask(nginx.plain, "/v1/usage/stats", user=SERVICE, body=b" " * 2000, headers=[("Content-Length", "2000")]), 413)


def chunked(*pieces: bytes) -> bytes:
    head = request_bytes(Endpoint(0), ROUTE, user=SERVICE, method="POST",
                         headers=[("Content-Type", JSON), ("Transfer-Encoding", "chunked")])
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_a_body_in_chunks(nginx: Nginx) -> None:
    with connect(nginx.plain) as peer:
        peer.sendall(chunked(b"[" + GOOD, b"," + GOOD + b"]", b""))
        assert counts(parse(_all(peer))) == (2, 0, 0)


ENDLESS = {
    "no next chunk": chunked(GOOD),
    "no rest of a chunk": chunked(GOOD) + b"ffff\r\n" + b"[" * 1000,
    "nothing": request_bytes(Endpoint(0), ROUTE, user=SERVICE, method="POST",
                             headers=[("Content-Type", JSON), ("Content-Length", "100000")]),
}


@pytest.mark.parametrize("begun", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_body_without_end_reaches_no_worker(nginx: Nginx, own: Postgres, begun: bytes) -> None:
    before = own.sql("select count(*) from resource_usage_log", dbname=DATABASE)
    with connect(nginx.plain) as slow:
        slow.sendall(begun)
        assert counts(send(nginx.plain, b"[]")) == (0, 0, 0)  # by the only worker, at once
        answer = _all(slow)  # nginx gives up
    assert answer == b"" or parse(answer).status == 408
    assert own.sql("select count(*) from resource_usage_log", dbname=DATABASE) == before


def test_chunks_without_end(nginx: Nginx) -> None:
    with connect(nginx.plain) as peer:
        try:
            peer.sendall(chunked())
            for _ in range(100):
                peer.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = _all(peer)
    assert answer == b"" or parse(answer).status == 413


def _all(peer: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := peer.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer
