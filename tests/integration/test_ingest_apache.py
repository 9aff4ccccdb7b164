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
    check_error(send(endpoint, b" " * ((1 << 20) + 1)), 413)
    reply = send(endpoint, b"", method="GET")
    assert (reply.status, reply.header("Allow")) == (405, "POST")


def test_a_body_of_a_mebibyte(own: Apache) -> None:
    """On a site of its own, where the limit is Tally's to set."""
    assert counts(send(own.tls, b"[" + EVENT + b" " * ((1 << 20) - len(EVENT) - 2) + b"]")) == (1, 0, 0)
    assert ask(own.tls, "/v1/usage/stats", user=SERVICE, body=b" " * 2000, headers=[("Content-Length", "2000")]).status == 413
