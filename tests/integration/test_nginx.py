"""The shipped nginx site: routes, TLS, limits, and every error as JSON."""

from pathlib import Path
from typing import Any, Iterator

import pytest

from client import (Endpoint, ask, basic, check_error, connect, converse, parameters, parse,
                    request_bytes, send)
from nginx import NO_LIMITS, Nginx
from pool import Pool
from sample import OVERVIEW, STATS
from shipped import ADMIN, HOST, LOOKALIKE, SERVICE, STRANGER, USER, USER_ID, Change

PARAMETERS = {
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REQUEST_ID",
    "REMOTE_USER", "TALLY_ROLE", "TALLY_USER_ID",
}


@pytest.fixture(scope="module")
def limited(echo_pool: Pool) -> Iterator[Nginx]:
    """nginx with the limits as they are shipped."""
    server = Nginx(echo_pool.socket, echo_pool.socket, changes={})
    yield server
    server.stop()


@pytest.fixture(params=["plain", "tls"])
def endpoint(request: pytest.FixtureRequest, nginx: Nginx) -> Endpoint:
    return getattr(nginx, request.param)


@pytest.fixture(params=["plain", "tls"])
def echo(request: pytest.FixtureRequest, echo_nginx: Nginx) -> Endpoint:
    return getattr(echo_nginx, request.param)


# Routes.

@pytest.mark.parametrize("path", [STATS, OVERVIEW])
def test_route_answers(endpoint: Endpoint, path: str) -> None:
    reply = ask(endpoint, path, user=ADMIN)
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Content-Length") == str(len(reply.body))
    assert reply.header("Cache-Control") == "private, no-store"
    reply.json()


@pytest.mark.case(21)
@pytest.mark.parametrize("path", [STATS, OVERVIEW, "/nowhere"])
def test_head_is_get_without_a_body(endpoint: Endpoint, path: str) -> None:
    get = ask(endpoint, path, user=ADMIN)
    head = ask(endpoint, path, user=ADMIN, method="HEAD")
    assert head.status == get.status
    assert head.body == b""
    strip = {"Date"}
    assert ([item for item in head.headers if item[0] not in strip]
            == [item for item in get.headers if item[0] not in strip])


def test_worker_sees_exactly_its_parameters(echo: Endpoint) -> None:
    reply = ask(echo, "/v1/usage/stats?bucket=week&x=%20+y", user=USER,
                headers=[("Content-Type", "text/x"), ("X-Any", "thing"), ("Content-Length", "5")],
                body=b"hello")
    assert reply.json()["body"] == 0
    seen = parameters(reply)
    assert set(seen) == PARAMETERS
    assert len(seen.pop("REQUEST_ID")) == 32
    assert seen == {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/v1/usage/stats", "PATH_INFO": "",
        "QUERY_STRING": "bucket=week&x=%20+y",
        "REMOTE_USER": USER, "TALLY_ROLE": "", "TALLY_USER_ID": USER_ID,
    }


def test_worker_sees_the_body_of_events(echo: Endpoint) -> None:
    reply = ask(echo, "/v1/usage/events?results=errors", user=SERVICE, method="POST", body=b"hello",
                headers=[("Content-Type", "text/x"), ("X-Any", "thing"), ("Content-Length", "5"), ("Content-Encoding", "gzip"),
                         ("Cookie", "a=b")])
    assert reply.json()["body"] == 5
    seen = parameters(reply)
    assert len(seen.pop("REQUEST_ID")) == 32
    assert seen == {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "/v1/usage/events", "PATH_INFO": "", "QUERY_STRING": "results=errors",
        "CONTENT_TYPE": "text/x", "CONTENT_LENGTH": "5", "HTTP_CONTENT_ENCODING": "gzip",
        "REMOTE_USER": SERVICE, "TALLY_ROLE": "service", "TALLY_USER_ID": "",
    }


@pytest.mark.parametrize("user, role, user_id", [
    (ADMIN, "admin", ""), (SERVICE, "service", ""), (USER, "", USER_ID), (LOOKALIKE, "", ""),
    (STRANGER, "", ""),
])
def test_role_and_uuid_of_each_user(echo: Endpoint, user: str, role: str, user_id: str) -> None:
    seen = parameters(ask(echo, "/admin/usage", user=user))
    assert (seen["REMOTE_USER"], seen["TALLY_ROLE"], seen["TALLY_USER_ID"]) == (user, role, user_id)


def test_identity_decides(endpoint: Endpoint) -> None:
    assert ask(endpoint, OVERVIEW, user=USER).status == 403
    assert ask(endpoint, OVERVIEW, user=LOOKALIKE).status == 403
    assert ask(endpoint, OVERVIEW, user=SERVICE).status == 403
    assert ask(endpoint, STATS, user=STRANGER).status == 403
    own = ask(endpoint, STATS, user=USER)
    assert own.json()["filters_applied"]["user_id"] == USER_ID
    assert ask(endpoint, STATS, user=SERVICE).json()["filters_applied"]["user_id"] is None


