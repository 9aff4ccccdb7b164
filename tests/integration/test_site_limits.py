"""The limits of the shipped nginx site: passwords that are tried, and requests of one user that are under way."""

import select
import socket
import threading
import time
from contextlib import contextmanager
from typing import Callable, Iterator

import pytest

from client import Endpoint, ask, basic, check_error, connect, converse, parse, request_bytes
from nginx import NO_LIMITS, Nginx
from pool import Pool
from postgres import Postgres
from shipped import ADMIN, SERVICE, STRANGER, USER, Change
from wait import wait_until
from worker import settings_for

EVENT = b'{"resource_type":"x"}'
WRONG = [basic(USER, "wrong")]


def guesses(endpoint: Endpoint, path: str, number: int, name: str = USER, *headers: tuple[str, str]) -> list[int]:
    """The statuses that many guesses get that are sent without waiting for one another."""
    request = request_bytes(endpoint, path, headers=[basic(name, "wrong"), *headers])
    pipeline = request.replace(b"Connection: close\r\n", b"") * (number - 1) + request
    return [int(answer[:3]) for answer in converse(endpoint, pipeline).split(b"HTTP/1.1 ")[1:]]


@pytest.fixture
def quick(echo_pool: Pool) -> Iterator[Nginx]:
    """All limits as they are shipped; but guesses that nobody delays, so that they take no time, and few at once."""
    few = {**{old: Change(new.new) for old, new in NO_LIMITS["tally_locations"].items() if "auth_delay" in old},
           "limit_req zone=tally_guesses burst=400": Change("limit_req zone=tally_guesses burst=20", 5),
           "limit_req zone=tally_guesses   burst=400": Change("limit_req zone=tally_guesses burst=20")}
    address = "# What Tally's servers share,"
    server = Nginx(echo_pool.socket, echo_pool.socket, {
        "tally_locations": few,
        "tally_http": {address: Change(f"set_real_ip_from 127.0.0.1;\nreal_ip_header X-From;\n{address}")}})
    yield server
    server.stop()


@pytest.mark.parametrize("path", ["/v1/usage/stats", "/v1/usage/caller", "/admin/usage", "/v1/usage/events", "/healthz"])
def test_guesses_of_one_user_have_a_limit(quick: Nginx, path: str) -> None:
    statuses = guesses(quick.plain, path, 100, USER, ("X-From", "192.0.2.7"))
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 40
    # Another route is no way around it, nor is the right password found among the wrong ones.
    other = "/v1/usage/stats" if path != "/v1/usage/stats" else "/v1/usage/events"
    assert guesses(quick.plain, other, 100, USER, ("X-From", "192.0.2.7")).count(401) <= 20
    # Neither the same user elsewhere nor another one here is kept out.
    assert ask(quick.plain, "/v1/usage/stats", user=USER, headers=[("X-From", "192.0.2.8")]).status == 200
    assert ask(quick.plain, "/v1/usage/stats", user=STRANGER, headers=[("X-From", "192.0.2.7")]).status == 200


def test_an_address_of_ipv6_stands_for_its_network(quick: Nginx) -> None:
    for number in range(1, 30):
        guesses(quick.plain, "/v1/usage/stats", 2, USER, ("X-From", f"2001:db8:1:2:{number:x}::{number:x}"))
    assert 429 in guesses(quick.plain, "/v1/usage/stats", 10, USER, ("X-From", "2001:db8:1:2::abcd"))
    assert guesses(quick.plain, "/v1/usage/stats", 1, USER, ("X-From", "2001:db8:1:3::1")) == [401]


def test_services_have_the_rate_of_their_events(quick: Nginx) -> None:
    request = request_bytes(quick.plain, "/v1/usage/events", user=SERVICE)
    pipeline = request.replace(b"Connection: close\r\n", b"") * 199 + request
    answers = converse(quick.plain, pipeline).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 200


def test_a_wrong_password_is_told_later(echo_pool: Pool) -> None:
    server = Nginx(echo_pool.socket, echo_pool.socket, {})
    try:
        for headers, least in ((WRONG, 0.9), ([basic(USER)], 0)):
            begun = time.monotonic()
            reply = ask(server.plain, "/v1/usage/stats", headers=headers)
            assert (reply.status, time.monotonic() - begun >= least) == (401 if least else 200, True)
    finally:
        server.stop()


# ---- Requests under way ----

class Held:
    """Requests that nobody answers yet."""

    def __init__(self, endpoint: Endpoint):
        self.endpoint, self.peers = endpoint, []

    def begin(self, request: bytes) -> socket.socket:
        peer = connect(self.endpoint)
        self.peers.append(peer)
        peer.sendall(request)
        return peer

    def close(self) -> None:
        for peer in self.peers:
            peer.close()


@contextmanager
def held(endpoint: Endpoint) -> Iterator[Held]:
    requests = Held(endpoint)
    try:
        yield requests
    finally:
        requests.close()


