"""Single sign-on, the other way that nginx/tally.conf offers, with a small service of our own."""

import http.server
import itertools
import select
import threading
from http.cookies import SimpleCookie
from typing import Iterator, Optional

import pytest

from client import Reply, ask, basic, connect, request_bytes
from nginx import NO_LIMITS, SITE, Nginx
from pool import Pool
from ports import free_port
from process import scratch_directory, service_user
from shipped import ADMIN, LOOKALIKE, SERVICE, USER, USER_ID, Change
from wait import wait_until


class SignOn(http.server.BaseHTTPRequestHandler):
    """Knows a user by a cookie, as oauth2-proxy does."""

    def do_GET(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        name = cookie.value if cookie else ""
        self.send_response({"": 401, "broken": 500}.get(name, 202))
        if name and name != "nameless":
            self.send_header("X-Auth-Request-User", name)
            self.send_header("Remote-User", name)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


PASSWORD_LINE = "map \"\" $tally_sign_on    { default password; }"
ADDRESS_LINE = 'map "" $tally_sign_on_at { default http://127.0.0.1:4180/oauth2/auth; }           # oauth2-proxy'
AUTHELIA_LINE = '#map "" $tally_sign_on_at { default http://127.0.0.1:9091/api/authz/auth-request; } # authelia'


def sign_on_changes(port: int, service: str = "oauth2-proxy") -> dict[str, dict[str, Change]]:
    return {**NO_LIMITS, SITE: {
        PASSWORD_LINE: Change(PASSWORD_LINE.replace("password", service)),
        ADDRESS_LINE: Change(f'map "" $tally_sign_on_at {{ default http://127.0.0.1:{port}/oauth2/auth; }}'),
    }}


@pytest.fixture(scope="module")
def sign_on() -> Iterator[http.server.ThreadingHTTPServer]:
    service = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), SignOn)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield service
    service.shutdown()
    service.server_close()


@pytest.fixture(scope="module")
def site(echo_pool: Pool, sign_on: http.server.ThreadingHTTPServer) -> Iterator[Nginx]:
    changes = sign_on_changes(sign_on.server_address[1])
    server = Nginx(echo_pool.socket, echo_pool.socket, changes)
    yield server
    server.stop()


def signed_in(site: Nginx, session: str, *headers: tuple[str, str]) -> Reply:
    return ask(site.tls, "/admin/usage", headers=[("Cookie", f"session={session}"), *headers])


@pytest.mark.parametrize("user, role, user_id", [
    (ADMIN, "admin", ""), (USER, "", USER_ID), (LOOKALIKE, "", ""), ("nameless", "", ""),
])
def test_service_names_the_user(site: Nginx, user: str, role: str, user_id: str) -> None:
    seen = dict(signed_in(site, user).json()["parameters"])
    assert seen["REMOTE_USER"] == ("" if user == "nameless" else user)
    assert (seen["TALLY_ROLE"], seen["TALLY_USER_ID"]) == (role, user_id)


def test_client_does_not(site: Nginx) -> None:
    for name in ("X-Auth-Request-User", "Remote-User", "X-Forwarded-User"):
        seen = dict(signed_in(site, USER, (name, ADMIN)).json()["parameters"])
        assert (seen["REMOTE_USER"], seen["TALLY_ROLE"]) == (USER, "")
    basic_only = ask(site.tls, "/admin/usage", user=ADMIN)
    assert (basic_only.status, list(basic_only.json())) == (401, ["error"])


def test_refusal_and_failure_of_the_service_are_json(site: Nginx) -> None:
    for session, status in (("", 401), ("broken", 500)):
        reply = signed_in(site, session)
        assert (reply.status, list(reply.json())) == (status, ["error"])
        assert reply.header("Content-Type") == "application/json"


def test_service_is_not_reachable_from_outside(site: Nginx) -> None:
    assert ask(site.tls, "/_tally_auth", headers=[("Cookie", f"session={ADMIN}")]).status == 404


def test_a_password_beside_a_session_counts_for_nothing(site: Nginx) -> None:
    for password in ("correct horse", "wrong"):
        seen = dict(signed_in(site, USER, basic(ADMIN, password)).json()["parameters"])
        assert (seen["REMOTE_USER"], seen["TALLY_ROLE"], seen["TALLY_USER_ID"]) == (USER, "", USER_ID)


def test_the_log_names_whose_session_it_is(echo_pool: Pool, sign_on: http.server.ThreadingHTTPServer) -> None:
    log = scratch_directory("access", service_user("www-data")) / "access.log"
    changes = sign_on_changes(sign_on.server_address[1])
    changes["tally_locations"] = {**NO_LIMITS["tally_locations"],
                                  "include tally_errors;": Change(f"include tally_errors;\naccess_log {log} tally_access;")}
    server = Nginx(echo_pool.socket, echo_pool.socket, changes)
    try:
        for session, status in ((USER, 200), ("", 401)):
            assert signed_in(server, session, basic(ADMIN, "correct horse")).status == status
        lines = wait_until(lambda: log.exists() and log.read_text().count("\n") == 2 and log.read_text(), "two lines")
        assert [line.split()[2] for line in lines.splitlines()] == [USER, "-"]
    finally:
        server.stop()


