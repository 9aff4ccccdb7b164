"""Parameters of every spelling, through the shipped nginx: the documented value, or 400 that names it."""

import json
from typing import Iterator
from urllib.parse import quote

import pytest

from client import Reply, ask, check_error
from nginx import Nginx
from postgres import Postgres
from sample import STATS
from shipped import ADMIN
from worker import Worker, running, settings_for

UUID = "7f2c1d1e-6a40-4c57-9d0c-2f4b8f1f3a11"
BARE = UUID.replace("-", "")


def ask_admin(nginx: Nginx, target: str) -> Reply:
    return ask(nginx.plain, target, user=ADMIN)


def check_refused(reply: Reply, name: str) -> None:
    check_error(reply, 400)
    assert reply.json()["error"].startswith(f"{name}: ")


@pytest.mark.case(28)
@pytest.mark.parametrize("days, good", [
    ("1", True), ("365", True), ("366", True), ("0", True), ("-5", True), ("07", True), ("2147483647", True),
    ("-2147483648", True), ("-0", True), ("%2B7", True), ("", False), ("%207", False), ("7%20", False),
    ("+7", False), ("1e1", False), ("1.0", False), ("0x10", False), ("2147483648", False), ("-2147483649", False),
    ("9" * 400, False), ("%D9%A7", False), ("7%00", False), ("NaN", False), ("--1", False), ("-", False),
])
def test_days(nginx: Nginx, days: str, good: bool) -> None:
    reply = ask_admin(nginx, f"/admin/usage?days={days}")
    if good:
        assert reply.status == 200 and set(reply.json()) == {"by_collection", "ai_drilldown", "daily"}
    else:
        check_refused(reply, "days")


@pytest.mark.case(28)
@pytest.mark.parametrize("days, same_as", [("0", "1"), ("-5", "1"), ("366", "365"), ("2147483647", "365"), ("07", "7")])
def test_days_are_clamped(nginx: Nginx, days: str, same_as: str) -> None:
    assert ask_admin(nginx, f"/admin/usage?days={days}").body == ask_admin(nginx, f"/admin/usage?days={same_as}").body


@pytest.mark.case(29)
@pytest.mark.parametrize("name", ["user_id", "bot_id", "channel_id"])
@pytest.mark.parametrize("text, good", [
    (UUID, True), (UUID.upper(), True), (BARE, True), (BARE.upper(), True), ("{" + UUID + "}", True),
    (f"urn:uuid:{UUID}", True), (UUID[:-1], False), (UUID + "0", False), (BARE[:-1], False), ("{" + UUID, False),
    (f"urn:UUID:{UUID}", False), (UUID.replace("-", "_"), False), (f" {UUID}", False), (f"{UUID}\0", False),
    (f"{UUID},{UUID}", False), ("\U0001d7d8" * 32, False), ("g" * 32, False), ("nil", False), ("-" * 36, False),
])
def test_uuids(nginx: Nginx, name: str, text: str, good: bool) -> None:
    reply = ask_admin(nginx, f"{STATS}&{name}={quote(text)}")
    if good:
        assert reply.json()["filters_applied"][name] == UUID
    else:
        check_refused(reply, name)