@pytest.fixture(scope="module")
def shipped_site(echo_pool: Pool) -> Iterator[Nginx]:
    server = Nginx(echo_pool.socket, echo_pool.socket, {})
    yield server
    server.stop()


@pytest.mark.parametrize("path, user, most", [
    ("/v1/usage/stats", USER, 3), ("/admin/usage", ADMIN, 3), ("/v1/usage/events", SERVICE, 64)])
def test_requests_of_one_user_that_are_under_way(shipped_site: Nginx, path: str, user: str, most: int) -> None:
    endpoint = shipped_site.plain
    hanging = request_bytes(endpoint, f"{path}?hang", user=user)
    with held(endpoint) as requests:
        for _ in range(most + 1):
            requests.begin(hanging)
        answered, _, _ = select.select(requests.peers, [], [], 8)
        assert len(answered) == 1
        refused = parse(b"".join(iter(lambda: answered[0].recv(65536), b"")))
        check_error(refused, 429)
        assert refused.header("Retry-After") == "1"
        # Whoever claims to be that user takes nothing away from others, nor from that user.
        assert ask(endpoint, path, headers=[basic(user, "wrong")]).status == 401
        if most == 3:
            assert ask(endpoint, path, user=STRANGER).status == 200
    wait_until(lambda: ask(endpoint, path, user=user).status == 200, "its place to be free again")


# ---- Pools ----

@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    cluster = Postgres()
    cluster.create_database("senders")
    yield cluster
    cluster.stop("immediate")


@pytest.fixture(scope="module")
def site(own: Postgres) -> Iterator[Nginx]:
    """Pools as they are shipped, on a database of their own."""
    settings = settings_for(own, "senders")
    pools = {name: Pool(settings, workers) for name, workers in
             (("tally", 4), ("tally-admin", 4), ("tally-events", 4), ("tally-health", 1))}
    server = Nginx(pools["tally"].socket, pools["tally-admin"].socket, NO_LIMITS,
                   {name: pool.socket for name, pool in pools.items()})
    yield server
    server.stop()
    for pool in pools.values():
        pool.stop()


def stall_commits(own: Postgres) -> Callable[[], None]:
    own.sql("alter system set synchronous_standby_names = 'nobody'")
    own.sql("alter role tally_web in database senders set synchronous_commit = on")
    own.sql("alter database senders set synchronous_commit = on")
    own.sql("select pg_reload_conf()")
    own.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tally_web'")

    def mend() -> None:
        own.sql("alter system reset synchronous_standby_names")
        own.sql("select pg_reload_conf()")
    return mend


def lock_log(own: Postgres) -> Callable[[], None]:
    """As create index does."""
    connection = own.connect("senders")
    connection.execute("begin")
    connection.execute("lock table resource_usage_log in share mode")
    return connection.close


@pytest.mark.parametrize("stall", [stall_commits, lock_log])
def test_senders_that_hang_hold_up_nobody_else(own: Postgres, site: Nginx, stall: Callable[[Postgres], Callable[[], None]]) -> None:
    paths = [("/v1/usage/stats", ADMIN), ("/admin/usage", ADMIN), ("/healthz", None), ("/readyz", None)]
    for path, user in paths:
        wait_until(lambda path=path, user=user: ask(site.plain, path, user=user).status == 200, path)
    mend = stall(own)
    try:
        body = request_bytes(site.plain, "/v1/usage/events", user=SERVICE, method="POST", body=EVENT, headers=[
            ("Content-Type", "application/json"), ("Content-Length", str(len(EVENT)))])
        senders = [threading.Thread(target=converse, args=(site.plain, body)) for _ in range(8)]
        for sender in senders:
            sender.start()
        wait_until(lambda: own.sql("select 1 from pg_stat_activity where usename = 'tally_web' and "
                                   "(wait_event = 'SyncRep' or wait_event_type = 'Lock')"), "a sender to hang")
        for path, user in paths * 3:
            begun = time.monotonic()
            assert wait_until(lambda path=path, user=user: ask(site.plain, path, user=user).status == 200, path, 5)
            assert time.monotonic() - begun < 2, path
        assert any(sender.is_alive() for sender in senders)
    finally:
        mend()
    for sender in senders:
        sender.join()


def test_each_pool_of_the_site_has_its_routes(echo_pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere") / "nowhere.sock"
    routes = {"tally": "/v1/usage/stats", "tally-admin": "/admin/usage", "tally-events": "/v1/usage/events",
              "tally-health": "/healthz"}
    for name in routes:
        more = {other: echo_pool.socket if other == name else nowhere for other in routes}
        server = Nginx(more["tally"], more["tally-admin"], NO_LIMITS, more)
        try:
            for other, path in routes.items():
                assert ask(server.plain, path, user=ADMIN).status == (200 if other == name else 502), (name, path)
        finally:
            server.stop()
