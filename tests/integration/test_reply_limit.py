"""Replies that would be too large: refused with what to ask for instead, and no worker grows beyond reason."""

import re
from pathlib import Path
from typing import Iterator, Optional

import pytest

import sample
from client import Reply
from endless import Endless
from pool import Settings
from postgres import WEB_ROLE, Postgres
from process import worker_binary
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import Worker, backends, lift_limits, running, settings_for, wait_for_log

MIB = 1 << 20
LARGER = "the reply would be larger than max_reply: "
FEWER_DAYS = LARGER + "ask for fewer days (days=) or one collection (collection_id=)"
SHORTER = LARGER + "ask for a shorter time (since=, until=) or longer buckets (bucket=)"
COLLECTION = "c0000000-0000-4000-8000-000000000001"
YEARS = "/v1/usage/stats?since=0001-01-01T00:00:00Z&until=3000-01-01T00:00:00Z"
SANITIZED = b"__asan_init" in worker_binary().read_bytes()

# In units of the limit: what a row holds.
LONG = {
    "job type": ("ai", {"job_type": 1.25}, 0.0),
    "model level": ("ai", {"model_level": 1.25}, 0.0),
    "type": ("type", {}, 0.0),
    "title": ("ai", {}, 1.25),
    "all together": ("ai", {"job_type": 0.4, "model_level": 0.4}, 0.4),
}


@pytest.fixture(scope="module")
def dbname(postgres: Postgres) -> str:
    name = postgres.create_database("reply_limit")
    lift_limits(postgres, name)
    return name


def fill(postgres: Postgres, dbname: str, events: str, *parameters: object) -> None:
    postgres.sql("truncate resource_usage_log, nodes", dbname=dbname)
    postgres.sql(f"insert into resource_usage_log (resource_type, collection_id, created_at, detail) {events}",
                 *parameters, dbname=dbname)


def limited(postgres: Postgres, dbname: str, most: Optional[int] = None, rollups: bool = False) -> Settings:
    return {"database": {**settings_for(postgres, dbname)["database"], "query_timeout": 120_000}, "reports": {"rollups": "yes" if rollups else "no", "upkeep": "no"},
            **({} if most is None else {"service": {"max_reply": most}})}


