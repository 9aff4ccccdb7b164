"""sql/grants.sql: the web role reads what reports need, and nothing else."""

from typing import Iterator

import psycopg
import pytest

from postgres import Postgres
from run import Done, install, psql, sql

SETTINGS = {"default_transaction_read_only": "on", "statement_timeout": "9s", "lock_timeout": "2s",
            "client_connection_check_interval": "500ms", "work_mem": "64MB"}

ALLOWED = [
    "select version from tally_schema",
    "select id, title from nodes",
    "select created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail,"
    " seq from resource_usage_log",
    "select * from tally_rollup, tally_group, tally_long_name, tally_report, tally_rollup_state, tally_correction",
    "select * from tally_window(now(), now(), 'ai'), tally_pieces('2026-01-01', '2026-02-01', 'day')",
    "select tally_upkeep(10)",
    "select * from tally_record('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 0)",
    "select * from tally_record_each('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 0)",
    "select tally_number(detail -> 'x'), tally_total_member(resource_type) from resource_usage_log",
]

FORBIDDEN = [
    "select * from resource_usage_log",
    "select id from resource_usage_log",
    "select recorded_by from resource_usage_log",
    "select count(*) from secrets",
    "select parent from nodes",
    "insert into resource_usage_log (resource_type) values ('ai')",
    "update resource_usage_log set detail = '{}'",
    "delete from resource_usage_log",
    "truncate resource_usage_log",
    "insert into nodes values (gen_random_uuid())",
    "update nodes set title = ''",
    "update tally_schema set version = 5",
    "delete from tally_schema",
    "alter table resource_usage_log add column x int",
    "drop table nodes",
    "create table mine (x int)",
    "insert into tally_rollup values (now(), 1, 1, 'day', 'ai', 1, 1, 1, 1)",
    "update tally_rollup set events = 0",
    "delete from tally_rollup_ai",
    "truncate tally_rollup",
    "insert into tally_group (hash, report) values (1, 'ai')",
    "insert into tally_long_name values ('a', 'b')",
    "update tally_report set finest = 'day'",
    "update tally_rollup_state set watermark = 0",
    "insert into tally_correction (sign, created_at, resource_type) values (1, now(), 'ai')",
    "delete from tally_correction",
    "select tally_add('{}')",
    "select * from tally_verify()",
    "select tally_keep('user', 'hour')",
    "call tally_rebuild()",
    "call tally_adopt()",
    "select * from model_price",
    "insert into model_price values ('free', default, 0, 0, 0)",
    "select tally_reprice('-infinity', 'infinity')",
    "select * from tally_unpriced('-infinity', 'infinity')",
    "select * from tally_not_recorded('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 0)",
    "select tally_try('x', null, null, null, null, null, null, '{}')",
    "select tally_takes_others('x', 'P0001')",
]


@pytest.fixture
def installed(cluster: Postgres, dbname: str) -> Iterator[str]:
    install(cluster, dbname)
    sql(cluster, dbname, "create table secrets (x int); alter table nodes add column parent uuid")
    yield dbname
    cluster.sql("alter role web reset all")


def grant(cluster: Postgres, dbname: str, user: str = "owner", role: str = "web") -> Done:
    return psql(cluster, dbname, "grants.sql", "-v", f"role={role}", user=user)


def test_nothing_is_allowed_before(cluster: Postgres, installed: str) -> None:
    for query in ALLOWED[:3]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            sql(cluster, installed, query, user="web")


@pytest.mark.parametrize("times", [1, 3])
def test_what_is_allowed(cluster: Postgres, installed: str, times: int) -> None:
    for _ in range(times):
        assert grant(cluster, installed).status == 0
    for query in ALLOWED:
        sql(cluster, installed, query, user="web")


