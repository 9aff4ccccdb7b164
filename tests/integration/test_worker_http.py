"""What a worker answers to requests of every kind: statuses, headers, paths, bad queries."""

import re
from datetime import datetime, timedelta, timezone
from typing import Iterator
from urllib.parse import quote

import pytest

import fastcgi
from client import Reply
from fastcgi import ADMIN
from pool import Settings
from postgres import Postgres
from sample import OVERVIEW, STATS
from worker import Worker, running, wait_for_log

ROUTES = ("/v1/usage/stats", "/admin/usage")


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[Worker]:
    with running(settings) as one:
        yield one


def check(reply: Reply, status: int, error: str = "") -> None:
    """The headers of every reply, and the one form of an error's body."""
    assert reply.status == status, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Content-Length") == str(len(reply.body))
    assert "no-store" in (reply.header("Cache-Control") or "")
    assert reply.header("X-Content-Type-Options") == "nosniff"
    if status != 200:
        members = reply.json()
        assert list(members) == ["error"] and members["error"], reply
        assert error in (members["error"], ""), reply


@pytest.mark.case(20, 37)
@pytest.mark.parametrize("target", [STATS, OVERVIEW])
def test_good_request(worker: Worker, target: str) -> None:
    reply = worker.ask(target)
    check(reply, 200)
    assert reply.header("Allow") is None and reply.header("Retry-After") is None
    assert reply.json()


@pytest.mark.parametrize("target, identity, status", [
    (STATS, ADMIN, 200),
    (OVERVIEW, ADMIN, 200),
    ("/v1/usage/stats?bucket=hour", ADMIN, 400),
    (STATS, {}, 401),
    (OVERVIEW, {"REMOTE_USER": "bob"}, 403),
    ("/nowhere", ADMIN, 404),
    (STATS, {**ADMIN, "TALLY_ROLE": "root"}, 500),
])
@pytest.mark.case(21)
def test_head_is_get_without_body(worker: Worker, target: str, identity: dict[str, str], status: int) -> None:
    get, head = (worker.ask(target, method, identity) for method in ("GET", "HEAD"))
    check(get, status)
    assert head.status == status
    assert head.headers == get.headers
    assert head.body == b""


@pytest.mark.case(22)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO", "get", "GET "])
def test_other_methods(worker: Worker, route: str, method: str) -> None:
    reply = worker.ask(route, method)
    check(reply, 405)
    assert reply.header("Allow") == "GET, HEAD"


@pytest.mark.parametrize("path", [
    "", "/", "/v1/usage", "/v1/usage/stats/", "/V1/usage/stats", "/v1//usage/stats", "//v1/usage/stats",
    "/v1/usage/stats;x", "/v1/usage/stats.css", "/v1/usage%2fstats", "v1/usage/stats", "/admin/usage/x",
    "/admin", "/admin/../v1/usage/stats", "/v1/usage/stat", "/v1/usage/statss",
    pytest.param("/" + "x" * 9000, id="long"),
])
@pytest.mark.case(24)
def test_unknown_paths(worker: Worker, path: str) -> None:
    check(worker.ask(path), 404)
    # An unknown path does not tell who would be let in.
    check(worker.ask(path, identity={}), 404)


@pytest.mark.case(23)
@pytest.mark.parametrize("method", [None, ""])
def test_missing_method_is_a_fault_of_the_server(settings: Settings, method: str) -> None:
    parameters = fastcgi.parameters_for(STATS)
    if method is None:
        del parameters["REQUEST_METHOD"]
    else:
        parameters["REQUEST_METHOD"] = method
    with running(settings) as worker:
        check(fastcgi.call(worker.socket, parameters), 500)
        wait_for_log(worker, "error: .*REQUEST_METHOD")


def test_missing_query_is_an_empty_one(worker: Worker) -> None:
    parameters = fastcgi.parameters_for("/admin/usage")
    with_empty = fastcgi.call(worker.socket, parameters)
    del parameters["QUERY_STRING"]
    without = fastcgi.call(worker.socket, parameters)
    check(without, 200)
    assert without == with_empty


@pytest.mark.case(25, 26)
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_body_of_get_is_ignored(worker: Worker, size: int) -> None:
    expected = worker.ask(STATS)
    for length in (str(size), "", "-1", "9e9", "1x"):
        parameters = {**fastcgi.parameters_for(STATS), "CONTENT_LENGTH": length}
        assert fastcgi.call(worker.socket, parameters, body=b"x" * size) == expected


@pytest.mark.parametrize("base, script_name, path_info, status", [
    ("", "/v1/usage/stats", "", 200),
    ("", "", "/v1/usage/stats", 200),
    ("", "/v1", "/usage/stats", 200),
    ("", "/api/v1/usage/stats", "", 404),
    ("/api", "/api/v1/usage/stats", "", 200),
    ("/api", "/api", "/v1/usage/stats", 200),
    ("/api", "/ap", "i/v1/usage/stats", 200),
    ("/api", "/v1/usage/stats", "", 404),
    ("/api", "/api", "", 404),
    ("/api", "/apiv1/usage/stats", "", 404),
    ("/api", "/api/api/v1/usage/stats", "", 404),
    ("/~site/usage/tally.fcgi", "/~site/usage/tally.fcgi", "/v1/usage/stats", 200),
])
def test_base_path(settings: Settings, base: str, script_name: str, path_info: str, status: int) -> None:
    query = STATS.partition("?")[2]
    with running(settings, {"service": {"base_path": base}}) as worker:
        parameters = {**fastcgi.parameters_for(script_name), "PATH_INFO": path_info, "QUERY_STRING": query}
        check(fastcgi.call(worker.socket, parameters), status)


