"""The shipped Apache configurations: a site of its own, and .htaccess in a folder of another."""

from typing import Optional

import pytest

from apache import Apache
from client import Endpoint, ask, basic, check_error, parameters, request_bytes, send
from nginx import Nginx
from sample import OVERVIEW, STATS
from shipped import ADMIN, HOST, LOOKALIKE, SERVICE, STRANGER, USER, USER_ID

WAYS = ("tls", "folder", "direct")
FOLDER_WAYS = ("folder", "direct")


@pytest.fixture(params=WAYS)
def endpoint(request: pytest.FixtureRequest, apache: Apache) -> Endpoint:
    return getattr(apache, request.param)


@pytest.fixture(params=WAYS)
def echo(request: pytest.FixtureRequest, echo_apache: Apache) -> Endpoint:
    return getattr(echo_apache, request.param)


# Routes.

@pytest.mark.parametrize("path", [STATS, STATS + "&bucket=none", OVERVIEW])
@pytest.mark.parametrize("user", [ADMIN, SERVICE, USER, STRANGER])
def test_same_answer_as_through_nginx(endpoint: Endpoint, nginx: Nginx, path: str, user: str) -> None:
    here, there = ask(endpoint, path, user=user), ask(nginx.tls, path, user=user)
    assert (here.status, here.body) == (there.status, there.body)
    for name in ("Content-Type", "Cache-Control", "Content-Length"):
        assert here.header(name) == there.header(name)
    if user == ADMIN:
        assert here.status == 200


@pytest.mark.parametrize("path", [STATS, OVERVIEW])
def test_head_is_get_without_a_body(endpoint: Endpoint, path: str) -> None:
    get = ask(endpoint, path, user=ADMIN)
    head = ask(endpoint, path, user=ADMIN, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "Cache-Control"):
        assert head.header(name) == get.header(name)


@pytest.mark.parametrize("user, role, user_id", [
    (ADMIN, "admin", None), (SERVICE, "service", None), (USER, None, USER_ID),
    (LOOKALIKE, None, None), (STRANGER, None, None),
])
def test_role_and_uuid_of_each_user(echo: Endpoint, user: str, role: Optional[str],
                                    user_id: Optional[str]) -> None:
    seen = parameters(ask(echo, "/admin/usage", user=user))
    assert seen["REMOTE_USER"] == user
    assert (seen.get("TALLY_ROLE"), seen.get("TALLY_USER_ID")) == (role, user_id)


def test_path_and_query_of_each_way(echo_apache: Apache) -> None:
    for way, base in (("tls", ""), ("folder", "/usage/tally.fcgi"), ("direct", "/usage/tally.fcgi")):
        seen = parameters(ask(getattr(echo_apache, way), "/v1/usage/stats?a=%20+b&c", user=USER))
        assert seen["SCRIPT_NAME"] + seen.get("PATH_INFO", "") == base + "/v1/usage/stats"
        assert seen["QUERY_STRING"] == "a=%20+b&c"


def test_identity_decides(endpoint: Endpoint) -> None:
    for user in (USER, LOOKALIKE, SERVICE):
        assert ask(endpoint, OVERVIEW, user=user).status == 403
    assert ask(endpoint, STATS, user=STRANGER).status == 403
    own = ask(endpoint, STATS, user=USER)
    assert own.json()["filters_applied"]["user_id"] == USER_ID


def test_long_query(echo_apache: Apache) -> None:
    for endpoint, length in ((echo_apache.tls, 15000), (echo_apache.folder, 7000)):
        query = "thread_id=" + "x" * length
        assert parameters(ask(endpoint, f"/v1/usage/stats?{query}", user=USER))["QUERY_STRING"] == query


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 500, 503, 504])
def test_status_of_the_worker_passes_untouched(echo: Endpoint, status: int) -> None:
    reply = ask(echo, f'/v1/usage/stats?status={status}&body={{"error":"mine"}}', user=USER)
    assert (reply.status, reply.body) == (status, b'{"error":"mine"}')
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Cache-Control") == "private, no-store"
    assert reply.header("X-Worker") == "echo"
    assert reply.header("Retry-After") is None