def test_events_of_any_size_come_with_a_session(site: Nginx) -> None:
    def send(size: int) -> Reply:
        return ask(site.tls, "/v1/usage/events", method="POST", body=b" " * size,
                   headers=[("Cookie", f"session={SERVICE}"), ("Content-Length", str(size))])

    assert (send(1 << 20).json()["body"], dict(send(5).json()["parameters"])["TALLY_ROLE"]) == (1 << 20, "service")
    assert send((1 << 20) + 1).status == 413


def test_a_session_has_the_limits_of_its_user(echo_pool: Pool, sign_on: http.server.ThreadingHTTPServer) -> None:
    changes = {SITE: sign_on_changes(sign_on.server_address[1])[SITE]}
    server = Nginx(echo_pool.socket, echo_pool.socket, changes)
    held = [connect(server.plain) for _ in range(4)]
    try:
        for peer in held:
            peer.sendall(request_bytes(server.plain, "/v1/usage/stats?hang", headers=[("Cookie", f"session={USER}")]))
        answered, _, _ = select.select(held, [], [], 8)
        assert len(answered) == 1 and answered[0].recv(65536).startswith(b"HTTP/1.1 429 ")
        assert signed_in(server, ADMIN).status == 200
    finally:
        for peer in held:
            peer.close()
        server.stop()


# What an administrator may have edited of the three lines, and in them, and what may still stand there from before.
SERVICES = (None, "oauth2-proxy", "authelia", "oauth2", "Password ", "on")
EARLIER_MAPS = """
map $remote_user $tally_role    { default ""; "~^alice\\z" admin; }
map $remote_user $tally_user_id { default ""; "~^bob\\z"   7f2c1d1e-6a40-4c57-9d0c-2f4b8f1f3a11; }
"""


@pytest.mark.parametrize("service, address, earlier", itertools.product(SERVICES, (True, False), (True, False)))
def test_half_edited(echo_pool: Pool, sign_on: http.server.ThreadingHTTPServer, service: Optional[str], address: bool,
                     earlier: bool) -> None:
    """Whoever is let in is the one whose session, or whose password, was looked at, and has that one's role."""
    changes = {}
    if service:
        changes[PASSWORD_LINE] = Change(PASSWORD_LINE.replace("password", f'"{service}"'))
    if address:
        changes[ADDRESS_LINE] = Change(f'map "" $tally_sign_on_at {{ default http://127.0.0.1:{sign_on.server_address[1]}/; }}')
    if earlier:
        changes["# Where the pages are"] = Change(EARLIER_MAPS + "# Where the pages are")
    server = Nginx(echo_pool.socket, echo_pool.socket, {**NO_LIMITS, "tally.conf": changes})
    session = ("Cookie", f"session={USER}")
    try:
        for name, password, cookies in itertools.product((ADMIN, USER), ("correct horse", "wrong", None), ([], [session])):
            headers = [*cookies, *([basic(name, password)] if password else [])]
            reply = ask(server.plain, "/v1/usage/stats", headers=headers)
            proven = {None: name if password == "correct horse" else None,
                      "oauth2-proxy": USER if cookies and address else None,
                      "authelia": USER if cookies and address else None}.get(service)
            if proven is None:
                seen = dict(reply.json()["parameters"]) if reply.status == 200 else {}
                assert reply.status in (401, 500) or seen["REMOTE_USER"] == seen["TALLY_ROLE"] == "", (headers, reply)
                continue
            seen = dict(reply.json()["parameters"])
            assert (seen["REMOTE_USER"], seen["TALLY_ROLE"]) == (proven, "admin" if proven == ADMIN else ""), headers
    finally:
        server.stop()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_to_this_machine_and_to_users(echo_pool: Pool, sign_on: http.server.ThreadingHTTPServer,
                                                    path: str) -> None:
    elsewhere = {"tally_http": {**NO_LIMITS["tally_http"], "127.0.0.1 1;": Change("192.0.2.1 1;")}}
    for changes in (NO_LIMITS, sign_on_changes(sign_on.server_address[1])):
        server = Nginx(echo_pool.socket, echo_pool.socket, changes)
        far = Nginx(echo_pool.socket, echo_pool.socket, {**changes, **elsewhere})
        try:
            signed = [("Cookie", f"session={USER}"), basic(USER)]
            assert ask(server.plain, path).status == 200
            assert ask(far.plain, path).status == 401
            assert ask(far.plain, path, headers=[basic(USER, "wrong")]).status == 401
            assert ask(far.plain, path, headers=signed).status == 200
        finally:
            server.stop()
            far.stop()