@pytest.mark.parametrize("target, error", [
    ("/v1/usage/stats?bucket=hour",
     "bucket: unknown variant `hour`, expected one of `day`, `week`, `month`, `none`"),
    ("/v1/usage/stats?bucket=%00", "bucket: unknown variant `\0`, expected one of `day`, `week`, `month`, `none`"),
    ("/v1/usage/stats?bucket=day&bucket=day", "duplicate field `bucket`"),
    ("/v1/usage/stats?user_id=", "user_id: UUID parsing failed: invalid length: expected length 32 for simple"
     " format, found 0"),
    ("/v1/usage/stats?bot_id=xyz", "bot_id: UUID parsing failed: invalid character: found `x` at 1"),
    ("/v1/usage/stats?since=2026", "since: premature end of input"),
    ("/v1/usage/stats?until=yesterday", "until: input contains invalid characters"),
    ("/v1/usage/stats?since=2026-02-30T00:00:00Z", "since: input is out of range"),
    ("/v1/usage/stats?until=2026-02-03T00:00:00Zx", "until: trailing input"),
    ("/v1/usage/stats?since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z",
     "since: must not be later than until"),
    ("/v1/usage/stats?since=9999-01-01T00:00:00Z", "since: must not be later than until"),
    ("/admin/usage?days=", "days: cannot parse integer from empty string"),
    ("/admin/usage?days=1e1", "days: invalid digit found in string"),
    ("/admin/usage?days=+5", "days: invalid digit found in string"),
    ("/admin/usage?days=2147483648", "days: number too large to fit in target type"),
    ("/admin/usage?days=-2147483649", "days: number too small to fit in target type"),
    ("/admin/usage?collection_id=1&days=x", "collection_id: UUID parsing failed: invalid length: expected length"
     " 32 for simple format, found 1"),
])
@pytest.mark.case(27, 28, 29, 30)
def test_bad_queries(worker: Worker, target: str, error: str) -> None:
    check(worker.ask(target), 400, error)


def test_lost_plus_is_explained(worker: Worker) -> None:
    reply = worker.ask("/v1/usage/stats?since=2026-03-01T00:00:00+00:00")
    check(reply, 400)
    assert re.fullmatch(r"since: input contains invalid characters; .*%2B.*|since: [a-z ]+; .*%2B.*",
                        reply.json()["error"])


@pytest.mark.case(27)
@pytest.mark.parametrize("query", [
    "&&&", "=", pytest.param("&".join(f"unknown{n}=x" for n in range(1000)), id="many"),
    pytest.param("unknown=" + "x" * 60_000, id="long"), "days[]=x&Days=y",
    "%zz=%&%00days=x", "day%73=7", "days=%2B7", "days=0007",
])
def test_good_queries(worker: Worker, query: str) -> None:
    check(worker.ask(f"/admin/usage?{query}"), 200)


@pytest.mark.case(32)
@pytest.mark.parametrize("thread", ["' or '1'='1", "%", "_", "\\", "thread 1\0", "thread 1 ", "\udcff", "$1", ""])
def test_filter_is_literal(worker: Worker, thread: str) -> None:
    value = quote(thread.encode("utf-8", "surrogateescape"))
    reply = worker.ask(f"{STATS}&thread_id={value}")
    check(reply, 200)
    assert reply.json()["totals"]["messages"] == 0
    assert reply.json()["filters_applied"]["thread_id"] == thread.replace("\udcff", "\ufffd")


def test_filter_finds_its_events(worker: Worker) -> None:
    reply = worker.ask(f"{STATS}&thread_id=thread%201&bucket=none")
    assert reply.json()["totals"]["messages"] == 48


def test_default_window_ends_now(worker: Worker, postgres: Postgres) -> None:
    before = postgres.sql("select now()")[0][0]
    filters = worker.ask("/v1/usage/stats").json()["filters_applied"]
    after = postgres.sql("select now()")[0][0]
    since, until = (datetime.fromisoformat(filters[name]) for name in ("since", "until"))
    assert before <= until <= after
    assert until - since == timedelta(days=30)
    assert until.tzinfo == timezone.utc


def test_refused_query_does_not_harm_the_next(worker: Worker) -> None:
    """What is found wrong only once the database has told the time ends a query half-way."""
    expected = worker.ask(STATS)
    check(expected, 200)
    for _ in range(100):
        check(worker.ask("/v1/usage/stats?since=9999-01-01T00:00:00Z"), 400)
        assert worker.ask(STATS) == expected
