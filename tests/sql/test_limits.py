"""What bounds the web role's queries, what of that it could undo, and whom the functions run for."""

import re
import select
from typing import Any, Iterator

import psycopg
import pytest

from postgres import Postgres
from process import ROOT
from run import Done, install, psql, sql

BOMBS = [
    "select pg_sleep(60)",
    "select count(*) from generate_series(1, 1000000000000) n",
    "select count(*) from generate_series(1, 10000000) a, generate_series(1, 10000000) b",
    "with recursive n as (select 1 union all select 1 from n) select count(*) from n",
    "select tally_number(to_jsonb(n)) from generate_series(1, 1000000000) n order by 1 limit 1",
    "do $$ begin loop perform 1; end loop; end $$",
]

# Functions that run with the rights of their owner, and could be led astray by a search path of the caller's.
ASTRAY = """
select oid::regprocedure::text from pg_proc
where pronamespace = current_schema()::regnamespace and prosecdef
  and not exists (select from unnest(proconfig) as setting where setting ~ '^search_path=(.*, *)?"?pg_temp"?$')
"""

# Functions that everyone may call, and that do more than compute.
OPEN = """
select oid::regprocedure::text from pg_proc
where pronamespace = current_schema()::regnamespace and has_function_privilege('stranger', oid, 'execute')
  and (prosecdef or provolatile <> 'i')
"""


@pytest.fixture(scope="module")
def installed(cluster: Postgres) -> Iterator[str]:
    name = "limits"
    cluster.sql(f"create database {name} owner owner")
    cluster.sql("create role stranger login")
    install(cluster, name)
    assert grant(cluster, name) == Done(0, "", "")
    yield name
    cluster.sql(f"drop database {name} with (force)")
    cluster.sql("drop role stranger; alter role web reset all")


def grant(cluster: Postgres, dbname: str, user: str = "") -> Done:
    return psql(cluster, dbname, "grants.sql", "-v", "role=web", user=user or cluster.superuser)


