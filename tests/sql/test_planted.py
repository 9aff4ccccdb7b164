"""What others planted while a schema was open is never run with the rights of an owner or a superuser."""

import re
from typing import Iterator

import psycopg
import pytest

from planting import OWN_TYPES, plant
from postgres import Postgres
from process import ROOT
from run import install, psql, sql

# What runs with such rights: by functions of the owner's, by hand, or from a file.
FILES = [ROOT / "sql" / name for name in (
    "schema.sql", "closed_schema.sql", "rollups.sql", "upkeep.sql", "fold.sql", "verify.sql", "ingest.sql", "refusals.sql",
    "rights.sql", "grants.sql", "drop.sql")]

# A log as sites have it: texts with a limit, without the defaults of ours.
LOG = """
create table nodes (id uuid primary key, title varchar(200));
create table resource_usage_log (
  id uuid primary key, created_at timestamptz, collection_id uuid, resource_type varchar(40), detail jsonb,
  thread_id varchar(200), agent_id varchar(200));
"""

# What sites do is none of ours: it meets no canary.
SITE = "set search_path = pg_catalog; "
EVENTS = SITE + """
insert into public.resource_usage_log (id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail)
select gen_random_uuid(), timestamptz '2026-03-02 00:00:00+00' + n * interval '17 minutes', (array['ai', 'cas', 'x'])[n %% 3 + 1],
  gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'thread', 'agent',
  jsonb_build_object('tokens_in', n, 'tokens_out', '5', 'size_bytes', 7, 'model', 'm', 'job_type', 'chat', 'model_level', 'smart')
from generate_series(1, 300) n
"""

RECORDED = """
select * from {}(array['00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000a2']::uuid[],
  array[null, '2026-03-03Z']::timestamptz[], array['ai', null]::text[], array[null, null]::uuid[],
  array[null, null]::uuid[], array[null, null]::uuid[], array[null, null]::uuid[], array['t', null]::text[],
  array[null, 'a']::text[], array['{{"model": "m", "tokens_uncached": 1, "tokens_cached": 1, "tokens_out": 1}}', '{{}}']::jsonb[],
  array[null, 'sender']::text[], 600)
"""

# One for each way that an event is not stored: by a rule, by a fault that only other events tell from one of the log,
# too long, too far ahead, and not what is there; and one that is.
REFUSED = SITE + """
create function public.site() returns trigger language plpgsql set search_path = pg_catalog
  as $$ begin if new.agent_id = 'divides' then perform 1 / 0; end if; return new; end $$;
create trigger site before insert on public.resource_usage_log for each row execute function public.site();
alter table public.resource_usage_log add constraint site check (agent_id <> 'refused') not valid;
do $$ begin
  assert (
    select array_agg(case when differs then 'differs' else coalesce(left(refusal, 5), 'stored') end order by place) from public.tally_record_each(
      array['00000000-0000-4000-8000-0000000000a1', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
            gen_random_uuid(), gen_random_uuid()]::uuid[], array[null, null, null, null, '2100-01-01Z', null]::timestamptz[],
      array['ai', 'ai', 'ai', 'ai', 'ai', 'cas'], array_fill(null::uuid, array[6]), array_fill(null::uuid, array[6]),
      array_fill(null::uuid, array[6]), array_fill(null::uuid, array[6]), array[null, null, null, repeat('x', 201), null, null],
      array[null, 'refused', 'divides', null, null, null], array_fill('{}'::jsonb, array[6]), array_fill(null::text, array[6]),
      600)) = array['differs', '23514', '22012', '22001', 'TL002', 'stored'];
end $$;
drop trigger site on public.resource_usage_log;
"""

# Sums that fail for what is in an event: it is put aside, changed and taken away. And names that are cut.
FOLD = SITE + """
do $$ begin
  while public.tally_upkeep(50) <> 'done' loop end loop;
  assert (select count(*) filter (where aside) = {0} and count(*) = {0} from public.tally_correction);
end $$
"""
ASIDE = [
    FOLD.format(0),
    SITE + """
create function public.refuse() returns trigger language plpgsql set search_path = pg_catalog
  as $$ begin if new.name = 'poison' then raise exception 'no'; end if; return new; end $$;
create trigger refuse before insert on public.tally_group for each row execute function public.refuse();
insert into public.resource_usage_log (resource_type, agent_id, detail) values ('ai', repeat('a', 200), jsonb_build_object(
  'job_type', repeat('j', 300), 'model_level', repeat('l', 300), 'pad', repeat('x', 3000))), ('poison', 'a', '{}')
""",
    FOLD.format(1),
    SITE + "update public.resource_usage_log set agent_id = 'b' where resource_type = 'poison'",
    FOLD.format(1),
    "select * from public.tally_verify('-infinity'::timestamptz, 'infinity'::timestamptz)",
    SITE + "delete from public.resource_usage_log where resource_type = 'poison'",
    FOLD.format(0),
]

# Beginning anew while somebody reads the sums and writes to the log.
BUSY = "lock table public.tally_rollup in access share mode; lock table public.resource_usage_log in row exclusive mode"
BESIDE = SITE + """
update public.tally_rollup_state set stage = 'anew';
do $$ begin
  while public.tally_upkeep(1000) = 'more' loop end loop;
  assert (select stage = 'starting' and cardinality(writers) = 1 from public.tally_rollup_state);
end $$
"""

