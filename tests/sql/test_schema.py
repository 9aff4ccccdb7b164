"""sql/schema.sql: again and again, by an ordinary owner, over an existing log, in any schema."""

import re
import threading
from typing import Any

import psycopg
import pytest

from postgres import Postgres
from process import ROOT
from run import Done, install, psql, sql

# The log and the collections as another program made them, with events in them.
ORIGIN = """
create table nodes (id uuid primary key, title text, parent uuid, extra jsonb);
create table resource_usage_log (
  id uuid primary key, created_at timestamptz, collection_id uuid, resource_type varchar(40), detail jsonb);
insert into resource_usage_log
  select gen_random_uuid(), '2026-03-01Z'::timestamptz + n * interval '1 minute', null, 'ai',
         jsonb_build_object('tokens_in', n)
  from generate_series(1, 1000) n;
"""

DESCRIPTION = """
select relname, relkind::text, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)
from pg_class join pg_namespace n on n.oid = relnamespace
  join pg_attribute on attrelid = pg_class.oid left join pg_attrdef on adrelid = attrelid and adnum = attnum
where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and attnum > 0 and not attisdropped
order by 1, 3
"""

COLUMNS = [("id", "uuid"), ("created_at", "timestamp with time zone"), ("resource_type", "text"),
           ("collection_id", "uuid"), ("detail", "jsonb"), ("user_id", "uuid"), ("bot_id", "uuid"),
           ("channel_id", "uuid"), ("thread_id", "text"), ("agent_id", "text"), ("seq", "bigint"), ("recorded_by", "text")]


def columns(cluster: Postgres, dbname: str, table: str = "resource_usage_log") -> list[tuple[Any, ...]]:
    return sql(cluster, dbname, "select attname, format_type(atttypid, null) from pg_attribute"
               " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum", table)


def file_of(cluster: Postgres, dbname: str) -> Any:
    return sql(cluster, dbname, "select pg_relation_filenode('resource_usage_log')")[0][0]


def version_of_program() -> int:
    found = re.search(r'SCHEMA_VERSION "(\d+)"', (ROOT / "src" / "schema_version.h").read_text())
    assert found
    return int(found[1])


