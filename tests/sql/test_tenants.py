"""A user's statements read the user's own events alone: neither rows, plans nor buffers tell what others did."""

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Optional

import psycopg
import pytest

from postgres import Postgres
from run import Done, install, psql
from writers import STATS_TYPES, literal, statement

Session = psycopg.Connection[Any]
Values = list[Optional[str]]

CALLER, OTHER = "a0000000-0000-4000-8000-000000000000", "a0000000-0000-4000-8000-000000000001"

# The caller's events in the sums and beside them, and those of these that are changed.
FOLDED, TAIL, CHANGED = 12, 6, 2
# What a large log may cost more: deeper trees, and each of the caller's events on a page of its own.
MORE_BUFFERS = FOLDED + TAIL + CHANGED + 24

# What others have: how many users, and how many events in all. Half of these are not in the sums.
LOGS: Mapping[str, tuple[int, int]] = {
    "nobody": (1, 0), "few": (3, 30), "one": (1, 8000), "thousands": (2000, 8000)}

# Events among one another, as they come in March 2026: `mine` of the caller, `theirs` of others.
ADD = """
insert into resource_usage_log (created_at, resource_type, user_id, bot_id, channel_id, thread_id, agent_id, detail)
select created_at, 'ai', user_id, other, other, 'foreign', 'foreign', '{{"tokens_in": 1, "pad": "{pad}"}}'
from (
  select '2026-03-01 07:00:01Z'::timestamptz + n * interval '28 days' / {mine} as created_at, '{caller}'::uuid as user_id,
    '{caller}'::uuid as other
  from generate_series(0, {mine} - 1) n
  union all
  select '2026-03-01 07:00:00Z'::timestamptz + n * interval '28 days' / nullif({theirs}, 0),
    ('a0000000-0000-4000-8000-' || lpad((1 + n % {users})::text, 12, '0'))::uuid, '{other}'::uuid
  from generate_series(0, {theirs} - 1) n
) event
order by created_at
"""
CHANGE = """
update resource_usage_log set detail = '{{"tokens_in": 2}}' where seq in (
  select seq from resource_usage_log, tally_rollup_state where user_id {whose} '{caller}' and seq <= watermark
  order by seq limit {most})
"""

WINDOWS = ((None, None), ("2026-03-01 00:00:00Z", "2026-04-01 00:00:00Z"), ("2026-03-01 05:00:00Z", "2026-03-20 11:00:00Z"))
BUCKETS = ("day", "week", "month", "none")
# The filters of bot, channel, thread and agent: what others have, and what nobody has.
FOREIGN: Values = [OTHER, OTHER, "foreign", "foreign"]
MISSING: Values = ["b0000000-0000-4000-8000-000000000000"] * 2 + ["missing", "missing"]

# What has the same size whatever anybody does.
COMMON = {"tally_rollup_state", "tally_report", "pg_inherits"}
OWN_INDEXES = {
    "resource_usage_log": {"resource_usage_log_of_user", "resource_usage_log_number_of_user"},
    "tally_group": {"tally_group_hash", "tally_group_key"},
    "tally_rollup_user": {"tally_rollup_user_group_id_grain_period_report_idx"},
}


