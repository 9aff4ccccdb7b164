"""A web role in hostile hands: freed of its own settings, it still reaches nothing but what it may read."""

from typing import Any, Iterator

import psycopg
import pytest

from postgres import Postgres
from run import Done, install, psql, sql

LOOSENED = ["set default_transaction_read_only = off; set statement_timeout = 0; set lock_timeout = 0",
            "set session characteristics as transaction read write"]

TABLES = ["resource_usage_log", "nodes", "tally_schema", "secrets", "tally_rollup", "tally_rollup_ai", "tally_rollup_state",
          "tally_group", "tally_long_name", "tally_report", "tally_correction"]

WRITES = [
    "insert into {} default values", "insert into {} default values on conflict do nothing", "delete from {}",
    "truncate {}", "copy {} from stdin", "select * from {} for update", "begin; lock table {} in share mode",
    "alter table {} add column planted int", "alter table {} disable trigger all", "drop table {}",
    "create index planted on {} ((1))", "create rule planted as on select to {} do instead select 1",
    "create trigger planted before insert on {} execute function suppress_redundant_updates_trigger()",
    "create policy planted on {} using (true)", "alter table {} enable row level security",
    "comment on table {} is ''", "alter table {} owner to web",
]

READS = [
    "select * from secrets", "table secrets", "copy secrets to stdout", "select count(*) from secrets",
    "select n.* from nodes n",
    "select parent from nodes", "select count(parent) from nodes", "select nodes from nodes",
    "select to_jsonb(nodes) from nodes", "select title from nodes where parent is null",
    "select title from nodes order by parent", "select ctid from nodes", "select id from resource_usage_log",
    "select last_value from resource_usage_log_seq",
    "select * from secrets_view", "select leak()",
    "select rolpassword from pg_authid", "select passwd from pg_shadow", "select * from pg_statistic",
    "select * from pg_largeobject", "select * from pg_hba_file_rules", "select * from pg_file_settings",
    "select umoptions from pg_user_mapping",
]

FILES = [
    "select pg_read_file('/etc/passwd')", "select pg_read_binary_file('/etc/passwd')", "select pg_ls_dir('/')",
    "select pg_stat_file('/etc/passwd')", "select pg_ls_logdir()", "select pg_current_logfile()",
    "copy (select 1) to program 'true'", "copy (select 1) to '/tmp/planted'",
    "copy nodes (id, title) to '/tmp/planted'",
    "create temp table lines (line text); copy lines from '/etc/passwd'",
    "create temp table lines (line text); copy lines from program 'id'",
    "select lo_import('/etc/passwd')", "select lo_export(0, '/tmp/planted')", "load 'auto_explain'",
    "create extension dblink", "create extension file_fdw",
    "create function planted() returns int language c as 'libc', 'getpid'",
    "create foreign data wrapper planted", "create tablespace planted location '/tmp'",
]

OBJECTS = [
    "create schema planted", "create database planted", "create role planted", "create publication planted",
    "create subscription planted connection '' publication planted", "create cast (text as uuid) with inout",
    "create event trigger planted on sql_drop execute function planted()",
    "create collation public.planted from \"C\"",
    *(f"create {what}" for what in (
        "table {}.planted (x int)", "view {}.planted as select 1", "sequence {}.planted",
        "type {}.planted as enum ()", "domain {}.planted as int",
        "function {}.planted() returns int language sql as 'select 1'",
        "operator {}.@@@ (rightarg = int, function = int4um)",
        "aggregate {}.planted(int) (sfunc = int4pl, stype = int)",
        "statistics {}.planted on id, title from nodes",
        "text search dictionary {}.planted (template = simple)",
    )),
]

