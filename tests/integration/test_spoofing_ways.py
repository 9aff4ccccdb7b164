"""Forged identities by other ways than a plain header: HTTP/2, trailers, folded lines, careless settings."""

import json
import subprocess
from typing import Any, Iterator, Sequence

import pytest

from client import PASSWORD, Endpoint, Reply, ask, basic, converse, parse, request_bytes
from nginx import NO_LIMITS, Nginx
from pool import Pool
from sample import OVERVIEW, STATS
from shipped import ADMIN, HOST, USER, USER_ID, Change

# What faults of other set-ups let through: in each spelling that a server might turn into a parameter.
FORGED = [
    ("Remote-User", ADMIN), ("Remote_User", ADMIN), ("REMOTE_USER", ADMIN), ("Remote.User", ADMIN),
    ("X-Remote-User", ADMIN), ("X_Remote_User", ADMIN), ("X.Remote.User", ADMIN), ("X+Remote$User", ADMIN),
    ("X-Forwarded-User", ADMIN), ("Tally-Role", "admin"), ("TALLY_ROLE", "admin"), ("Tally-User-Id", "nonsense"),
    ("TALLY_USER_ID", "nonsense"), ("Http-Remote-User", ADMIN), ("Redirect-Tally-Role", "admin"),
    ("Redirect-Remote-User", ADMIN), ("Script-Name", "/admin/usage"), ("Path-Info", "/admin/usage"),
    ("Request-Method", "DELETE"), ("Request-Id", "forged"), ("Auth-Type", "None"), ("Fcgi-Role", "AUTHORIZER"),
    ("Content-Length-", "5"), ("Tally-Config", "/dev/null"), ("Pghost", "192.0.2.1"), ("Pgpassfile", "/etc/passwd"),
    ("Pgservicefile", "/dev/null"), ("Ld-Preload", "/dev/null"), ("Path", "/dev/null"), ("Tz", "Asia/Kathmandu"),
    ("Lc-All", "tr_TR.UTF-8"), ("Proxy", "http://192.0.2.1:1"), ("Document-Uri", "/admin/usage"),
    ("X-Original-Url", "/admin/usage"), ("X-Rewrite-Url", "/admin/usage"), ("X-Accel-Redirect", "/admin/usage"),
    ("X-Http-Method-Override", "DELETE"), ("Upgrade", "h2c"), ("Expect", ""), ("Range", "bytes=0-1"),
]

CARELESS = {**NO_LIMITS, "tally_http": {**NO_LIMITS["tally_http"],
            "limit_conn_zone $tally_client zone=tally_clients:1m;": Change(
                "limit_conn_zone $tally_client zone=tally_clients:1m;\n"
                "underscores_in_headers on;\nignore_invalid_headers off;")}}


@pytest.fixture(scope="module")
def careless(pools: tuple[Pool, Pool]) -> Iterator[Nginx]:
    """nginx as an operator sets it who has another program that wants odd header names."""
    server = Nginx(pools[0].socket, pools[1].socket, CARELESS)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def careless_echo(echo_pool: Pool) -> Iterator[Nginx]:
    server = Nginx(echo_pool.socket, echo_pool.socket, CARELESS)
    yield server
    server.stop()


def check_nothing_gained(endpoint: Endpoint, headers: Sequence[tuple[str, str]]) -> None:
    """The reply is the one that this user has without them, to the byte, or a refusal."""
    for path, user in ((STATS, USER), (OVERVIEW, USER), (STATS, None), (OVERVIEW, None)):
        plain, forged = ask(endpoint, path, user=user), ask(endpoint, path, user=user, headers=headers)
        assert forged.status in (plain.status, 400), headers
        if forged.status == plain.status:
            assert forged.body == plain.body, headers


@pytest.mark.case(34)
@pytest.mark.parametrize("header", FORGED, ids=lambda header: header[0])
def test_careless_nginx(careless: Nginx, header: tuple[str, str]) -> None:
    for endpoint in (careless.plain, careless.tls):
        check_nothing_gained(endpoint, [header])
        check_nothing_gained(endpoint, [header, header])