@dataclass
class Reading:
    """What one execution of a statement read."""

    buffers: int
    rows: dict[str, int] = field(default_factory=dict)  # by table: those that were looked at, wanted or not
    strange: list[str] = field(default_factory=list)  # nodes that read what is not led to by an index of one's own

    def add(self, node: Mapping[str, Any], table: str = "") -> None:
        table = node.get("Relation Name", table)
        if table and table not in COMMON and not is_led(node, table):
            self.strange.append(f"{node['Node Type']} of {table} {node.get('Index Name', '')}")
        if "Relation Name" in node and table not in COMMON:
            rows = sum(node.get(name, 0) for name in (
                "Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
            self.rows[table] = self.rows.get(table, 0) + rows * node["Actual Loops"]
        for child in node.get("Plans", ()):
            self.add(child, table if node["Node Type"].startswith("Bitmap") else "")


def is_led(node: Mapping[str, Any], table: str) -> bool:
    return node["Node Type"] == "Bitmap Heap Scan" or "Index Cond" in node and node["Index Name"] in OWN_INDEXES[table]


def read(session: Session, name: str, values: Values) -> Reading:
    """What it reads once its pages are as they stay."""
    explain = f"explain (analyze, buffers, format json) execute {name} ({', '.join(map(literal, values))})"
    session.execute(explain)
    [[[found]]] = session.execute(explain).fetchall()
    plan = found["Plan"]
    reading = Reading(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    reading.add(plan)
    return reading


def questions() -> Iterator[tuple[str, Values]]:
    """Each statement that a user can cause, with values of all its parameters."""
    for (since, until), bucket in itertools.product(WINDOWS, BUCKETS):
        start: Values = [since, until, bucket, CALLER]
        yield "rolled_stats_by_user", [*start, None, None, None, None]
        yield "stats_by_user", [*start, None, None, None, None]
    for given in itertools.product((False, True), repeat=4):
        for filters in (FOREIGN, MISSING):
            yield "stats_by_user", [*WINDOWS[1], "day", CALLER, *(
                value if is_given else None for is_given, value in zip(given, filters))]


def read_all(session: Session) -> list[Reading]:
    return [read(session, name, values) for name, values in questions()]


@contextmanager
def web(cluster: Postgres, dbname: str, kind: str) -> Iterator[Session]:
    """A worker's session; `kind` of plan: generic where statements are prepared, custom where they are not."""
    with psycopg.connect(cluster.conninfo(dbname, "web"), autocommit=True) as session:
        session.execute(f"set plan_cache_mode = force_{kind}_plan")
        for name in ("stats_by_user", "rolled_stats_by_user"):
            session.execute(f"prepare {name} ({STATS_TYPES}) as {statement(name)}")
        yield session


def fill(owner: Session, users: int, theirs: int) -> None:
    def add(mine: int) -> None:
        owner.execute(ADD.format(mine=mine, theirs=theirs // 2, users=users, caller=CALLER, other=OTHER, pad="x" * 50))

    add(FOLDED)
    owner.execute("call tally_adopt()")
    add(TAIL)
    for whose, most in (("=", CHANGED), ("<>", 3000)):
        owner.execute(CHANGE.format(whose=whose, caller=CALLER, most=most))


def readings_of(cluster: Postgres, dbname: str, users: int, theirs: int) -> dict[str, list[Reading]]:
    """By what the planner knew when it made the plan, and the kind of the plan."""
    found = {}
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as owner:
        # Nobody but this test says when the planner learns what is there.
        owner.execute("alter table resource_usage_log set (autovacuum_enabled = off)")
        owner.execute("alter table tally_correction set (autovacuum_enabled = off)")
        with web(cluster, dbname, "generic") as early:
            owner.execute("vacuum analyze tally_correction")
            read_all(early)
            fill(owner, users, theirs)
            found["a log without events, generic"] = read_all(early)
        for known in ("no statistics", "statistics"):
            for kind in ("generic", "custom"):
                with web(cluster, dbname, kind) as session:
                    found[f"{known}, {kind}"] = read_all(session)
            owner.execute("vacuum analyze")
    return found


@pytest.fixture(scope="module")
def readings(cluster: Postgres) -> dict[str, dict[str, list[Reading]]]:
    found = {}
    for name, (users, theirs) in LOGS.items():
        dbname = f"tenants_{name}"
        cluster.sql(f"create database {dbname} owner owner")
        install(cluster, dbname)
        assert psql(cluster, dbname, "grants.sql", "-v", "role=web", user=cluster.superuser) == Done(0, "", "")
        found[name] = readings_of(cluster, dbname, users, theirs)
        cluster.sql(f"drop database {dbname} with (force)")
    return found


def test_the_caller_s_own_events_are_read(readings: dict[str, dict[str, list[Reading]]]) -> None:
    """What is compared below is not nothing."""
    for found in readings["nobody"].values():
        whole = {name: reading.rows for (name, values), reading in zip(questions(), found) if values[:3] == [*WINDOWS[1], "month"]}
        assert whole["stats_by_user"] == {"resource_usage_log": FOLDED + TAIL}
        assert whole["rolled_stats_by_user"]["resource_usage_log"] == TAIL, whole
        assert whole["rolled_stats_by_user"]["tally_rollup_user"] >= 1, whole


@pytest.mark.parametrize("log", ["few", "one", "thousands"])
def test_what_others_did_is_not_read(readings: dict[str, dict[str, list[Reading]]], log: str) -> None:
    for plan, alone in readings["nobody"].items():
        for question, one, other in zip(questions(), alone, readings[log][plan]):
            assert not other.strange, (plan, question)
            assert other.rows == one.rows, (plan, question)
            assert other.buffers <= one.buffers + MORE_BUFFERS, (plan, question, one, other)


@pytest.mark.parametrize("log", LOGS)
def test_what_others_have_is_as_what_nobody_has(readings: dict[str, dict[str, list[Reading]]], log: str) -> None:
    for plan, found in readings[log].items():
        filtered = [(values, reading) for (_, values), reading in zip(questions(), found) if any(values[4:])]
        for (asked, foreign), (_, missing) in zip(filtered[::2], filtered[1::2]):
            assert foreign == missing, (plan, asked)