POWERS = [
    "set role owner", "set role pg_read_all_data", "set role pg_monitor", "set session authorization owner",
    "grant owner to web", "grant pg_read_all_data to web", "alter role web superuser",
    "alter role web createrole",
    "alter role web createdb", "alter role web replication", "alter role web bypassrls",
    "alter role web in database {database} set temp_file_limit = -1",
    "alter role owner set search_path = planted", "alter role owner password 'x'",
    "alter role all set search_path = planted", "alter database {database} set search_path = planted",
    "alter database {database} rename to planted", "drop database {database}", "alter system set fsync = off",
    "alter schema public owner to web", "alter function tally_number(jsonb) owner to web",
    "drop function tally_number(jsonb)", "alter function tally_number(jsonb) security definer",
    "create or replace function tally_number(jsonb) returns numeric language sql as 'select 5.0'",
    "select setval('resource_usage_log_seq', 1)", "alter sequence resource_usage_log_seq restart",
    "set session_replication_role = replica", "set temp_file_limit = -1", "set log_statement = 'none'",
    "set row_security = off; select * from secrets", "reset temp_file_limit",
    "select pg_reload_conf()", "select pg_rotate_logfile()", "select pg_switch_wal()", "checkpoint",
    "select pg_create_physical_replication_slot('planted')",
    "select pg_create_logical_replication_slot('planted', 'test_decoding')", "reassign owned by owner to web",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'owner'",
    "select pg_cancel_backend(pid) from pg_stat_activity where usename = 'owner'",
    "select pg_log_backend_memory_contexts(pid) from pg_stat_activity where usename = 'owner'",
]

@pytest.fixture(scope="module")
def installed(cluster: Postgres) -> Iterator[str]:
    """With tables of the site beside Tally's, an owner who is connected, and a function that leaks nothing."""
    name = "hostile"
    cluster.sql(f"create database {name} owner owner")
    install(cluster, name)
    sql(cluster, name, "create table secrets (x int); alter table nodes add column parent uuid;"
                       "create view secrets_view as select * from secrets;"
                       "create function leak() returns bigint language sql as 'select count(*) from secrets';"
                       "insert into nodes values (gen_random_uuid(), 'one')")
    assert grant(cluster, name) == Done(0, "", "")
    with psycopg.connect(cluster.conninfo(name, "owner")):
        yield name
    cluster.sql(f"drop database {name} with (force)")
    cluster.sql("alter role web reset all")


def grant(cluster: Postgres, dbname: str) -> Done:
    return psql(cluster, dbname, "grants.sql", "-v", "role=web", user=cluster.superuser)


@pytest.fixture
def session(cluster: Postgres, installed: str) -> Iterator["psycopg.Connection[Any]"]:
    """The web role's, freed of its own settings."""
    with psycopg.connect(cluster.conninfo(installed, "web"), autocommit=True) as connection:
        for statement in LOOSENED:
            connection.execute(statement)
        yield connection


def check_refused(session: "psycopg.Connection[Any]", statement: str) -> None:
    """For want of a right, and not because the session might be read only or the statement wrong."""
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement)
    finally:
        session.execute("rollback")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", WRITES)
def test_writes_nothing(session: "psycopg.Connection[Any]", statement: str, table: str) -> None:
    check_refused(session, statement.format(table))


@pytest.mark.parametrize("table", TABLES)
def test_passes_no_right_on(session: "psycopg.Connection[Any]", table: str) -> None:
    """Where the role may read a table, PostgreSQL only warns that nothing was granted."""
    try:
        session.execute(f"grant select on {table} to public")
    except psycopg.errors.InsufficientPrivilege:
        session.execute("rollback")
    assert session.execute("select grantee from information_schema.role_table_grants"
                           " where table_name = %s and grantee = 'PUBLIC'", [table]).fetchall() == []


@pytest.mark.parametrize("statement", READS)
def test_reads_nothing_else(session: "psycopg.Connection[Any]", statement: str) -> None:
    check_refused(session, statement)


@pytest.mark.parametrize("statement", FILES)
def test_leaves_the_database_nowhere(session: "psycopg.Connection[Any]", statement: str) -> None:
    check_refused(session, statement)


@pytest.mark.parametrize("statement", OBJECTS)
def test_makes_no_objects(session: "psycopg.Connection[Any]", statement: str) -> None:
    check_refused(session, statement.format("public"))


@pytest.mark.parametrize("statement", POWERS)
def test_gains_no_power(session: "psycopg.Connection[Any]", installed: str, statement: str) -> None:
    check_refused(session, statement.format(database=installed))
