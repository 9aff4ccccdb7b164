"""Threads and agents with names of any length: none is too long for an index, and none is taken for another."""

import random
from typing import Any, Iterator, Optional

import psycopg
import pytest
from psycopg.sql import SQL

from postgres import Postgres
from run import Done, install, sql
from test_rollups import upkeep
from writers import STATS_TYPES, statement

Owner = psycopg.Connection[Any]

# As an adopted log may have been: its columns are there already, of either type.
ADOPTED = """
create table resource_usage_log (
  id uuid primary key default gen_random_uuid(), created_at timestamptz default now(), resource_type {type},
  collection_id uuid, thread_id {type}, agent_id {type}, detail jsonb default '{{"tokens_in": 1}}')
"""


def long_name(seed: int) -> str:
    """It does not become shorter by compression. All have the same beginning."""
    numbers = random.Random(seed)
    return "same beginning " * 400 + "".join(chr(numbers.randrange(0x20, 0x3000)) for _ in range(50_000))


NAMES = ["short", "", " ", "x" * 3000, "Straße", "STRASSE", *(long_name(seed) for seed in range(3))]


def add(owner: Owner, name: str) -> None:
    """One event of AI, and one that is none."""
    owner.execute("insert into resource_usage_log (resource_type, thread_id, agent_id) values ('ai', %s, %s), ('cas', %s, %s)",
                  [name] * 4)


def messages(owner: Owner, name: str, thread_id: Optional[str] = None, agent_id: Optional[str] = None) -> int:
    if not owner.execute("select from pg_prepared_statements where name = %s", [name]).fetchall():
        owner.execute(f"prepare {name} ({STATS_TYPES}) as {statement(name)}")
    query = SQL(f"execute {name} (null, null, 'none', null, null, null, {{}}, {{}})").format(thread_id, agent_id)
    return int(owner.execute(query).fetchall()[0][1])


def check(owner: Owner, names: list[str], events: int = 1) -> None:
    for name in names:
        assert messages(owner, "stats_by_thread", thread_id=name) == events, name[:20]
        assert messages(owner, "stats_by_agent", agent_id=name) == events, name[:20]
        assert messages(owner, "rolled_stats_by_agent", agent_id=name) == events, name[:20]
    for name in ("missing", *(name[:-1] for name in names if len(name) > 1)):
        assert messages(owner, "stats_by_thread", thread_id=name) == messages(owner, "stats_by_agent", agent_id=name) == 0


@pytest.fixture(params=["text", "varchar", "varchar(60000)"])
def owner(cluster: Postgres, dbname: str, request: Any) -> Iterator[Owner]:
    """With an event of each name in a log that is adopted."""
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as connection:
        connection.execute(ADOPTED.format(type=request.param))
        for name in NAMES:
            add(connection, name)
        install(cluster, dbname)
        yield connection


def test_a_log_with_long_names_is_adopted(cluster: Postgres, dbname: str, owner: Owner) -> None:
    check(owner, NAMES)
    for name in NAMES:
        add(owner, name)
    check(owner, NAMES, 2)
    assert upkeep(owner) == "done"
    check(owner, NAMES, 2)
    install(cluster, dbname)


def test_types_may_change(owner: Owner) -> None:
    owner.execute("alter table resource_usage_log alter thread_id type varchar(70000), alter agent_id type varchar(70000)")
    check(owner, NAMES)
    owner.execute("alter table resource_usage_log alter thread_id type text, alter agent_id type text")
    check(owner, NAMES)


def test_names_are_compared_byte_by_byte(cluster: Postgres, dbname: str, owner: Owner) -> None:
    """Whatever the column's collation takes for equal: so do the sums, and so the hash."""
    cluster.sql("create collation alike (provider = icu, locale = 'und-u-ks-level1', deterministic = false)", dbname=dbname)
    owner.execute("alter table resource_usage_log alter thread_id type text collate alike, alter agent_id type text collate alike")
    install(cluster, dbname)
    assert owner.execute("select count(*) from resource_usage_log where thread_id = 'strasse'").fetchall() == [(4,)]
    check(owner, NAMES)
    assert upkeep(owner) == "done"
    check(owner, NAMES)


def indexes(cluster: Postgres, dbname: str) -> set[str]:
    return {name for name, in sql(cluster, dbname, "select indexrelid::regclass::text from pg_index"
                                  " where indrelid = 'resource_usage_log'::regclass and indisvalid")}


# As version 3 had them.
FORMER = """
create index resource_usage_log_user on resource_usage_log (user_id, created_at)
  where resource_type = 'ai' and user_id is not null;
create index resource_usage_log_thread on resource_usage_log (thread_id, created_at)
  where resource_type = 'ai' and thread_id is not null;
create index resource_usage_log_agent on resource_usage_log (agent_id, created_at)
  where resource_type = 'ai' and agent_id is not null;
"""


@pytest.mark.parametrize("large", [False, True])
def test_former_indexes_are_replaced(cluster: Postgres, dbname: str, large: bool) -> None:
    """On a large log one by one, and that may be cut off."""
    install(cluster, dbname)
    wanted = indexes(cluster, dbname)
    if large:
        sql(cluster, dbname, "alter table resource_usage_log add column pad text; alter table resource_usage_log"
                             " alter pad set storage plain; insert into resource_usage_log (resource_type, thread_id, pad)"
                             " select 'ai', n, repeat('x', 7500) from generate_series(1, 9000) n")
    sql(cluster, dbname, "drop index resource_usage_log_of_user, resource_usage_log_of_thread, resource_usage_log_of_agent;"
        + FORMER)
    assert len(indexes(cluster, dbname) & wanted) == len(wanted) - 3
    install(cluster, dbname)
    assert indexes(cluster, dbname) == wanted
    if large:
        sql(cluster, dbname, FORMER)
        sql(cluster, dbname, "update pg_index set indisvalid = false where indexrelid in"
                             " ('resource_usage_log_of_thread'::regclass, 'resource_usage_log_agent'::regclass)",
            user=cluster.superuser)
    install(cluster, dbname)
    assert indexes(cluster, dbname) == wanted


def test_an_index_of_the_site_s_own_stays(cluster: Postgres, dbname: str) -> None:
    """Also under a name that one of an earlier release had."""
    assert install(cluster, dbname) == Done(0, "", "")
    for name, definition in (("user", "(id, user_id)"), ("thread", "(thread_id, created_at)"), ("agent", "(agent_id)")):
        sql(cluster, dbname, f"create index resource_usage_log_{name} on resource_usage_log {definition}")
    sql(cluster, dbname, "create index resource_usage_log_user_ai on resource_usage_log (user_id, created_at) where resource_type = 'ai'")
    assert install(cluster, dbname) == Done(0, "", "")
    assert sql(cluster, dbname, "select count(*) from pg_indexes where indexname ~ '_(user|thread|agent|user_ai)$'"
               " and indexname !~ '_of_'") == [(4,)]
