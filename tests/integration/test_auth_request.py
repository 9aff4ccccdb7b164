"""Single sign-on, the commented alternative in nginx/tally_locations, with a small service of our own."""

import http.server
import threading
from http.cookies import SimpleCookie
from typing import Iterator

import pytest

from client import Reply, ask
from nginx import NO_LIMITS, Nginx
from pool import Pool
from ports import free_port
from shipped import ADMIN, LOOKALIKE, USER, USER_ID, Change


class SignOn(http.server.BaseHTTPRequestHandler):
    """Knows a user by a cookie, as oauth2-proxy does."""

    def do_GET(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        name = cookie.value if cookie else ""
        self.send_response({"": 401, "broken": 500}.get(name, 202))
        if name and name != "nameless":
            self.send_header("X-Auth-Request-User", name)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def uncommented(lines: str) -> dict[str, Change]:
    """Each of these lines, as it stands in the file behind a '#', in force."""
    return {f"#{line}\n": Change(f"{line}\n") for line in lines.splitlines()}


def sign_on_changes(port: int) -> dict[str, dict[str, Change]]:
    locations = {
        'auth_basic           "Tally";\nauth_basic_user_file tally.htpasswd;\n': Change(""),
        "#auth_request_set $tally_user $upstream_http_x_auth_request_user;":
            Change("auth_request_set $tally_user $upstream_http_x_auth_request_user;"),
        "#    proxy_pass http://127.0.0.1:4180/oauth2/auth;":
            Change(f"    proxy_pass http://127.0.0.1:{port}/oauth2/auth;"),
        **uncommented("""\
auth_request     /_tally_auth;
location = /_tally_auth {
    internal;
    proxy_pass_request_body off;
    proxy_set_header Content-Length    "";
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header X-Original-URL    $scheme://$http_host$request_uri;
    proxy_set_header X-Original-URI    $request_uri;
}"""),
    }
    return {
        **NO_LIMITS,
        "tally_locations": locations,
        "tally_params": {"REMOTE_USER    $remote_user": Change("REMOTE_USER    $tally_user")},
        "tally.conf": {"map $remote_user ": Change("map $tally_user ", times=2)},
    }


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
