"""sql/drop.sql: Tally goes and the site's own stays, whole and in use."""

import re
import threading
from typing import Any

import psycopg
import pytest

from postgres import Postgres
from process import ROOT
from run import install, psql, sql

# The log and the collections as another program made them; what is added to them later must go again.
ORIGIN = """
create table nodes (id uuid primary key, title text, parent uuid);
create table resource_usage_log (
  id uuid primary key, created_at timestamptz, collection_id uuid, resource_type varchar(40), detail jsonb);
create index resource_usage_log_created_at_idx on resource_usage_log (created_at);
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger site before insert or update on resource_usage_log for each row execute function touch();
"""
EVENTS = """
insert into resource_usage_log (id, created_at, resource_type, detail)
select gen_random_uuid(), timestamptz '2026-03-02 00:00:00+00' + n * interval '1 hour', 'ai', jsonb_build_object('tokens_in', n)
from generate_series(1, 200) n
"""
USE = ["call tally_adopt()", "update resource_usage_log set detail = '{\"tokens_in\": 5}' where created_at < '2026-03-03Z'",
       "insert into model_price values ('m', default, 2, 1, 3)"]

# All that is not PostgreSQL's own, by kind and name.
OBJECTS = """
select 'relation', relname::text from pg_class where relnamespace = 'public'::regnamespace
union all select 'routine', oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace
union all select 'type', typname::text from pg_type where typnamespace = 'public'::regnamespace
union all select 'trigger', tgname::text from pg_trigger
union all select 'constraint', conname::text from pg_constraint where connamespace = 'public'::regnamespace
union all select 'column', attname::text from pg_attribute
  where attrelid = to_regclass('resource_usage_log') and attnum > 0 and not attisdropped
order by 1, 2
"""
SUMS = ("select in_use, (select count(*) from tally_verify()), (select sum(total) from tally_rollup where report = 'ai' and grain = 'month')"
        " from tally_rollup_status")


def check_site(cluster: Postgres, dbname: str) -> None:
    """Who writes to the log can go on."""
    sql(cluster, dbname, "insert into resource_usage_log (id, created_at, resource_type, detail)"
                         " values (gen_random_uuid(), now(), 'new', '{}')")
    sql(cluster, dbname, "update resource_usage_log set resource_type = 'newer' where resource_type = 'new'")
    assert sql(cluster, dbname, "delete from resource_usage_log where resource_type = 'newer' returning 1") == [(1,)]


def drop(cluster: Postgres, dbname: str, *arguments: str, user: str = "owner") -> str:
    done = psql(cluster, dbname, "drop.sql", *arguments, user=user)
    assert done.status == 0 and done.errors == "", done
    return done.output


def test_only_the_site_is_left(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, ORIGIN)
    before: list[Any] = sql(cluster, dbname, OBJECTS)
    sql(cluster, dbname, EVENTS)
    install(cluster, dbname)
    assert psql(cluster, dbname, "grants.sql", "-v", "role=web").status == 0
    for statement in USE:
        sql(cluster, dbname, statement)
    events = sql(cluster, dbname, "select id, created_at, detail from resource_usage_log order by id")
    assert "nodes and model_price stay" in drop(cluster, dbname)
    kept = [("column", name) for name in ("agent_id", "bot_id", "channel_id", "recorded_by", "thread_id", "user_id")]
    left = [row for row in sql(cluster, dbname, OBJECTS) if "model_price" not in row[1] and row not in kept]
    assert left == before
    assert sql(cluster, dbname, "select model from model_price") == [("m",)]
    assert sql(cluster, dbname, "select id, created_at, detail from resource_usage_log order by id") == events
    check_site(cluster, dbname)
    drop(cluster, dbname, "-v", "prices=drop")
    assert not [row for row in sql(cluster, dbname, OBJECTS) if "model_price" in row[1]]


def test_it_can_come_back(cluster: Postgres, dbname: str) -> None:
    for _ in range(2):
        install(cluster, dbname)
        sql(cluster, dbname, EVENTS)
        for statement in USE[:2]:
            sql(cluster, dbname, statement)
        check_site(cluster, dbname)
        sql(cluster, dbname, "call tally_adopt()")
        total = sql(cluster, dbname, "select sum((detail ->> 'tokens_in')::int) from resource_usage_log")[0][0]
        assert sql(cluster, dbname, SUMS) == [(True, 0, total)]
        drop(cluster, dbname)
        check_site(cluster, dbname)


def test_again_and_where_there_is_nothing(cluster: Postgres, dbname: str) -> None:
    drop(cluster, dbname)
    install(cluster, dbname)
    for _ in range(2):
        drop(cluster, dbname)
        assert not [row for row in sql(cluster, dbname, OBJECTS) if "tally" in row[1]]


@pytest.mark.parametrize("missing", [
    "drop table resource_usage_log cascade", "drop table nodes cascade", "drop view tally_rollup_status",
    "drop table tally_rollup cascade", "drop trigger tally_event_deleted on resource_usage_log",
    "alter table resource_usage_log drop column seq cascade", "drop function tally_number(jsonb)", "drop table model_price cascade",
    "drop index resource_usage_log_of_user", "drop sequence resource_usage_log_seq cascade"])
def test_half_of_it_is_missing(cluster: Postgres, dbname: str, missing: str) -> None:
    install(cluster, dbname)
    sql(cluster, dbname, missing)
    drop(cluster, dbname)
    assert not [row for row in sql(cluster, dbname, OBJECTS) if "tally" in row[1]]
    if "resource_usage_log cascade" not in missing:
        check_site(cluster, dbname)


def test_what_the_site_built_on_it_stops_it(cluster: Postgres, dbname: str) -> None:
    """All or nothing, and it is told."""
    install(cluster, dbname)
    sql(cluster, dbname, "create view report as select tally_number(detail -> 'tokens_in') from resource_usage_log")
    before = sql(cluster, dbname, OBJECTS)
    done = psql(cluster, dbname, "drop.sql")
    assert done.status == 3 and "view report depends on function tally_number" in done.errors
    assert sql(cluster, dbname, OBJECTS) == before


def test_writers_go_on(cluster: Postgres, dbname: str) -> None:
    """No writer sees half of it."""
    install(cluster, dbname)
    ended = threading.Event()
    written = []

    def write() -> None:
        with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as connection:
            while not ended.is_set():
                connection.execute("insert into resource_usage_log (resource_type) values ('x')")
                connection.execute("delete from resource_usage_log where resource_type = 'x'")
                written.append(1)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        drop(cluster, dbname)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert written
    check_site(cluster, dbname)


def test_it_knows_every_index(cluster: Postgres, dbname: str) -> None:
    """That schema.sql makes on the log."""
    schema = (ROOT / "sql" / "schema.sql").read_text()
    made = set(re.findall(r"index (?::?\w+ )?if not exists (resource_usage_log_\w+)\s+on", schema))
    former = set(re.findall(r"\('(resource_usage_log_\w+)'::name, ", schema))
    assert former and made - {"resource_usage_log_number"} | former == set(re.findall(r"resource_usage_log_(?!numbered)\w+", (
        ROOT / "sql" / "drop.sql").read_text())), "with seq goes the index on it"
