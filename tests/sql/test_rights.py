"""Rights that a restore without rights has lost: grants.sql alone sets them right again."""

import subprocess
from typing import Iterator

import psycopg
import pytest

from postgres import Postgres, program
from run import install, psql, sql
from test_grants import ALLOWED, FORBIDDEN

# What more than computes, by who may run it.
OPEN = ("select proname from pg_proc where pronamespace = 'public'::regnamespace and proname like 'tally%'"
        " and (prosecdef or provolatile <> 'i') and has_function_privilege('public', oid, 'execute')")
UNFENCED = ("select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
            " and (proconfig is null or not 'search_path=public, pg_temp' = any (proconfig))")


@pytest.fixture
def restored(cluster: Postgres, dbname: str) -> Iterator[str]:
    """A database that was dumped and restored as most do it: without rights."""
    install(cluster, dbname)
    assert psql(cluster, dbname, "grants.sql", "-v", "role=web").status == 0
    sql(cluster, dbname, "create table secrets (x int); alter table nodes add column parent uuid")
    cluster.sql("create database restored owner owner")
    dump = subprocess.run([program("pg_dump"), "-Fc", "-d", cluster.conninfo(dbname)], capture_output=True, check=True)
    subprocess.run([program("pg_restore"), "--no-acl", "-d", cluster.conninfo("restored")], input=dump.stdout, check=True)
    yield "restored"
    cluster.sql("drop database restored with (force)")
    cluster.sql("alter role web reset all")


@pytest.mark.parametrize("user", ["owner", "the superuser"])
def test_grants_alone_are_enough_after_a_restore(cluster: Postgres, restored: str, user: str) -> None:
    assert len(sql(cluster, restored, OPEN)) > 10
    done = psql(cluster, restored, "grants.sql", "-v", "role=web", user="owner" if user == "owner" else cluster.superuser)
    assert done.status == 0 and "ERROR" not in done.errors
    assert sql(cluster, restored, OPEN) == []
    with psycopg.connect(cluster.conninfo(restored, "web"), autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        for query in ALLOWED:
            connection.execute(query)
        for query in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)


def test_whoever_may_insert_can_do_so_after_a_restore(cluster: Postgres, restored: str) -> None:
    sql(cluster, restored, "grant insert on resource_usage_log to web; grant usage on schema public to web")
    assert psql(cluster, restored, "grants.sql", "-v", "role=web").status == 0
    sql(cluster, restored, "insert into resource_usage_log (resource_type) values ('ai')", user="web")


def test_a_fence_that_was_lost_stands_again(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    assert sql(cluster, dbname, UNFENCED) == []
    sql(cluster, dbname, "alter function tally_upkeep reset all; alter function tally_note_correction reset search_path")
    assert len(sql(cluster, dbname, UNFENCED)) == 2
    assert psql(cluster, dbname, "grants.sql", "-v", "role=web").status == 0
    assert sql(cluster, dbname, UNFENCED) == []


def test_rights_that_the_site_gave_by_name_stay(cluster: Postgres, dbname: str) -> None:
    install(cluster, dbname)
    sql(cluster, dbname, "grant execute on function tally_unpriced to web")
    assert psql(cluster, dbname, "grants.sql", "-v", "role=web").status == 0
    assert sql(cluster, dbname, "select has_function_privilege('web', 'tally_unpriced(timestamptz, timestamptz)', 'execute')"
               ) == [(True,)]