@pytest.mark.case(30)
@pytest.mark.parametrize("text, echo", [
    ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00+00:00"), ("2026-03-01t00:00:00z", "2026-03-01T00:00:00+00:00"),
    ("2026-03-01T01:00:00%2B01:00", "2026-03-01T00:00:00+00:00"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
    ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60+00:00"), ("2026-03-01T00:00:00.5Z", "2026-03-01T00:00:00.500+00:00"),
    ("2026-03-01T00:00:00-00:00", "2026-03-01T00:00:00+00:00"), ("%2B10000-01-01T00:00:00Z", None), ("", None),
    ("2026-03-01", None), ("2026-03-01T00:00:00", None), ("2026-03-01T00:00:00+01:00", None),
    ("10000-01-01T00:00:00Z", None), ("2026-02-29T00:00:00Z", None), ("2026-03-01T24:00:00Z", None),
    ("2026-03-01T00:00:00Z%00", None), ("now", None), ("infinity", None), ("-infinity", None), ("1772323200", None),
    ("2026-03-01T00:00:00.1234567891234Z", "2026-03-01T00:00:00.123456789+00:00"),
])
def test_times(nginx: Nginx, text: str, echo: str) -> None:
    reply = ask_admin(nginx, f"/v1/usage/stats?since={text}")
    # A year beyond four digits is read; whether it is before "now" decides then.
    if echo:
        assert reply.json()["filters_applied"]["since"] == echo
    else:
        check_refused(reply, "since")


@pytest.mark.case(30)
def test_a_window_the_wrong_way_round(nginx: Nginx) -> None:
    check_refused(ask_admin(nginx, "/v1/usage/stats?since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z"), "since")
    same = ask_admin(nginx, "/v1/usage/stats?since=2026-03-02T00:00:00Z&until=2026-03-02T00:00:00Z")
    assert same.status == 200 and same.json()["buckets"] == []


@pytest.mark.case(27)
@pytest.mark.parametrize("query, name", [
    ("bucket=day&bucket=week", "duplicate field `bucket`"), ("bucket=%zz", "bucket"), ("bucket=%00", "bucket"),
    ("bucket=day%00", "bucket"), ("user_id=%ff", "user_id"), ("since=%C3%28", "since"), ("bucket=" + "x" * 8000, "bucket"),
    ("&&&bucket=&&&", "bucket"), ("&".join(["a=b"] * 1000) + "&bucket=x", "bucket"), ("bucket=+day", "bucket"),
    ("user_id=" + "%00" * 2600, "user_id"),
])
def test_malformed_queries(nginx: Nginx, query: str, name: str) -> None:
    reply = ask_admin(nginx, f"/v1/usage/stats?{query}")
    check_error(reply, 400)
    assert reply.json()["error"].startswith(name)
    # What the client sent may come back once, and no more than that.
    assert len(reply.body) < 6 * len(query) + 300


@pytest.mark.case(27)
@pytest.mark.parametrize("query", ["&&&", "=", "%", "bucket", "&".join(f"x{n}=y" for n in range(1000)), "x=" + "y" * 8000])
def test_odd_queries_without_a_fault(nginx: Nginx, query: str) -> None:
    reply = ask_admin(nginx, f"{STATS}&{query}")
    assert reply.status == (400 if query == "bucket" else 200)


# ---- With events of its own ----

TEXTS = ("' or '1'='1", "'; drop table resource_usage_log; --", "%", "_", "a%b", "\\", "\\'", "$1", "$$", "\"", "{}", "[x]",
         "null", "NULL", "", " ", "\t\r\n", "\x1b[31m", "\x7f", "</script><script>alert(1)</script>", "\u2028", "\ufeff",
         "é", "e\u0301", "\U0001f4a9", "=1+1", "x" * 2000, "\\u0000", "../../etc/passwd", "%s%n", "thread\\", "ſ", "İ")


@pytest.fixture(scope="module")
def worker(postgres: Postgres) -> Iterator[Worker]:
    name = postgres.create_database("hostile")
    for number, text in enumerate(TEXTS):
        for column in ("thread_id", "agent_id"):
            postgres.sql(f"insert into resource_usage_log (created_at, resource_type, {column}, detail)"
                         " values (%s, 'ai', %s, %s)", "2026-03-05T00:00:00Z", text,
                         json.dumps({"tokens_in": number + 1}), dbname=name)
    postgres.sql("insert into resource_usage_log (created_at, resource_type) select timestamptz '0101-01-01 00:00+00'"
                 " + n * interval '100 years', 'ai' from generate_series(0, 60) n", dbname=name)
    with running(settings_for(postgres, name)) as one:
        yield one


@pytest.mark.case(32)
@pytest.mark.parametrize("name", ["thread_id", "agent_id"])
def test_texts_are_compared_literally(worker: Worker, name: str) -> None:
    for number, text in enumerate(TEXTS):
        reply = worker.ask(f"{STATS}&{name}={quote(text)}&bucket=none")
        assert reply.status == 200, text
        assert reply.json()["totals"]["input_tokens"] == number + 1, text
        assert reply.json()["filters_applied"][name] == text
        assert all(byte >= 0x20 for byte in reply.body), text


@pytest.mark.case(31)
@pytest.mark.parametrize("bucket, most", [("day", 61), ("week", 61), ("month", 61), ("none", 1)])
def test_ten_thousand_years(worker: Worker, bucket: str, most: int) -> None:
    """Only what has events is a bucket, however long the window."""
    reply = worker.ask(f"/v1/usage/stats?since=0001-01-01T00:00:00Z&until=9999-12-31T00:00:00Z&bucket={bucket}")
    assert reply.status == 200
    assert most <= len(reply.json()["buckets"]) <= most + 1
    assert reply.json()["totals"]["messages"] == 61 + 2 * len(TEXTS)


@pytest.mark.case(31)
def test_a_huge_thread_id(worker: Worker, nginx: Nginx) -> None:
    reply = worker.ask(f"{STATS}&thread_id={'x' * 60_000}")
    assert reply.status == 200 and len(reply.body) < 61_000
    check_error(ask_admin(nginx, f"{STATS}&thread_id={'x' * 60_000}"), 414)