@pytest.mark.case(34)
def test_careless_nginx_hands_on_no_header(careless_echo: Nginx) -> None:
    def handed_on(headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
        pairs = ask(careless_echo.plain, "/v1/usage/stats", user=USER, headers=headers).json()["parameters"]
        assert len(dict(pairs)) == len(pairs), pairs
        return {name: value for name, value in pairs if name != "REQUEST_ID"}

    plain = handed_on([])
    assert handed_on(FORGED) == plain
    assert not any(name.startswith("HTTP_") for name in plain)
    assert plain["REMOTE_USER"] == USER and plain["TALLY_USER_ID"] == USER_ID and plain["TALLY_ROLE"] == ""


# ---- HTTP/2 ----

def ask_http2(endpoint: Endpoint, path: str, *options: str) -> tuple[int, bytes]:
    done = subprocess.run(
        ["curl", "--silent", "--http2", "--insecure", "--path-as-is", "--write-out", "\n%{http_code} %{http_version}",
         "--resolve", f"{HOST}:{endpoint.port}:127.0.0.1", *options, f"https://{HOST}:{endpoint.port}{path}"],
        capture_output=True, timeout=30, check=True)
    body, _, told = done.stdout.rpartition(b"\n")
    status, version = told.split()
    assert version == b"2"
    return int(status), body


@pytest.mark.case(34)
@pytest.mark.parametrize("header", FORGED, ids=lambda header: header[0])
def test_http2(nginx: Nginx, header: tuple[str, str]) -> None:
    signed_in = ("--user", f"{USER}:{PASSWORD}")
    forged = ("--header", f"{header[0]}: {header[1]}" if header[1] else f"{header[0]};")
    right = ask(nginx.tls, STATS, user=USER)
    status, body = ask_http2(nginx.tls, STATS, *signed_in, *forged)
    assert status == 400 or (status, body) == (200, right.body)
    assert ask_http2(nginx.tls, OVERVIEW, *signed_in, *forged)[0] in (403, 400)
    assert ask_http2(nginx.tls, OVERVIEW, *forged)[0] in (401, 400)


@pytest.mark.case(34)
@pytest.mark.parametrize("options, path", [
    (("--header", f"Host: {ADMIN}@{HOST}"), OVERVIEW), (("--header", "Host: localhost"), OVERVIEW),
    (("--request-target", "/admin/usage#"), "/"), (("--request-target", "//admin/usage"), "/"),
    (("--request-target", "/%61dmin/usage"), "/"), (("--request-target", "/v1/usage/stats/../../../admin/usage"), "/"),
])
def test_http2_pseudo_headers(nginx: Nginx, options: tuple[str, ...], path: str) -> None:
    assert ask_http2(nginx.tls, path, "--user", f"{USER}:{PASSWORD}", *options)[0] in (400, 403, 404, 421)
    assert ask_http2(nginx.tls, path, *options)[0] in (400, 401, 404, 421)


# ---- The request's own form ----

SERVERS = ("nginx plain", "nginx tls", "apache tls", "apache folder")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Endpoint:
    name, way = request.param.split()
    return getattr(request.getfixturevalue(name), way)


def overview_with(server: Endpoint, change: bytes, to: bytes) -> Reply:
    """A user's request for the overview, with one piece of it changed."""
    request = request_bytes(server, OVERVIEW, user=USER)
    assert change in request
    return parse(converse(server, request.replace(change, to, 1)))


SIGNED_IN = ": ".join(basic(USER)).encode()
LINE = b"HTTP/1.1\r\n"

FORMS = {
    "folded": (SIGNED_IN, SIGNED_IN + b"\r\n Remote-User: alice"),
    "folded with a tab": (SIGNED_IN, SIGNED_IN + b"\r\n\tRemote-User: alice"),
    "folded at the start": (LINE, LINE + b" Remote-User: alice\r\n"),
    "space before the colon": (SIGNED_IN, SIGNED_IN + b"\r\nRemote-User : alice"),
    "bare line feed": (SIGNED_IN, SIGNED_IN + b"\nRemote-User: alice"),
    "bare carriage return": (SIGNED_IN, SIGNED_IN + b"\rRemote-User: alice"),
    "vertical tab": (SIGNED_IN, SIGNED_IN + b"\x0bRemote-User: alice"),
    "no name": (SIGNED_IN, SIGNED_IN + b"\r\n: alice"),
    "hop by hop": (b"Connection: close", b"Connection: close, Authorization, Remote-User, Tally-Role\r\nTally-Role: admin"),
    "two hosts": (LINE, LINE + b"Host: alice@127.0.0.1\r\n"),
    "version 1.0": (LINE, b"HTTP/1.0\r\nRemote-User: alice\r\n"),
    "version 0.9": (b" " + LINE, b"\r\n"),
    "lower-case method": (b"GET ", b"get "),
    "two spaces": (b"GET ", b"GET  "),
    "trailer": (b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\nTrailer: Tally-Role\r\n\r\n0\r\nTally-Role: admin\r\n\r\n"),
    "letter that folds": (b"GET ", "GET\u017f ".encode()),
    "not latin": (SIGNED_IN, SIGNED_IN + "\r\nRemote\u2010User: alice".encode()),
}


@pytest.mark.case(34)
@pytest.mark.parametrize("form", FORMS)
def test_form_of_the_request(server: Endpoint, form: str) -> None:
    change, to = FORMS[form]
    try:
        reply = overview_with(server, change, to)
    except Exception:  # no HTTP at all, or the connection was just closed
        return
    assert reply.status in (400, 401, 403, 404, 405, 411, 413, 501, 505)
    assert b"by_collection" not in reply.body


@pytest.mark.case(34)
@pytest.mark.parametrize("user", [f"{ADMIN}@{HOST}", f"{ADMIN},{USER}", "alıce", "ａlice", "al\u00adice", "", "*", "%61lice",
                                  "$remote_user", "a" * 300, f"{ADMIN}/../{USER}", "(null)", "-"])
def test_names_that_look_like_another(server: Endpoint, user: str) -> None:
    for path in (STATS, OVERVIEW):
        assert ask(server, path, headers=[basic(user)]).status == 401
    # Whose password is right is who they are, however the name of another is added to it.
    both = [basic(USER), ("Authorization", json.dumps({"user": ADMIN}))]
    assert ask(server, OVERVIEW, headers=both).status in (400, 401, 403)
