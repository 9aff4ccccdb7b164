"""Who may ask for what, and what a user sees, in both tenancies."""

from typing import Iterator

import pytest

import fastcgi
from pool import Settings
from sample import OTHER_ID, OVERVIEW, STATS
from shipped import USER_ID
from worker import Worker, running, wait_for_log

Identity = dict[str, str]


@pytest.fixture(scope="module")
def multi(settings: Settings) -> Iterator[Worker]:
    with running(settings, {"service": {"tenancy": "multi"}}) as worker:
        yield worker


@pytest.fixture(scope="module")
def single(settings: Settings) -> Iterator[Worker]:
    with running(settings, {"service": {"tenancy": "single"}}) as worker:
        yield worker


def caller(role: str = "", user_id: str = "", user: str = "bob") -> Identity:
    return {"REMOTE_USER": user, "TALLY_ROLE": role, "TALLY_USER_ID": user_id}


# By role: the status of the statistic in multi tenancy, in single tenancy, and of the overview.
ROLES = [
    ({}, 401, 401, 401),
    ({"REMOTE_USER": "", "TALLY_ROLE": "admin"}, 401, 401, 401),
    ({"TALLY_ROLE": "admin"}, 401, 401, 401),
    ({"REMOTE_USER": "bob"}, 403, 200, 403),
    (caller(), 403, 200, 403),
    (caller("user"), 403, 200, 403),
    (caller("user", USER_ID), 200, 200, 403),
    (caller("", USER_ID), 200, 200, 403),
    (caller("service"), 200, 200, 403),
    (caller("service", USER_ID), 200, 200, 403),
    (caller("admin"), 200, 200, 200),
    (caller("admin", USER_ID), 200, 200, 200),
]


@pytest.mark.parametrize("identity, in_multi, in_single, overview", ROLES)
def test_roles(multi: Worker, single: Worker, identity: Identity, in_multi: int, in_single: int,
               overview: int) -> None:
    assert multi.ask(STATS, identity=identity).status == in_multi
    assert single.ask(STATS, identity=identity).status == in_single
    for worker in (multi, single):
        assert worker.ask(OVERVIEW, identity=identity).status == overview


@pytest.mark.parametrize("identity, told", [
    (caller("root"), 'unknown role "root"'),
    (caller("Admin"), 'unknown role "Admin"'),
    (caller("admin "), 'unknown role "admin "'),
    (caller("admin,user"), 'unknown role "admin,user"'),
    (caller("x" * 300), "unknown role"),
    (caller("user", "nonsense"), 'user id "nonsense"'),
    (caller("admin", USER_ID[:-1]), "user id"),
    (caller("user", f"{USER_ID}, {USER_ID}"), "user id"),
])
def test_malformed_identity_is_a_fault_of_the_server(settings: Settings, identity: Identity, told: str) -> None:
    for tenancy in ("multi", "single"):
        with running(settings, {"service": {"tenancy": tenancy}}) as worker:
            for target in (STATS, OVERVIEW):
                reply = worker.ask(target, identity=identity)
                assert (reply.status, reply.json()) == (500, {"error": "internal error"})
            assert " error: " in wait_for_log(worker, told)


@pytest.mark.case(36)
def test_forged_log_line_is_escaped(settings: Settings) -> None:
    with running(settings) as worker:
        forged = "2026-01-01T00:00:00.000Z tally[1] error: forged"
        assert worker.ask(STATS, identity=caller(f"x\n{forged}\r\x1b[31m")).status == 500
        line = wait_for_log(worker, "unknown role")
        assert "\\x0a" in line and "\\x0d" in line and "\\x1b" in line
        assert not any(other.startswith(forged) for other in worker.output().splitlines())


@pytest.mark.case(33)
@pytest.mark.parametrize("user", ["x" * 256, "a\nb", "a\tb", "\x01", "a\x7f"])
def test_impossible_users(multi: Worker, user: str) -> None:
    assert multi.ask(OVERVIEW, identity=caller("admin", user=user)).status == 401


@pytest.mark.parametrize("user", ["x" * 255, "a b", "Zoë", "a@b.example", '"', "\udcff"])
def test_unusual_users(multi: Worker, user: str) -> None:
    assert multi.ask(OVERVIEW, identity=caller("admin", user=user)).status == 200


@pytest.mark.case(34)
def test_client_headers_are_no_identity(multi: Worker) -> None:
    headers = {f"HTTP_{name}": value for name, value in caller("admin", USER_ID, "alice").items()}
    assert multi.ask(OVERVIEW, identity=headers).status == 401
    assert multi.ask(OVERVIEW, identity={**headers, "REMOTE_USER": "bob"}).status == 403


def test_user_sees_only_the_own_events(multi: Worker) -> None:
    reply = multi.ask(STATS, identity=caller("user", USER_ID))
    assert reply.json()["filters_applied"]["user_id"] == USER_ID
    assert reply.json()["totals"]["messages"] == 120
    assert multi.ask(f"{STATS}&user_id={USER_ID}", identity=caller("user", USER_ID)) == reply
    assert multi.ask(f"{STATS}&user_id={USER_ID.upper()}", identity=caller("user", USER_ID.upper())) == reply


@pytest.mark.parametrize("query", [f"user_id={OTHER_ID}", "user_id=00000000000000000000000000000000",
                                   f"thread_id=x&user_id={{{OTHER_ID}}}"])
def test_user_cannot_ask_for_another(multi: Worker, query: str) -> None:
    assert multi.ask(f"{STATS}&{query}", identity=caller("user", USER_ID)).status == 403


@pytest.mark.parametrize("role", ["service", "admin"])
def test_other_roles_filter_freely(multi: Worker, role: str) -> None:
    for own in ("", USER_ID):
        identity = caller(role, own)
        assert multi.ask(STATS, identity=identity).json()["totals"]["messages"] == 240
        for user in (USER_ID, OTHER_ID):
            members = multi.ask(f"{STATS}&user_id={user}", identity=identity).json()
            assert members["totals"]["messages"] == 120
            assert members["filters_applied"]["user_id"] == user


def test_single_tenancy_ignores_and_checks_ids(single: Worker) -> None:
    plain = single.ask(STATS)
    assert plain.json()["totals"]["messages"] == 240
    for name in ("user_id", "bot_id", "channel_id"):
        assert single.ask(f"{STATS}&{name}={OTHER_ID}") == plain
        assert single.ask(f"{STATS}&{name}=x").status == 400
    assert single.ask(f"{STATS}&user_id={OTHER_ID}", identity=caller("user", USER_ID)) == plain


def test_other_parameter_names(settings: Settings) -> None:
    names = {"auth": {"user_param": "WHO", "role_param": "WHAT", "user_id_param": "WHICH"}}
    with running(settings, names) as worker:
        assert worker.ask(OVERVIEW, identity=caller("admin")).status == 401
        assert worker.ask(OVERVIEW, identity={"WHO": "x", "WHAT": "admin"}).status == 200
        reply = worker.ask(STATS, identity={**fastcgi.ADMIN, "WHO": "x", "WHICH": USER_ID})
        assert reply.json()["filters_applied"]["user_id"] == USER_ID
