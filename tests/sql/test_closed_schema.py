"""sql/schema.sql refuses a schema where others may make objects, before it does anything."""

from typing import Iterator

import pytest

from postgres import Postgres
from run import Done, install, psql, sql

OBJECTS = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"


@pytest.fixture
def others(cluster: Postgres, dbname: str) -> Iterator[str]:
    """Roles beside the owner: one that is nobody, one in a group, one that may become the owner."""
    cluster.sql("create role nobody_else; create role team; create role member in role owner")
    yield dbname
    cluster.sql("drop owned by nobody_else, team, member", dbname=dbname)
    cluster.sql("drop role nobody_else; drop role team; drop role member")


@pytest.mark.parametrize("user", ["owner", "the superuser"])
@pytest.mark.parametrize("open_to, told", [("public", "Every role"), ("nobody_else", "Role nobody_else"), ("team", "Role team")])
def test_an_open_schema_is_refused(cluster: Postgres, others: str, user: str, open_to: str, told: str) -> None:
    user = cluster.superuser if user == "the superuser" else user
    cluster.sql(f"grant create on schema public to {open_to}", dbname=others)
    done = psql(cluster, others, "schema.sql", user=user)
    assert done.status == 3 and f"{told} may create objects in schema public" in done.errors
    cure = f"revoke create on schema public from {open_to}"
    assert cure in done.errors
    assert sql(cluster, others, OBJECTS) == [(0,)]
    cluster.sql(cure, dbname=others)
    install(cluster, others, user=user)


def test_it_stays_refused_when_tally_is_there(cluster: Postgres, others: str) -> None:
    install(cluster, others)
    cluster.sql("grant create on schema public to public", dbname=others)
    assert psql(cluster, others, "schema.sql").status == 3


@pytest.mark.parametrize("grantee", ["owner", "member", "pg_database_owner"])
@pytest.mark.parametrize("user", ["owner", "the superuser"])
def test_who_is_no_other(cluster: Postgres, others: str, grantee: str, user: str) -> None:
    cluster.sql(f"grant create on schema public to {grantee}", dbname=others)
    install(cluster, others, user=cluster.superuser if user == "the superuser" else user)


def test_a_schema_that_was_granted_to_the_one_who_runs_it(cluster: Postgres, others: str) -> None:
    """As on PostgreSQL 15, where the site's role is often given the right to create in public."""
    cluster.sql(f"alter database {others} owner to {cluster.superuser}")
    cluster.sql("grant create on schema public to owner", dbname=others)
    done = psql(cluster, others, "schema.sql", user=cluster.superuser)
    assert done.status == 3 and "or run this file as that role" in done.errors
    install(cluster, others)


def test_a_log_of_another_role(cluster: Postgres, others: str) -> None:
    """A superuser who adopts the site's log does so as the site's role."""
    sql(cluster, others, "create table resource_usage_log (id uuid primary key, created_at timestamptz, resource_type text,"
                         " collection_id uuid, detail jsonb)")
    done = psql(cluster, others, "schema.sql", user=cluster.superuser)
    assert done.status == 3 and "belongs to role owner" in done.errors and "psql -c 'set role owner' -f schema.sql" in done.errors
    assert sql(cluster, others, OBJECTS) == [(2,)]
    for _ in range(2):
        assert psql(cluster, others, "schema.sql", "-c", "set role owner", user=cluster.superuser) == Done(0, "SET\n", "")
    assert sql(cluster, others, "select distinct relowner::regrole::text from pg_class"
                                " where relnamespace = 'public'::regnamespace") == [("owner",)]
    assert psql(cluster, others, "grants.sql", "-v", "role=web", user=cluster.superuser).status == 0


PLANTED = {
    "function": "create function tally_number(jsonb) returns numeric language sql as 'select 1.0'",
    "relation": "create table tally_rollup_state (x int)",
    "type": "create type tally_event as (x int)",
    "relation of prices": "create table model_price (x int)",
}


@pytest.mark.parametrize("name", PLANTED)
def test_names_that_others_took_before(cluster: Postgres, others: str, name: str) -> None:
    """While the schema was open; who runs the file would replace what is there, and not own it."""
    cluster.sql("grant create on schema public to nobody_else; grant nobody_else to web", dbname=others)
    sql(cluster, others, "set role nobody_else; " + PLANTED[name], user="web")
    cluster.sql("revoke create on schema public from nobody_else", dbname=others)
    for user in ("owner", cluster.superuser):
        done = psql(cluster, others, "schema.sql", user=user)
        assert done.status == 3 and "belongs to another role" in done.errors, done
    cluster.sql("drop owned by nobody_else", dbname=others)
    assert psql(cluster, others, "schema.sql", user=cluster.superuser) == Done(0, "", "")


@pytest.mark.parametrize("planted, told", [
    ("function lower(varchar) returns text language sql as 'select $1::text'", "lower(character varying) has"),
    ("function same(varchar, varchar) returns boolean language sql as 'select true';"
     " create operator = (leftarg = varchar, rightarg = varchar, function = same)", "=(character varying,character varying) has"),
])
def test_what_others_left_behind_is_told(cluster: Postgres, others: str, planted: str, told: str) -> None:
    cluster.sql("grant create on schema public to nobody_else; grant nobody_else to web", dbname=others)
    sql(cluster, others, "set role nobody_else; create " + planted, user="web")
    cluster.sql("revoke create on schema public from nobody_else", dbname=others)
    done = psql(cluster, others, "schema.sql")
    assert done.status == 0 and done.errors.count("WARNING") == 1 and told in done.errors, done
    cluster.sql("drop owned by nobody_else", dbname=others)
    install(cluster, others)
