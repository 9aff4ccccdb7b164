"""GET /v1/usage/caller: who the web server says is asking."""

import json
from typing import Optional

import pytest

from apache import Apache
from client import ask, check_error
from nginx import Nginx
from pool import Settings
from shipped import ADMIN, SERVICE, STRANGER, USER, USER_ID
from worker import running

CALLER = "/v1/usage/caller"


@pytest.mark.parametrize("role", ["", "user", "service", "admin"])
@pytest.mark.parametrize("user_id", ["", USER_ID])
@pytest.mark.parametrize("tenancy", ["multi", "single"])
def test_what_the_web_server_says_is_told(settings: Settings, tenancy: str, role: str, user_id: str) -> None:
    with running(settings, {"service": {"tenancy": tenancy}}) as worker:
        identity = {"REMOTE_USER": "bob", "TALLY_ROLE": role, "TALLY_USER_ID": user_id}
        reply = worker.ask(CALLER, identity=identity)
        assert (reply.status, reply.body.decode()) == (200, json.dumps(
            {"user": "bob", "role": role or "user", "user_id": user_id or None, "tenancy": tenancy}, separators=(",", ":")))


@pytest.mark.parametrize("name, told", [
    ('"quoted\\name"', '"quoted\\name"'), ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ("Åse Ødegård", "Åse Ødegård"), ("x" * 255, "x" * 255), (b"not \xff UTF-8".decode("latin-1"), None),
])
def test_a_name_of_any_letters_is_json(settings: Settings, name: str, told: Optional[str]) -> None:
    with running(settings) as worker:
        reply = worker.ask(CALLER, identity={"REMOTE_USER": name})
        assert reply.status == 200
        assert told is None or reply.json()["user"] == told


def test_who_is_nobody_is_told_nothing(settings: Settings) -> None:
    with running(settings) as worker:
        assert worker.ask(CALLER, identity={}).status == 401
        assert worker.ask(CALLER, identity={"REMOTE_USER": "bob", "TALLY_ROLE": "root"}).status == 500


def test_it_is_told_without_a_database(settings: Settings) -> None:
    with running(settings, {"database": {"host": "/tmp/tally-nowhere"}}) as worker:
        assert worker.ask(CALLER, identity={"REMOTE_USER": "bob"}).status == 200


@pytest.mark.parametrize("user, role, user_id", [
    (ADMIN, "admin", None), (SERVICE, "service", None), (USER, "user", USER_ID), (STRANGER, "user", None)])
@pytest.mark.parametrize("way", ["nginx", "tls", "folder", "direct"])
def test_each_user_of_the_shipped_sites(nginx: Nginx, apache: Apache, way: str, user: str, role: str, user_id: Optional[str]) -> None:
    endpoint = nginx.tls if way == "nginx" else getattr(apache, way)
    reply = ask(endpoint, CALLER, user=user)
    assert reply.status == 200
    assert reply.json() == {"user": user, "role": role, "user_id": user_id, "tenancy": "multi"}
    assert ask(endpoint, CALLER, user=user, method="HEAD").body == b""
    check_error(ask(endpoint, CALLER), 401)
    check_error(ask(endpoint, CALLER, user=user, method="POST"), 405)