@pytest.mark.parametrize("query", FORBIDDEN)
def test_what_is_not_allowed(cluster: Postgres, installed: str, query: str) -> None:
    assert grant(cluster, installed).status == 0
    with psycopg.connect(cluster.conninfo(installed, "web"), autocommit=True) as connection:
        # The role's own setting is a fence on its side of the door; the rights must do without it.
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(query)


def test_settings_by_a_superuser(cluster: Postgres, installed: str) -> None:
    done = grant(cluster, installed, user=cluster.superuser)
    assert done == Done(0, "", "")
    for name, value in SETTINGS.items():
        assert sql(cluster, installed, f"show {name}", user="web") == [(value,)]


def test_the_role_must_be_said(cluster: Postgres, installed: str) -> None:
    done = psql(cluster, installed, "grants.sql")
    assert done.status != 0 and "Say which role" in done.errors


def test_settings_of_a_role_that_writes(cluster: Postgres, dbname: str) -> None:
    """The owner of a database on shared hosting is often the only role there is."""
    install(cluster, dbname)
    done = grant(cluster, dbname, role="owner", user=cluster.superuser)
    assert done.status == 0 and "role owner were left as they are: it may write" in done.errors
    assert sql(cluster, dbname, "show default_transaction_read_only", user="owner") == [("off",)]


def test_settings_hold_in_this_database_alone(cluster: Postgres, installed: str) -> None:
    grant(cluster, installed, user=cluster.superuser)
    assert sql(cluster, "postgres", "show statement_timeout", user="web") == [("0",)]


def test_tables_are_found_in_a_schema_of_their_own(cluster: Postgres, dbname: str) -> None:
    cluster.sql('create schema "Shop, 1"', dbname=dbname)
    superuser = cluster.superuser
    cluster.sql(f'alter role {superuser} in database {dbname} set search_path = "Shop, 1"')
    try:
        for name in ("schema.sql", "grants.sql"):
            assert psql(cluster, dbname, name, "-v", "role=web", user=superuser).status == 0
        assert sql(cluster, dbname, "select version from tally_schema", user="web") == [(4,)]
    finally:
        cluster.sql(f"alter role {superuser} in database {dbname} reset all")


def test_settings_not_allowed(cluster: Postgres, installed: str) -> None:
    done = grant(cluster, installed)
    assert done.status == 0 and done.output == ""
    assert "NOTICE:" in done.errors and "role web were left as they are" in done.errors
    assert "ERROR" not in done.errors
    assert sql(cluster, installed, "select rolconfig from pg_roles where rolname = 'web'") == [(None,)]


def test_timeout_is_below_that_of_the_worker(cluster: Postgres, installed: str) -> None:
    grant(cluster, installed, user=cluster.superuser)
    [(milliseconds,)] = sql(cluster, installed, "select setting::int from pg_settings where name = 'statement_timeout'",
                            user="web")
    assert 0 < milliseconds < 10_000


def test_names_that_need_quotes(cluster: Postgres, installed: str) -> None:
    name = "Web's \"role\""
    cluster.sql('create role "Web\'s ""role""" login')
    try:
        assert grant(cluster, installed, user=cluster.superuser, role=name) == Done(0, "", "")
        assert sql(cluster, installed, "select has_column_privilege(%s, 'nodes', 'title', 'select')", name) == [(True,)]
    finally:
        cluster.sql('drop owned by "Web\'s ""role"""', dbname=installed)
        cluster.sql('drop role "Web\'s ""role"""')


def test_unknown_role(cluster: Postgres, installed: str) -> None:
    done = grant(cluster, installed, role="nobody_at_all")
    assert done.status == 3 and 'role "nobody_at_all" does not exist' in done.errors


def test_role_not_given(cluster: Postgres, installed: str) -> None:
    done = psql(cluster, installed, "grants.sql")
    assert done.status != 0 and done.errors


def test_without_schema(cluster: Postgres, dbname: str) -> None:
    done = grant(cluster, dbname)
    assert done.status == 3 and "does not exist" in done.errors