@pytest.mark.parametrize("length", [8192, 15000])
def test_long_query_reaches_the_worker(echo: Endpoint, length: int) -> None:
    query = "thread_id=" + "x" * length
    assert parameters(ask(echo, f"/v1/usage/stats?{query}", user=USER))["QUERY_STRING"] == query


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504])
def test_status_of_the_worker_passes_untouched(echo: Endpoint, status: int) -> None:
    reply = ask(echo, f'/v1/usage/stats?status={status}&body={{"error":"mine"}}', user=USER)
    assert reply.status == status
    assert reply.body == b'{"error":"mine"}'
    assert reply.header("X-Worker") == "echo"
    assert reply.header("Retry-After") is None


def test_errors_of_the_real_worker_pass(endpoint: Endpoint) -> None:
    bad = ask(endpoint, "/v1/usage/stats?bucket=hour", user=ADMIN)
    assert bad.status == 400
    assert bad.json()["error"].startswith("bucket: unknown variant `hour`")
    wrong_method = ask(endpoint, STATS, user=ADMIN, method="DELETE")
    assert wrong_method.status == 405
    assert wrong_method.header("Allow") == "GET, HEAD"
    assert list(wrong_method.json()) == ["error"]


# Errors by nginx itself.

@pytest.mark.parametrize("path", [
    "/nothing", "/v1/usage/stats/", "/v1/usage", "/V1/usage/stats", "/v1/usage/stats;x", "/admin/nothing",
    "/admin/usage.css", "/v1%2fusage", "/index.html", "/tally.ini", "/_tally_error",
    "/_tally_auth",
])
@pytest.mark.case(24)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_404(endpoint: Endpoint, path: str, method: str) -> None:
    reply = ask(endpoint, path, user=ADMIN, method=method)
    if method == "HEAD":
        assert reply.status == 404 and reply.header("Content-Type") == "application/json"
    else:
        check_error(reply, 404)


@pytest.mark.parametrize("path", [STATS, OVERVIEW])
@pytest.mark.parametrize("headers", [
    [], [basic(ADMIN, "wrong")], [basic("nobody")], [basic("")], [("Authorization", "Basic ???")],
    [("Authorization", "Bearer " + ADMIN)],
])
def test_401(endpoint: Endpoint, path: str, headers: list[tuple[str, str]]) -> None:
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        reply = ask(endpoint, path, headers=headers, method=method)
        check_error(reply, 401)
        assert reply.header("WWW-Authenticate") == 'Basic realm="Tally"'