def test_three_times(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    assert sorted(columns(cluster, dbname)) == sorted(COLUMNS)
    sql(cluster, dbname, "insert into resource_usage_log (resource_type, detail) values ('ai', '{\"tokens_in\": 5}')")
    sql(cluster, dbname, "insert into nodes values (gen_random_uuid(), 'kept')")
    first = sql(cluster, dbname, DESCRIPTION), file_of(cluster, dbname)
    for _ in range(2):
        install(cluster, dbname)
        assert (sql(cluster, dbname, DESCRIPTION), file_of(cluster, dbname)) == first
    assert sql(cluster, dbname, "select resource_type, detail, seq from resource_usage_log") == [
        ("ai", {"tokens_in": 5}, 1)]
    assert sql(cluster, dbname, "select title from nodes") == [("kept",)]


def test_version_is_that_of_the_program(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    assert sql(cluster, dbname, "select version from tally_schema") == [(version_of_program(),)]
    sql(cluster, dbname, "update tally_schema set version = 0")
    install(cluster, dbname)
    assert sql(cluster, dbname, "select version from tally_schema") == [(version_of_program(),)]


def test_defaults_of_a_new_event(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    sql(cluster, dbname, "insert into resource_usage_log (resource_type) values ('cas'), ('cas')")
    rows = sql(cluster, dbname, "select id is not null, now() - created_at < '1 min', detail, seq, user_id, thread_id"
                                " from resource_usage_log order by seq")
    assert rows == [(True, True, {}, 1, None, None), (True, True, {}, 2, None, None)]


def test_existing_log_is_adopted(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, ORIGIN)
    before = file_of(cluster, dbname)
    events = sql(cluster, dbname, "select id, created_at, resource_type, detail from resource_usage_log order by id")
    for _ in range(2):
        install(cluster, dbname)
    assert file_of(cluster, dbname) == before
    assert {name for name, _ in columns(cluster, dbname)} == {name for name, _ in COLUMNS}
    assert sql(cluster, dbname, "select id, created_at, resource_type, detail from resource_usage_log order by id"
               ) == events
    sql(cluster, dbname, "insert into resource_usage_log (id, created_at, resource_type, detail)"
                         " values (gen_random_uuid(), now(), 'ai', '{}')")
    assert sql(cluster, dbname, "select count(*), max(seq) from resource_usage_log where seq is not null") == [(1, 1)]


def test_what_version_3_recorded_events_with_is_gone(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    arguments = "uuid[], timestamptz[], text[], uuid[], uuid[], uuid[], uuid[], text[], text[], jsonb[]"
    for name in ("tally_record", "tally_record_each"):
        sql(cluster, dbname, f"drop function {name}; create function {name}({arguments}) returns int language sql"
                             " security definer as 'select 1'")
    sql(cluster, dbname, "alter table resource_usage_log drop recorded_by")
    for _ in range(2):
        install(cluster, dbname)
    assert sql(cluster, dbname, "select proname::text, pronargs, has_function_privilege('web', oid, 'execute') from pg_proc"
                                " where proname in ('tally_record', 'tally_record_each') order by 1") == [
        ("tally_record", 12, False), ("tally_record_each", 12, False)]
    assert ("recorded_by", "text") in columns(cluster, dbname)


@pytest.mark.parametrize("change, told", [
    ("alter table resource_usage_log alter column created_at type timestamp",
     "resource_usage_log.created_at must be of type timestamp with time zone, but it is timestamp without"),
    ("alter table resource_usage_log alter column detail type json",
     "resource_usage_log.detail must be of type jsonb, but it is json"),
    ("alter table resource_usage_log add column user_id bigint",
     "resource_usage_log.user_id must be of type uuid, but it is bigint"),
    ("alter table resource_usage_log drop column detail", "resource_usage_log.detail must be of type jsonb"),
])
def test_a_log_that_would_give_wrong_sums_is_refused(cluster: Postgres, dbname: str, change: str,
                                                     told: str) -> None:
    sql(cluster, dbname, ORIGIN + ";" + change)
    before = sql(cluster, dbname, DESCRIPTION)
    done = psql(cluster, dbname, "schema.sql")
    assert done.status != 0 and told in done.errors
    assert sql(cluster, dbname, DESCRIPTION) == before


def test_an_adopted_log_takes_an_event_that_says_little(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, ORIGIN + ";alter table resource_usage_log alter column detail set default '{\"x\": 1}'")
    install(cluster, dbname)
    sql(cluster, dbname, "insert into resource_usage_log (resource_type) values ('new')")
    [row] = sql(cluster, dbname, "select id is not null, created_at > now() - interval '1 minute', detail, seq"
                " from resource_usage_log where resource_type = 'new'")
    assert row == (True, True, {"x": 1}, 1)


def test_site_table_keeps_its_columns(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, ORIGIN)
    before = columns(cluster, dbname, "nodes")
    install(cluster, dbname)
    assert columns(cluster, dbname, "nodes") == before


def test_view_may_be_the_collections(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, "create table site (key uuid, name text);"
                         " create view nodes as select key as id, name as title from site")
    for _ in range(2):
        install(cluster, dbname)
    assert psql(cluster, dbname, "grants.sql", "-v", "role=web").status == 0
    assert sql(cluster, dbname, "select id, title from nodes", user="web") == []


def test_indexes_serve_the_filters(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    found = sql(cluster, dbname, "select indexdef from pg_indexes where tablename = 'resource_usage_log'")
    definitions = " ".join(definition for definition, in found)
    for columns_of_index in ("(created_at)", "(collection_id, created_at", "(user_id, GREATEST(created_at",
                             "(bot_id, created_at", "(channel_id, created_at", "(hashtextextended((thread_id",
                             "(hashtextextended((agent_id"):
        assert columns_of_index in definitions, columns_of_index


def test_another_schema(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, 'create schema "Usage data"')
    options = '-c search_path="Usage\\ data"'
    for _ in range(2):
        install(cluster, dbname, options=options)
    found = sql(cluster, dbname, "select distinct schemaname from pg_tables where tableowner = 'owner'")
    assert found == [("Usage data",)]
    done = psql(cluster, dbname, "grants.sql", "-v", "role=web", options=options)
    assert done.status == 0, done
    with psycopg.connect(cluster.conninfo(dbname, "web"), options=options) as connection:
        assert connection.execute("select count(detail) from resource_usage_log").fetchall() == [(0,)]
        assert connection.execute("select tally_number('5')").fetchall() == [(5,)]


def test_owner_of_a_schema_alone(cluster: Postgres, dbname: str) -> None:
    """On shared hosting somebody else may own the database."""
    cluster.sql(f"alter database {dbname} owner to {cluster.superuser}")
    cluster.sql("create schema site authorization owner", dbname=dbname)
    options = "-c search_path=site"
    for _ in range(2):
        install(cluster, dbname, options=options)


def test_fault_leaves_nothing_half_made(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, "create table tally_schema (other text)")
    done = psql(cluster, dbname, "schema.sql")
    assert done.status == 3 and "ERROR" in done.errors
    assert sql(cluster, dbname, "select to_regclass('resource_usage_log'), to_regclass('nodes')") == [(None, None)]


def test_side_by_side(cluster: Postgres, dbname: str) -> None:
    done: list[Done] = []
    threads = [threading.Thread(target=lambda: done.append(psql(cluster, dbname, "schema.sql"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [Done(0, "", "")] * 4


def test_any_writer_may_number_its_events(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    sql(cluster, dbname, "grant insert on resource_usage_log to web; grant usage on schema public to web")
    sql(cluster, dbname, "insert into resource_usage_log (resource_type) values ('ai')", user="web")
    assert sql(cluster, dbname, "select seq from resource_usage_log") == [(1,)]


@pytest.mark.parametrize("setting", ["default_transaction_isolation=serializable",
                                     "timezone=Asia/Kathmandu", "row_security=off"])
def test_settings_of_the_session(cluster: Postgres, dbname: str, setting: str) -> None:
    install(cluster, dbname, options=f"-c {setting}")
    assert sql(cluster, dbname, "select tally_number('\"1.5\"'), tally_number('\"1x5\"')") == [(1.5, None)]


ADOPTED = ("create table resource_usage_log (id uuid, created_at timestamptz, resource_type text, collection_id uuid,"
           " detail jsonb); insert into resource_usage_log values ")


def test_ids_become_a_key_where_they_can(cluster: Postgres, dbname: str) -> None:
    """Events that are sent need that."""
    sql(cluster, dbname, ADOPTED + "(gen_random_uuid(), now(), 'x', null, '{}'), (gen_random_uuid(), now(), 'x', null, '{}')")
    for _ in range(2):
        install(cluster, dbname)
    assert sql(cluster, dbname, "select indisunique and indisvalid from pg_index"
                                " where indexrelid = 'resource_usage_log_id'::regclass") == [(True,)]


def test_columns_that_no_event_can_fill_are_told(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, ADOPTED.replace("(id uuid,", "(id uuid primary key, tenant int not null, place int not null,"
                                         " given int not null default 1, made int generated always as identity,")
        + "(gen_random_uuid(), 1, 2, 3, default, now(), 'x', null, '{}')")
    done = psql(cluster, dbname, "schema.sql")
    assert done.status == 0 and done.errors.strip().endswith("for columns that must not be null: tenant, place"), done
    sql(cluster, dbname, "alter table resource_usage_log alter tenant set default 1, alter place drop not null")
    assert psql(cluster, dbname, "schema.sql").errors == ""


def test_a_key_that_is_checked_late_is_none(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, ADOPTED.replace("(id uuid,", "(id uuid primary key deferrable,") + "(gen_random_uuid(), now(), 'x', null, '{}')")
    install(cluster, dbname)
    assert sql(cluster, dbname, "select indimmediate from pg_index where indexrelid = 'resource_usage_log_id'::regclass") == [(True,)]


def test_ids_that_are_no_key_are_told(cluster: Postgres, dbname: str) -> None:
    one = "('00000000-0000-4000-8000-000000000001', now(), 'x', null, '{}')"
    sql(cluster, dbname, ADOPTED + f"{one}, {one}")
    for _ in range(2):
        done = psql(cluster, dbname, "schema.sql")
        assert done.status == 0 and "needs each id once in the log" in done.errors, done
    assert sql(cluster, dbname, "select to_regclass('resource_usage_log_id'), version from tally_schema") == [(None, 4)]
    sql(cluster, dbname, "update resource_usage_log set id = gen_random_uuid()")
    assert psql(cluster, dbname, "schema.sql").errors == ""
