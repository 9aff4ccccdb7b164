"""GET /v1/usage/caller: who asks, as the web server says it, through the worker alone and behind each server."""

import json
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest

import fastcgi
from apache import Apache
from client import Endpoint, Reply, ask, basic, check_error
from nginx import Nginx
from sample import OTHER_ID
from shipped import ADMIN, LOOKALIKE, SERVICE, STRANGER, USER, USER_ID
from worker import Worker, running, wait_for_log

CALLER = "/v1/usage/caller"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Without a database: none is asked."""
    with running({"database": {"host": tmp_path_factory.mktemp("none"), "dbname": "none"}}) as one:
        yield one


def identity(user: str = "ada", role: str = "", user_id: str = "") -> dict[str, str]:
    return {"REMOTE_USER": user, "TALLY_ROLE": role, "TALLY_USER_ID": user_id}


def told(user: str, role: str, user_id: Optional[str], tenancy: str = "multi") -> dict[str, Any]:
    return {"user": user, "role": role, "user_id": user_id, "tenancy": tenancy}


def members(reply: Reply) -> dict[str, Any]:
    """The members of a good reply, which is UTF-8 and compact."""
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Cache-Control") == "private, no-store"
    text = reply.body.decode("utf-8", "strict")
    found: dict[str, Any] = json.loads(text)
    assert text == json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    assert list(found) == ["user", "role", "user_id", "tenancy"]
    return found


IDENTITIES = [
    ({"REMOTE_USER": "ada"}, "user", None),
    (identity(), "user", None),
    (identity(role="user"), "user", None),
    (identity(user_id=USER_ID), "user", USER_ID),
    (identity(user_id=USER_ID.upper()), "user", USER_ID),
    (identity(role="service"), "service", None),
    (identity(role="service", user_id=USER_ID), "service", USER_ID),
    (identity(role="admin"), "admin", None),
    (identity(role="admin", user_id=USER_ID), "admin", USER_ID),
]


@pytest.mark.parametrize("who, role, user_id", IDENTITIES)
def test_it_says_who_asks(worker: Worker, who: dict[str, str], role: str, user_id: Optional[str]) -> None:
    assert members(worker.ask(CALLER, identity=who)) == told("ada", role, user_id)


def test_single_tenancy(tmp_path: Path) -> None:
    with running({"database": {"host": tmp_path}, "service": {"tenancy": "single"}}) as worker:
        for who, role, user_id in IDENTITIES:
            assert members(worker.ask(CALLER, identity=who)) == told("ada", role, user_id, "single")


@pytest.mark.parametrize("who", [{}, identity(user=""), identity(user="", role="admin"), {"TALLY_ROLE": "admin"},
                                 {f"HTTP_{name}": value for name, value in identity(role="admin").items()}])
def test_nobody(worker: Worker, who: dict[str, str]) -> None:
    check_error(worker.ask(CALLER, identity=who), 401)


@pytest.mark.parametrize("who, logged", [
    (identity(role="root"), 'unknown role "root"'),
    (identity(role="admin "), 'unknown role "admin "'),
    (identity(user_id="nonsense"), 'user id "nonsense"'),
    (identity(role="admin", user_id=USER_ID[:-1]), "user id"),
])
def test_malformed_identity_is_a_fault_of_the_server(worker: Worker, who: dict[str, str], logged: str) -> None:
    reply = worker.ask(CALLER, identity=who)
    check_error(reply, 500)
    assert reply.json() == {"error": "internal error"}
    wait_for_log(worker, logged)


@pytest.mark.parametrize("user, shown", [
    (user, user) for user in ('"', "\\", '","role":"admin', "a b", "</script>", "Zoë", "\U0001f600", "\u2028", "\x80",
                              "%22", "\\u0022", "null", "x" * 255)
] + [("\udcff", "\ufffd"), ("a\udcc3", "a\ufffd"), ("\udced\udca0\udc80", "\ufffd" * 3), ("\udcc0\udca2", "\ufffd" * 2)])
def test_unusual_users(worker: Worker, user: str, shown: str) -> None:
    """A lone surrogate stands for a byte that is not UTF-8."""
    assert members(worker.ask(CALLER, identity=identity(user))) == told(shown, "user", None)


@pytest.mark.parametrize("user", ["x" * 256, "a\nb", "\x01", "a\x7f"])
def test_impossible_users(worker: Worker, user: str) -> None:
    check_error(worker.ask(CALLER, identity=identity(user, "admin")), 401)


def test_methods(worker: Worker) -> None:
    get, head = (worker.ask(CALLER, method) for method in ("GET", "HEAD"))
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        reply = worker.ask(CALLER, method)
        check_error(reply, 405)
        assert reply.header("Allow") == "GET, HEAD"


def test_query_and_other_paths(worker: Worker) -> None:
    plain = worker.ask(CALLER)
    assert worker.ask(f"{CALLER}?user=x&role=service&user_id={OTHER_ID}&tenancy=single&%zz") == plain
    for path in (f"{CALLER}/", "/v1/usage/callers", "/v1/usage/call", "/v1/Usage/caller"):
        check_error(worker.ask(path), 404)


def test_configured_parameters(tmp_path: Path) -> None:
    names = {"user_param": "WHO", "role_param": "WHAT", "user_id_param": "WHICH"}
    with running({"database": {"host": tmp_path}, "auth": names}) as worker:
        who = {**fastcgi.ADMIN, "WHO": "x", "WHAT": "service", "WHICH": USER_ID}
        assert members(worker.ask(CALLER, identity=who)) == told("x", "service", USER_ID)


# Through the shipped configurations.

@pytest.fixture(params=["nginx plain", "nginx tls", "apache tls", "apache folder", "apache direct"])
def endpoint(request: pytest.FixtureRequest, nginx: Nginx, apache: Apache) -> Endpoint:
    server, way = request.param.split()
    return getattr({"nginx": nginx, "apache": apache}[server], way)


@pytest.mark.parametrize("user, role, user_id", [
    (ADMIN, "admin", None), (SERVICE, "service", None), (USER, "user", USER_ID), (LOOKALIKE, "user", None),
    (STRANGER, "user", None),
])
def test_each_user_of_the_shipped_files(endpoint: Endpoint, user: str, role: str, user_id: Optional[str]) -> None:
    assert members(ask(endpoint, CALLER, user=user)) == told(user, role, user_id)


def test_through_a_server(endpoint: Endpoint) -> None:
    for headers in ([], [basic(ADMIN, "wrong")], [("Remote-User", ADMIN), ("Tally-Role", "admin")]):
        check_error(ask(endpoint, CALLER, headers=headers), 401)
    reply = ask(endpoint, CALLER, user=USER, headers=[("Remote-User", ADMIN), ("Tally-Role", "admin"), ("Tally-User-Id", OTHER_ID)])
    assert members(reply) == told(USER, "user", USER_ID)
    head = ask(endpoint, CALLER, user=USER, method="HEAD")
    assert (head.status, head.body, head.header("Content-Length")) == (200, b"", str(len(reply.body)))
    wrong_method = ask(endpoint, CALLER, user=USER, method="DELETE")
    check_error(wrong_method, 405)
    assert wrong_method.header("Allow") == "GET, HEAD"
    check_error(ask(endpoint, f"{CALLER}/", user=USER), 404)