MALFORMED = {
    "no request line": b"\x16\x03\x01 nonsense\r\n\r\n",
    "no host": b"GET /v1/usage/stats HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "space in a header's name": b"GET / HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n",
    "bad escape in the path": b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "path above the root": b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 17000 + b"\r\n\r\n",
    "long headers": b"GET / HTTP/1.1\r\nHost: a\r\n"
                    + b"".join(b"X-%d: %b\r\n" % (n, b"x" * 1000) for n in range(70)) + b"\r\n",
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
def test_400(endpoint: Endpoint, nginx: Nginx, request_: bytes) -> None:
    check_error(send(endpoint, request_), 400)
    check_error(send(nginx.redirect, request_), 400)


def test_400_for_plain_http_on_the_tls_port(nginx: Nginx) -> None:
    plain = Endpoint(nginx.tls.port, host=HOST)
    check_error(ask(plain, STATS, user=ADMIN), 400)


def test_405_for_methods_that_nginx_refuses(endpoint: Endpoint) -> None:
    reply = ask(endpoint, STATS, user=ADMIN, method="TRACE")
    check_error(reply, 405)
    assert reply.header("Allow") == "GET, HEAD"


@pytest.mark.parametrize("headers, body", [
    ([("Content-Length", "1025")], b"x" * 1025),
    ([("Content-Length", "5000000")], b"x" * 5000000),
    ([("Transfer-Encoding", "chunked")], b"401\r\n" + b"x" * 1025 + b"\r\n0\r\n\r\n"),
])
@pytest.mark.case(25)
def test_413(endpoint: Endpoint, headers: list[tuple[str, str]], body: bytes) -> None:
    for method in ("GET", "POST"):
        request = request_bytes(endpoint, STATS, user=ADMIN, method=method, headers=headers, body=body)
        answer = converse(endpoint, request)
        # A client that is still sending may find the connection reset before it reads the answer.
        if answer or len(body) < 5000:
            check_error(parse(answer), 413)


@pytest.mark.case(25)
def test_small_body_is_ignored(endpoint: Endpoint) -> None:
    plain = ask(endpoint, STATS, user=ADMIN)
    for headers, body in (([("Content-Length", "5")], b"hello"),
                          ([("Transfer-Encoding", "chunked")], b"5\r\nhello\r\n0\r\n\r\n")):
        reply = ask(endpoint, STATS, user=ADMIN, headers=headers, body=body)
        assert (reply.status, reply.body) == (200, plain.body)


def test_414(endpoint: Endpoint) -> None:
    check_error(ask(endpoint, "/v1/usage/stats?thread_id=" + "x" * 17000, user=ADMIN), 414)


def test_429_for_too_many_requests(limited: Nginx) -> None:
    """A pipeline of requests on one connection is faster than any permitted rate."""
    request = request_bytes(limited.plain, "/admin/usage", user=ADMIN)
    pipeline = request.replace(b"Connection: close\r\n", b"") * 60 + request
    answers = converse(limited.plain, pipeline).split(b"HTTP/1.1 ")[1:]
    refused = [b"HTTP/1.1 " + answer for answer in answers if answer.startswith(b"429")]
    assert len(answers) == 61
    assert 30 <= len(refused) <= 40  # 20 at once, and a few for the time that has passed
    for answer in refused:
        reply = parse(answer)
        check_error(reply, 429)
        assert reply.header("Retry-After") == "1"


def test_429_for_too_many_connections(limited: Nginx) -> None:
    held = []
    try:
        for _ in range(40):
            peer = connect(limited.plain)
            held.append(peer)
            peer.sendall(request_bytes(limited.plain, "/v1/usage/stats?hang", user=ADMIN))
        refused = parse(next(answer for answer in map(_first_answer, reversed(held)) if answer))
    finally:
        for peer in held:
            peer.close()
    check_error(refused, 429)


def _first_answer(peer: Any) -> bytes:
    data = b""
    while chunk := peer.recv(65536):
        data += chunk
    return data


@pytest.mark.case(36, 37)
@pytest.mark.parametrize("path", [STATS, OVERVIEW])
def test_502_without_workers(down: Nginx, path: str) -> None:
    for endpoint in (down.plain, down.tls):
        reply = ask(endpoint, path, user=ADMIN)
        check_error(reply, 502)
        assert reply.header("Retry-After") == "5"
        check_error(ask(endpoint, path), 401)


def test_502_when_the_pool_stops_and_200_when_it_is_back(settings: Any) -> None:
    pool = Pool(settings)
    server = Nginx(pool.socket, pool.socket)
    try:
        whole = ask(server.tls, STATS, user=ADMIN)
        assert whole.status == 200
        pool.stop()
        check_error(ask(server.tls, STATS, user=ADMIN), 502)
        pool.start()
        assert ask(server.tls, STATS, user=ADMIN).body == whole.body
    finally:
        pool.stop()
        server.stop()


def test_504_when_the_worker_hangs(echo_pool: Pool) -> None:
    changes = {**NO_LIMITS, "tally_locations": {
        **NO_LIMITS["tally_locations"], "fastcgi_read_timeout    12s;": Change("fastcgi_read_timeout    200ms;")}}
    server = Nginx(echo_pool.socket, echo_pool.socket, changes)
    try:
        reply = ask(server.tls, "/v1/usage/stats?hang", user=ADMIN)
        check_error(reply, 504)
        assert reply.header("Retry-After") == "5"
    finally:
        server.stop()


@pytest.mark.parametrize("status", [403, 500, 503])
def test_error_that_an_operator_configures(echo_pool: Pool, status: int) -> None:
    """What the shipped site gives no cause for, a rule added to it does: deny all, for one."""
    changes = {**NO_LIMITS, "tally_locations": {"    return 404;\n": Change(f"    return {status};\n")}}
    server = Nginx(echo_pool.socket, echo_pool.socket, changes)
    try:
        reply = ask(server.tls, "/anything", user=ADMIN)
        check_error(reply, status)
        assert reply.header("Retry-After") == ("5" if status == 503 else None)
    finally:
        server.stop()


def test_501_and_505(endpoint: Endpoint) -> None:
    check_error(ask(endpoint, STATS, user=ADMIN, headers=[("Transfer-Encoding", "gzip")]), 501)
    request = request_bytes(endpoint, STATS, user=ADMIN)
    check_error(send(endpoint, request.replace(b"HTTP/1.1", b"HTTP/3.0", 1)), 505)


@pytest.mark.case(20)
def test_shortened_reply_is_noticed(echo: Endpoint) -> None:
    """Also by a client that would take a compressed reply, which has no length."""
    request = request_bytes(echo, "/v1/usage/stats?die&body=" + "x" * 5000, user=ADMIN,
                            headers=[("Accept-Encoding", "gzip")])
    head, _, body = converse(echo, request).partition(b"\r\n\r\n")
    assert b"Content-Length: 6000" in head
    assert body == b"x" * 5000


# The shipped files.

def test_every_shipped_file_is_used(nginx: Nginx) -> None:
    shipped = {path.name for path in (Path(__file__).parents[2] / "nginx").iterdir()}
    assert shipped <= {path.name for path in nginx.directory.iterdir()}
