"""Events through the shipped Apache configurations."""

from typing import Iterator

import pytest

from apache import Apache
from client import Endpoint, Reply, ask, check_error
from events import JSON, ROUTE, counts
from postgres import Postgres
from process import worker_binary
from shipped import SERVICE, USER
from worker import settings_for

EVENT = b'{"resource_type":"x"}'


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Iterator[Apache]:
    postgres.create_database("events_apache")
    server = Apache(settings_for(postgres, "events_apache"), worker_binary())
    yield server
    server.stop()


@pytest.fixture(params=["tls", "folder", "direct"])
def endpoint(request: pytest.FixtureRequest, own: Apache) -> Endpoint:
    return getattr(own, request.param)


def send(endpoint: Endpoint, body: bytes, *headers: tuple[str, str], user: str = SERVICE, method: str = "POST") -> Reply:
    return ask(endpoint, ROUTE, user=user, method=method, body=body,
               headers=[("Content-Type", JSON), ("Content-Length", str(len(body))), *headers])


def test_events(endpoint: Endpoint) -> None:
    assert counts(send(endpoint, EVENT)) == (1, 0, 0)
    assert counts(send(endpoint, b"[" + b",".join([EVENT] * 1000) + b"]" + b" " * 100_000)) == (1000, 0, 0)


def test_refusals(endpoint: Endpoint) -> None:
    check_error(send(endpoint, EVENT, user=USER), 403)
    check_error(send(endpoint, EVENT, ("Content-Encoding", "gzip")), 415)
    reply = send(endpoint, b"", method="GET")
    assert (reply.status, reply.header("Allow")) == (405, "POST")


MIB = 1 << 20


def whole(size: int) -> bytes:
    """An event of this many bytes."""
    return EVENT + b" " * (size - len(EVENT))


def send_chunked(endpoint: Endpoint, body: bytes, route: str = ROUTE) -> Reply:
    pieces = [body[at:at + 60_000] for at in range(0, len(body), 60_000)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return ask(endpoint, route, user=SERVICE, method="POST", body=chunks,
               headers=[("Content-Type", JSON), ("Transfer-Encoding", "chunked")])


def test_the_largest_body_and_one_byte_more(own: Apache) -> None:
    """On a site of its own the limit is Tally's; in a folder it is what mod_fcgid takes unless a host says otherwise."""
    for endpoint, most in ((own.tls, MIB), (own.folder, 131072), (own.direct, 131072)):
        assert counts(send(endpoint, whole(most))) == (1, 0, 0)
        for size in (most + 1, 3 * MIB, 20 * MIB):
            check_error(send(endpoint, whole(size)), 413)
        assert ask(endpoint, "/v1/usage/stats", user=SERVICE, body=b" " * 2000, headers=[("Content-Length", "2000")]).status == 413


@pytest.mark.parametrize("size", [MIB + 1, 2 * MIB, 8 * MIB, 8 * MIB + 1, 17 * MIB])
def test_chunks_beyond_the_limit(own: Apache, size: int) -> None:
    check_error(send_chunked(own.tls, whole(size)), 413)


def test_chunks(own: Apache) -> None:
    for size in (len(EVENT), 131073, MIB):
        assert counts(send_chunked(own.tls, whole(size))) == (1, 0, 0)
        for endpoint in (own.folder, own.direct):
            check_error(send_chunked(endpoint, whole(size)), 411)
