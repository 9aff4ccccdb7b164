"""Titles of collections: from nodes where it has them, from what the site says, or none; never in the way of anything."""

import re

import psycopg
import pytest

from postgres import Postgres
from process import ROOT
from run import Done, install, psql, sql

ID = "c0000000-0000-4000-8000-000000000001"
EVENT = f"insert into resource_usage_log (resource_type, collection_id, detail) values ('ai', '{ID}', '{{\"tokens_in\": 5}}')"

# What else a site may have under that name.
OTHERS = {
    "a tree": "create table nodes (id bigserial primary key, parent bigint, label text)",
    "without titles": "create table nodes (id uuid primary key)",
    "titles in languages": "create table nodes (id uuid primary key, title jsonb)",
    "a view": "create view nodes as select 1 as id, 'x'::text as title",
    "an index": "create table site (id uuid); create index nodes on site (id)",
    "a sequence": "create sequence nodes",
    "a type": "create type nodes as enum ('x')",
    "a row type": "create type nodes as (id uuid, title text)",
}
MINE = ("create or replace function tally_collection() returns table (id uuid, title text) language sql stable"
        " as 'select key, name from site_collection'")


def titles(cluster: Postgres, dbname: str, user: str = "web") -> list[object]:
    """Of each statement of the overview."""
    found: list[object] = []
    with psycopg.connect(cluster.conninfo(dbname, user), autocommit=True) as connection:
        for name in ("overview_by_collection", "overview_ai_drilldown", "rolled_overview_by_collection",
                     "rolled_overview_ai_drilldown", "rolled_overview_by_collection_of_one", "rolled_overview_ai_drilldown_of_one"):
            connection.execute(f"prepare {name} (int, uuid, int) as " + statement(name))
            found += [row[1] for row in connection.execute(f"execute {name} (30, {'null' if 'one' not in name else repr(ID)}, null)")]
    return found


def statement(name: str) -> str:
    return re.sub(r"^\\ir (\S+)\.sql$", lambda match: statement(match[1]), (ROOT / "sql" / f"{name}.sql").read_text(),
                  flags=re.MULTILINE)


def grant(cluster: Postgres, dbname: str) -> None:
    assert psql(cluster, dbname, "grants.sql", "-v", "role=web").status == 0


@pytest.mark.parametrize("name", OTHERS)
def test_nodes_of_another_kind(cluster: Postgres, dbname: str, name: str) -> None:
    """Nothing stops, there are no titles, and it is told how to give them."""
    sql(cluster, dbname, OTHERS[name])
    for _ in range(2):
        done = psql(cluster, dbname, "schema.sql")
        assert done.status == 0 and done.errors.count("WARNING") == 1 and "ERROR" not in done.errors, done
        assert "create or replace function tally_collection()" in done.errors
    grant(cluster, dbname)
    sql(cluster, dbname, EVENT)
    assert titles(cluster, dbname) == [None] * 6
    assert psql(cluster, dbname, "drop.sql").status == 0


def test_titles_that_the_site_gives(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, OTHERS["a tree"])
    assert psql(cluster, dbname, "schema.sql").status == 0
    grant(cluster, dbname)
    sql(cluster, dbname, f"create table site_collection (key uuid primary key, name varchar(80), secret text); {MINE};"
                         f" insert into site_collection values ('{ID}', 'Mine'); grant select (key, name) on site_collection to web")
    sql(cluster, dbname, EVENT)
    for _ in range(2):
        assert titles(cluster, dbname) == ["Mine"] * 6
        install(cluster, dbname)
        grant(cluster, dbname)


def test_nodes_that_get_titles_later(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, OTHERS["without titles"])
    assert psql(cluster, dbname, "schema.sql").status == 0
    sql(cluster, dbname, f"{EVENT}; alter table nodes add column title varchar(20); insert into nodes values ('{ID}', 'Late')")
    install(cluster, dbname)
    grant(cluster, dbname)
    assert titles(cluster, dbname) == ["Late"] * 6


@pytest.mark.parametrize("change", [
    "alter table nodes alter column title type varchar(200)", "alter table nodes rename to elsewhere", "drop table nodes",
    "alter table nodes drop column title", "alter table nodes alter column title type int using 5"])
def test_the_site_may_change_its_table(cluster: Postgres, dbname: str, change: str) -> None:
    """Nothing of Tally's depends on it."""
    install(cluster, dbname)
    sql(cluster, dbname, change)
    assert psql(cluster, dbname, "schema.sql").status == 0
    grant(cluster, dbname)
    sql(cluster, dbname, EVENT)
    assert titles(cluster, dbname) == [None] * 6


def test_the_role_needs_no_right_to_nodes_of_another_kind(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, OTHERS["without titles"])
    assert psql(cluster, dbname, "schema.sql").status == 0
    grant(cluster, dbname)
    [rights] = sql(cluster, dbname, (ROOT / "sql" / "schema_rights.sql").read_text(), user="web")
    assert rights == (None, None)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sql(cluster, dbname, "select id from nodes", user="web")


def test_many_of_them(cluster: Postgres, dbname: str) -> None:
    """Titles are looked up by their index, and not read as a whole."""
    install(cluster, dbname)
    sql(cluster, dbname, "insert into nodes select gen_random_uuid(), 'x' from generate_series(1, 100000)")
    sql(cluster, dbname, "analyze nodes")
    sql(cluster, dbname, EVENT)
    grant(cluster, dbname)
    with psycopg.connect(cluster.conninfo(dbname, "web"), autocommit=True) as connection:
        for name in ("overview_by_collection", "rolled_overview_by_collection_of_one"):
            connection.execute(f"prepare {name} (int, uuid, int) as {statement(name)}")
            plan = "\n".join(row[0] for row in connection.execute(f"explain execute {name} (30, '{ID}', null)"))
            assert "Index Scan using nodes_pkey on nodes" in plan and "Function Scan on tally_collection" not in plan, plan
    assert install(cluster, dbname) == Done(0, "", "")