# Errors by Apache itself.

@pytest.mark.parametrize("path", [
    "/nothing", "/v1/usage/stats/", "/v1/usage", "/V1/usage/stats", "/v1/usage/stats;x", "/admin/nothing",
    "/index.html", "/tally.ini", "/v1/usage/stats%0a",
])
def test_404(endpoint: Endpoint, path: str) -> None:
    for method in ("GET", "POST"):
        reply = ask(endpoint, path, user=ADMIN, method=method)
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


def test_413(endpoint: Endpoint) -> None:
    reply = ask(endpoint, STATS, user=ADMIN, method="POST", headers=[("Content-Length", "1025")],
                body=b"x" * 1025)
    check_error(reply, 413)


def test_small_body_is_ignored(endpoint: Endpoint) -> None:
    reply = ask(endpoint, STATS, user=ADMIN, headers=[("Content-Length", "5")], body=b"hello")
    assert (reply.status, reply.body) == (200, ask(endpoint, STATS, user=ADMIN).body)


def test_400_and_414_of_the_site(apache: Apache) -> None:
    check_error(ask(apache.tls, "/v1/usage/stats?x=" + "x" * 17000, user=ADMIN), 414)
    check_error(ask(apache.tls, STATS, user=ADMIN, headers=[("X", "x" * 17000)]), 400)
    check_error(ask(apache.tls, STATS, user=ADMIN, headers=[("X y", "z")]), 400)
    check_error(send(apache.tls, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), 400)
    check_error(ask(Endpoint(apache.tls.port), STATS, user=ADMIN), 400)


def test_405(endpoint: Endpoint, apache: Apache) -> None:
    by_worker = ask(endpoint, STATS, user=ADMIN, method="DELETE")
    check_error(by_worker, 405)
    assert by_worker.header("Allow") == "GET, HEAD"
    check_error(ask(apache.tls, STATS, user=ADMIN, method="TRACE"), 405)


def test_500_when_the_worker_ends_without_an_answer(echo_apache: Apache) -> None:
    for endpoint in (echo_apache.tls, echo_apache.folder):
        reply = ask(endpoint, "/v1/usage/stats?exit", user=ADMIN)
        check_error(reply, 500)
        assert parameters(ask(endpoint, "/v1/usage/stats", user=ADMIN))["REMOTE_USER"] == ADMIN


def test_http_leads_to_https(apache: Apache) -> None:
    reply = ask(apache.redirect, STATS)
    assert reply.status == 301
    assert reply.header("Location") == f"https://{HOST}{STATS}"


# Files beside the program.

@pytest.mark.parametrize("name", [
    "tally.ini", "tally%2eini", "./tally.ini", "tally.ini/", "tally.ini?x", "tally.ini;x",
    "tally.ini%00", "v1/../tally.ini", "tally.fcgi/../tally.ini", "tally.fcgi%2f..%2ftally.ini",
    "/tally.ini", ".htpasswd", ".htpasswd/", ".ht%70asswd", ".htaccess", "notes.txt",
    "tally.fcgi", "tally", "notes",
])
@pytest.mark.parametrize("user", [None, USER, ADMIN])
def test_no_file_of_the_folder_is_readable(apache: Apache, name: str, user: Optional[str]) -> None:
    for method in ("GET", "POST", "HEAD"):
        reply = ask(apache.folder, "/" + name, user=user, method=method)
        assert reply.status in ((401, 403, 404) if user is None else (403, 404)), reply
        for secret in (b"[database]", b"$2y$", b"RewriteEngine", b"not for the web", b"\x7fELF"):
            assert secret not in reply.body


def test_range_does_not_open_a_file(apache: Apache) -> None:
    request = request_bytes(apache.folder, "/tally.ini", user=ADMIN, headers=[("Range", "bytes=0-9")])
    assert send(apache.folder, request).status == 404