@pytest.fixture
def web(cluster: Postgres, installed: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(cluster.conninfo(installed, "web"), autocommit=True) as connection:
        yield connection


def settings(cluster: Postgres, dbname: str) -> dict[str, str]:
    rows = sql(cluster, dbname, "select unnest(setconfig) from pg_db_role_setting"
               " where setrole = 'web'::regrole and setdatabase = (select oid from pg_database"
               " where datname = current_database())")
    return dict(row[0].split("=", maxsplit=1) for row in rows)


@pytest.mark.parametrize("query", BOMBS)
def test_queries_are_bounded(cluster: Postgres, installed: str, query: str) -> None:
    assert settings(cluster, installed)["statement_timeout"] == "9s"
    cluster.sql(f"alter role web in database {installed} set statement_timeout = '300ms'")
    try:
        with pytest.raises(psycopg.errors.QueryCanceled):
            sql(cluster, installed, query, user="web")
    finally:
        assert grant(cluster, installed) == Done(0, "", "")


def test_temporary_files_are_bounded(cluster: Postgres, installed: str) -> None:
    assert settings(cluster, installed)["temp_file_limit"] == "1GB"
    cluster.sql(f"alter role web in database {installed} set temp_file_limit = '1MB'")
    try:
        with psycopg.connect(cluster.conninfo(installed, "web"), autocommit=True) as web:
            web.execute("set work_mem = '64kB'")
            with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
                web.execute("select n from generate_series(1, 1000000) n order by md5(n::text)")
    finally:
        assert grant(cluster, installed) == Done(0, "", "")


def test_waits_are_bounded(cluster: Postgres, installed: str) -> None:
    cluster.sql(f"alter role web in database {installed} set lock_timeout = '100ms'")
    try:
        with psycopg.connect(cluster.conninfo(installed, "owner")) as owner:
            owner.execute("lock table nodes")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                sql(cluster, installed, "select title from nodes", user="web")
    finally:
        assert grant(cluster, installed) == Done(0, "", "")


def test_idle_transactions_are_bounded(cluster: Postgres, installed: str) -> None:
    cluster.sql(f"alter role web in database {installed} set idle_in_transaction_session_timeout = '100ms'")
    try:
        with psycopg.connect(cluster.conninfo(installed, "web")) as web:
            web.execute("select 1")
            assert select.select([web.pgconn.socket], [], [], 10)[0], "the session goes on"
            with pytest.raises(psycopg.OperationalError, match="idle-in-transaction timeout"):
                web.execute("select 1")
    finally:
        assert grant(cluster, installed) == Done(0, "", "")


def test_only_the_limit_of_files_outlasts_the_role_itself(cluster: Postgres, installed: str,
                                                          web: "psycopg.Connection[Any]") -> None:
    """PostgreSQL lets each role undo its own settings; running grants.sql again sets them anew."""
    try:
        web.execute("set default_transaction_read_only = off")
        web.execute(f"alter role web in database {installed} reset all")
        assert settings(cluster, installed) == {"temp_file_limit": "1GB"}
        web.execute("alter role web set search_path = pg_temp, public")
    finally:
        assert grant(cluster, installed) == Done(0, "", "")
    # The settings for this database go before the role's own.
    assert sql(cluster, installed, "show search_path", user="web") == [("public, pg_temp",)]
    assert sql(cluster, installed, "show statement_timeout", user="web") == [("9s",)]
    cluster.sql("alter role web reset all")


def test_temporary_tables_hide_nothing(web: "psycopg.Connection[Any]") -> None:
    """Nor do functions among them, which PostgreSQL never looks for there."""
    web.execute("set default_transaction_read_only = off")
    names = ("resource_usage_log", "nodes", "tally_schema")
    for name in names:
        web.execute(f"create temp table {name} (planted int)")
    web.execute("create function pg_temp.tally_number(jsonb) returns numeric language sql as 'select 666'")
    web.execute("create type pg_temp.uuid as (planted int)")
    for name in names:
        assert web.execute("select relnamespace::regnamespace::text from pg_class where oid = %s::regclass",
                           [name]).fetchall() == [("public",)]
    assert web.execute("select tally_number('5'), 'uuid'::regtype::oid").fetchall() == [(5, 2950)]


def check_functions(cluster: Postgres, dbname: str) -> list[str]:
    return [name for query in (ASTRAY, OPEN) for name, in sql(cluster, dbname, query)]


def test_functions_run_for_those_who_call_them(cluster: Postgres, installed: str) -> None:
    assert sql(cluster, installed, "select count(*) > 1 from pg_proc"
               " where pronamespace = current_schema()::regnamespace") == [(True,)]
    assert check_functions(cluster, installed) == []


@pytest.mark.parametrize("options, found", [
    ("security definer", 2), ("security definer set search_path = pg_temp, public", 2),
    ("security definer stable", 2),
    ("security definer set search_path = public, pg_temp", 1), ("volatile", 1), ("stable", 1), ("immutable", 0),
])
def test_functions_that_would_not_are_noticed(cluster: Postgres, installed: str, options: str,
                                              found: int) -> None:
    sql(cluster, installed, f"create function trial() returns int language sql {options} as 'select 1'")
    try:
        assert len(check_functions(cluster, installed)) == found
    finally:
        sql(cluster, installed, "drop function trial()")


def test_an_open_schema_is_told(cluster: Postgres, installed: str) -> None:
    """As PostgreSQL 14 and its predecessors left it: whoever makes a function there might see it used."""
    cluster.sql("grant create on schema public to public", dbname=installed)
    done = grant(cluster, installed)
    assert done.status == 0 and "revoke create on schema public from public" in done.errors
    cluster.sql("revoke create on schema public from public", dbname=installed)
    assert grant(cluster, installed) == Done(0, "", "")


def test_a_role_with_createrole_sets_what_it_may(cluster: Postgres, installed: str) -> None:
    """It can set all but what is for superusers, and is not stopped by that."""
    cluster.sql("alter role owner createrole")
    cluster.sql(f"alter role web in database {installed} reset all")
    try:
        assert grant(cluster, installed, user="owner") == Done(0, "", "")
        found = settings(cluster, installed)
        assert found["statement_timeout"] == "9s" and "temp_file_limit" not in found
    finally:
        cluster.sql("alter role owner nocreaterole")
        assert grant(cluster, installed) == Done(0, "", "")


def test_an_advisory_lock_is_told_by_its_holder(cluster: Postgres, installed: str,
                                                web: "psycopg.Connection[Any]") -> None:
    """Any role could hold back the schema's update so; its owner sees who, and can give up."""
    found = re.search(r"pg_advisory_xact_lock\((.*)\) ", (ROOT / "sql" / "schema.sql").read_text())
    assert found
    web.execute(f"select pg_advisory_lock({found[1]})")
    done = psql(cluster, installed, "schema.sql", options="-c lock_timeout=200ms")
    assert done.status == 3 and "lock timeout" in done.errors
    holders = sql(cluster, installed, "select usename from pg_locks join pg_stat_activity using (pid)"
                                      " where locktype = 'advisory' and granted")
    assert holders == [("web",)]
    web.close()
    install(cluster, installed)