# Each in a session and transaction of its own. What the statement itself names is typed as the files are.
WORK = [
    EVENTS.replace("%%", "%"),
    "select public.tally_upkeep(100)",
    "call public.tally_adopt(70)",
    SITE + "update public.resource_usage_log set agent_id = 'other', seq = case when seq = 5 then null else seq end",
    SITE + "delete from public.resource_usage_log where seq < 20",
    SITE + "set session_replication_role = replica; update public.resource_usage_log set agent_id = 'third' where seq < 50;"
    " delete from public.resource_usage_log where seq < 40",
    "select stage, in_use, numbers_to_fold, corrections, waiting_for from public.tally_rollup_status",
    "select * from public.tally_verify('-infinity'::timestamptz, 'infinity'::timestamptz)",
    "call public.tally_rebuild(100)",
    "select public.tally_keep('user'::text, 'hour'::text)",
    "call public.tally_adopt(50000)",
    "delete from public.tally_rollup",
    "select * from public.tally_verify('-infinity'::timestamptz, 'infinity'::timestamptz)",
    "insert into public.model_price values ('m'::text, default, 2.0, 1.0, 3.0)",
    RECORDED.format("public.tally_record_each"),
    RECORDED.format("public.tally_record").replace("'ai', null", "'ai', 'cas'").replace("0000a", "0000b"),
    "select public.tally_reprice('-infinity'::timestamptz, 'infinity'::timestamptz)",
    "select * from public.tally_unpriced('-infinity'::timestamptz, 'infinity'::timestamptz)",
    "select public.tally_number('5'::jsonb), public.tally_number('\"5.5\"'::jsonb), public.tally_number('{}'::jsonb)",
    "select * from public.tally_window('2026-03-02Z'::timestamptz, '2026-04-02Z'::timestamptz, 'ai'::text)",
    REFUSED,
    *ASIDE,
    BESIDE,
    "truncate resource_usage_log",
    "call public.tally_adopt(50000)",
]


@pytest.fixture
def garden(cluster: Postgres) -> Iterator[str]:
    """A database, and somebody who may make objects in it while it is open."""
    cluster.sql("create role planter login")
    cluster.sql("create database garden owner owner")
    yield "garden"
    cluster.sql("drop database garden with (force)")
    cluster.sql("drop role planter; alter role web reset all")


def fill(cluster: Postgres, dbname: str) -> None:
    """Plant all that the files could take, and close the schema again."""
    types = [name for name, in sql(cluster, dbname, OWN_TYPES)]
    cluster.sql("grant create on schema public to planter", dbname=dbname)
    with psycopg.connect(cluster.conninfo(dbname, "planter"), autocommit=True) as connection:
        assert plant(connection, FILES, types) > 1000
    cluster.sql("revoke create on schema public from planter", dbname=dbname)


def work(cluster: Postgres, dbname: str, files: list[str], last: list[str], user: str) -> list[str]:
    """Run the files and all that Tally does; returns what the server's log says of canaries, and what failed."""
    since = cluster.log.stat().st_size
    failed = []
    for statement in [*files, *WORK, *last]:
        if statement.endswith(".sql"):
            done = psql(cluster, dbname, statement, "-v", "role=web", user=user)
            failed += [done.errors] if done.status else []
            continue
        try:
            with psycopg.connect(cluster.conninfo(dbname, user)) as other:
                other.execute(BUSY if statement == BESIDE else "")
                sql(cluster, dbname, statement, user=user)
        except psycopg.errors.InsufficientPrivilege as error:
            failed += [] if "session_replication_role" in statement and user == "owner" else [str(error)]
        except psycopg.Error as error:
            failed.append(f"{statement}: {error}")
    with cluster.log.open() as log:
        log.seek(since)
        return failed + re.findall(r"^.*canary.* was run by.*$", log.read(), re.MULTILINE)


@pytest.mark.parametrize("user", ["owner", "the superuser"])
def test_no_canary_is_run(cluster: Postgres, garden: str, user: str) -> None:
    user = cluster.superuser if user == "the superuser" else user
    sql(cluster, garden, LOG, user=user)
    install(cluster, garden, user=user)
    fill(cluster, garden)
    assert work(cluster, garden, ["grants.sql"], [], user) == []


@pytest.mark.parametrize("user", ["owner", "the superuser"])
def test_no_canary_is_built_in(cluster: Postgres, garden: str, user: str) -> None:
    """What is planted before Tally comes finds its way into no index, default, constraint or trigger."""
    user = cluster.superuser if user == "the superuser" else user
    sql(cluster, garden, LOG, user=user)
    fill(cluster, garden)
    assert work(cluster, garden, ["schema.sql", "grants.sql", "schema.sql"], ["drop.sql"], user) == []


def test_what_takes_any_types_is_named_in_full(cluster: Postgres) -> None:
    """Of a function such as format() others can make one that fits better for any call: so none is called by its bare name."""
    names = [name for name, in cluster.sql("select distinct proname from pg_proc where provariadic = '\"any\"'::regtype")]
    bare = re.compile(rf"(?<![\w.])(?:{'|'.join(names)})\s*\(")
    assert [(path.name, match[0]) for path in FILES for match in bare.finditer(path.read_text())] == []