def peak(worker: Worker) -> int:
    """The most memory that the worker had, in bytes."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{worker.pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def check_too_large(reply: Reply, text: str) -> None:
    assert (reply.status, reply.json(), reply.header("Retry-After")) == (503, {"error": text}, None)


@pytest.mark.parametrize("most, peak_most, rollups", [(None, 200 * MIB, True), (MIB, 16 * MIB, False)],
                         ids=["default", "1 MiB"])
@pytest.mark.parametrize("count, megabytes", [(1, 80), (16, 8), (1, 60)])
def test_long_names(postgres: Postgres, dbname: str, most: Optional[int], peak_most: int, rollups: bool, count: int,
                    megabytes: int) -> None:
    """Of control characters, six bytes in a reply."""
    fill(postgres, dbname, "select 'ai', null, now() - interval '1 hour', jsonb_build_object('job_type',"
         " number || repeat(chr(1), %s::int * 1000000)) from generate_series(1, %s::int) number", megabytes, count)
    with running(limited(postgres, dbname, most, rollups)) as worker:
        assert worker.ask(STATS).status == 200
        before = worker.memory()
        for _ in range(2):
            check_too_large(worker.ask(OVERVIEW, seconds=120), FEWER_DAYS)
        assert SANITIZED or peak(worker) < peak_most
        assert worker.ask(STATS).status == 200
        if not SANITIZED:
            wait_until(lambda: worker.memory() <= before + 2 * MIB, "the worker's memory to go back", 2)
        assert wait_for_log(worker, re.escape(FEWER_DAYS)).count('path="/admin/usage"') == 1
        assert worker.output().count("warning") == 1


@pytest.mark.parametrize("rollups", [False, True], ids=["events", "sums"])
@pytest.mark.parametrize("case", LONG)
def test_each_text_of_a_row(postgres: Postgres, dbname: str, case: str, rollups: bool) -> None:
    """The texts stay at the server: the peak is that of a worker which met none."""
    kind, members, title = LONG[case]
    most = 32 * MIB
    fill(postgres, dbname, "select case %s::text when 'type' then repeat('t', %s::int) else 'ai' end, %s::uuid,"
         " now() - interval '1 hour', jsonb_build_object('job_type', repeat('j', %s::int), 'model_level',"
         " repeat('m', %s::int))", kind, int(1.25 * most), COLLECTION,
         *(int(members.get(name, 0) * most) for name in ("job_type", "model_level")))
    postgres.sql("insert into nodes (id, title) values (%s, repeat('t', %s::int))", COLLECTION, int(title * most),
                 dbname=dbname)
    for target in (OVERVIEW, f"{OVERVIEW}&collection_id={COLLECTION}"):
        with running(limited(postgres, dbname, most, rollups)) as worker:
            check_too_large(worker.ask(target, seconds=60), FEWER_DAYS)
            assert SANITIZED or peak(worker) < 1.5 * most


@pytest.mark.parametrize("target, text", [(OVERVIEW, FEWER_DAYS), (f"{YEARS}&bucket=day", SHORTER)])
def test_limit_to_the_byte(postgres: Postgres, dbname: str, target: str, text: str) -> None:
    fill(postgres, dbname, "select 'ai', ('c0000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid,"
         " moment, jsonb_build_object('tokens_in', number) from generate_series(1, 1000) number, lateral"
         " (values (now() - interval '1 hour'), (timestamptz '2000-01-01' + number * interval '1 day')) at (moment)")
    with running(limited(postgres, dbname)) as worker:
        right = worker.ask(target)
    assert right.status == 200 and len(right.body) > 65536
    for most, allowed in ((len(right.body), True), (len(right.body) - 1, False)):
        with running(limited(postgres, dbname, most)) as worker:
            if allowed:
                assert worker.ask(target) == right
            else:
                check_too_large(worker.ask(target), text)
            # What is not too large has its reply on the same connection.
            [session] = backends(postgres, dbname)
            assert worker.ask(f"{STATS}&bucket=none").status == 200
            assert backends(postgres, dbname) == [session]


# ---- Deadlines between rows ----

@pytest.fixture
def endless(postgres: Postgres) -> Iterator[Endless]:
    one = Endless(postgres)
    yield one
    one.close()


@pytest.fixture(scope="module")
def rows(postgres: Postgres) -> str:
    name = postgres.create_database("endless")
    sample.load(postgres, name)
    return name


def behind(endless: Endless, dbname: str, timeout: int) -> Settings:
    return {"database": {"host": "127.0.0.1", "port": endless.port, "sslmode": "disable", "dbname": dbname,
                         "user": WEB_ROLE, "query_timeout": timeout},
            "service": {"max_reply": 1 << 30}, "reports": {"upkeep": "no"}}


@pytest.mark.parametrize("target, how", [(STATS, "repeated"), (STATS, "long"), (OVERVIEW, "heavy"),
                                         (OVERVIEW, "repeated"), (OVERVIEW, "long")])
def test_rows_past_the_deadline(endless: Endless, rows: str, target: str, how: str) -> None:
    with running(behind(endless, rows, 250)) as worker:
        wait_until(lambda: worker.ask(target).status == 200, "a reply")
        right = worker.ask(target)
        for _ in range(2):
            wait_until(lambda: worker.ask(target) == right, "a connection")
            endless.arm(how)
            reply = worker.ask(target)
            assert (reply.status, reply.json()) == (504, {"error": "the query took too long"})
            assert endless.cancelled.wait(5) and endless.pieces > 0
        wait_until(lambda: worker.ask(target) == right, "the right reply")


@pytest.mark.parametrize("how", ["heavy", "repeated", "long"])
def test_client_leaves_between_rows(endless: Endless, rows: str, how: str) -> None:
    with running(behind(endless, rows, 60_000)) as worker:
        right = worker.ask(OVERVIEW)
        endless.arm(how)
        with worker.begin(OVERVIEW):
            wait_until(lambda: endless.pieces > 0, "rows that come again and again")
        assert endless.cancelled.wait(5)
        wait_for_log(worker, "status=499")
        assert worker.ask(OVERVIEW) == right
