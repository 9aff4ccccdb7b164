"""A schema where others may make objects, as PostgreSQL 14 left it: none of theirs is ever used."""

import re
from typing import Iterator

import psycopg
import pytest

import events
import sample
from planting import OWN_TYPES, plant
from postgres import Postgres
from process import ROOT
from sample import OVERVIEW, STATS
from shipped import USER_ID
from test_checkup import found
from wait import wait_until
from worker import Worker, running, settings_for

TARGETS = (STATS, f"{STATS}&bucket=none", f"{STATS}&thread_id=thread%201", f"{STATS}&agent_id=x",
           f"{STATS}&user_id={USER_ID}", f"{STATS}&channel_id={USER_ID}", f"{STATS}&bot_id={USER_ID}", OVERVIEW,
           f"{OVERVIEW}&collection_id=c0000000-0000-4000-8000-000000000001")

# All that workers send, and what runs behind it.
FILES = [path for path in (ROOT / "sql").glob("*.sql") if path.name != "sample.sql"]

# Names that PostgreSQL has, too, for types and tables.
TYPES = "".join(f"create type public.{name} as (planted int);" for name in ("uuid", "jsonb", "timestamptz", "pg_class", "text"))


# A log as sites have it, of which no operator is PostgreSQL's own.
LIMITED = """
alter table resource_usage_log alter resource_type type varchar(40), alter thread_id type varchar(200),
  alter agent_id type varchar(300);
alter table nodes alter title type varchar(200);
"""


@pytest.fixture(params=["text", "varchar"])
def dbname(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    name = postgres.create_database("shadowed")
    if request.param == "varchar":
        postgres.sql(LIMITED, dbname=name)
    sample.load(postgres, name)
    postgres.sql("insert into model_price values ('m', default, 2, 1, 3)", dbname=name)
    postgres.sql("create role planter login")
    yield name
    postgres.sql(f"drop database {name} with (force)")
    postgres.sql("drop role planter")


def test_planted_objects_are_not_used(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname)) as worker:
        right = {target: worker.ask(target) for target in TARGETS}
        assert {reply.status for reply in right.values()} == {200}
    postgres.sql("grant create on schema public to public", dbname=dbname)
    with psycopg.connect(postgres.conninfo(dbname, "planter"), autocommit=True) as planter:
        assert plant(planter, FILES, [name for name, in planter.execute(OWN_TYPES)]) > 1000
        planter.execute(TYPES)
        with pytest.raises(psycopg.errors.UndefinedFunction, match="canary"):
            planter.execute("select pg_catalog.abs(cardinality(array[1]))")
    since = postgres.log.stat().st_size
    for rollups in ("yes", "no"):
        with running(settings_for(postgres, dbname), {"reports": {"rollups": rollups}}) as worker:
            for target, reply in right.items():
                assert worker.ask(target) == reply, f"{target}: {worker.output()}"
            check_upkeep(postgres, dbname, worker)
            check_events(postgres, dbname, worker)
    checkup = found(settings_for(postgres, dbname))
    assert checkup.outcomes("ok") == set(checkup.checks), checkup.text
    assert re.findall("canary.*was run by.*", postgres.log.read_text()[since:]) == []


def check_events(postgres: Postgres, dbname: str, worker: Worker) -> None:
    """Events that are sent are priced and stored, which is done with the owner's rights too."""
    event = {"resource_type": "ai", "created_at": "2001-01-01T00:00:00Z",
             "detail": {"model": "m", "tokens_uncached": 1, "tokens_cached": 1, "tokens_out": 1}}
    reply = events.post(worker, [event, {**event, "id": "00000000-0000-4000-8000-0000000000aa"}, {"resource_type": "x"}])
    assert reply.status == 200 and reply.json()["rejected"] == 0, reply
    assert events.results(reply)[0]["priced"]
    deleted = postgres.sql("delete from resource_usage_log where created_at = '2001-01-01Z'::timestamptz or resource_type::text = 'x'::text"
                            " returning detail ->> 'cost_usd'::text", dbname=dbname)
    assert sorted(deleted, key=str) == [("0.000006",), ("0.000006",), (None,)], "in whatever order"


def check_upkeep(postgres: Postgres, dbname: str, worker: Worker) -> None:
    """Events that come and go find their way into the sums, which the owner's rights keep up."""
    postgres.sql("begin; insert into resource_usage_log (resource_type, detail) select 'gone', '{}'"
                 " from generate_series(1, 50); update resource_usage_log set agent_id = 'gone' where"
                 " resource_type::text = 'gone'::text; commit", dbname=dbname)
    postgres.sql("delete from resource_usage_log where resource_type::text = 'gone'::text", dbname=dbname)
    wait_until(lambda: worker.ask("/healthz").status == 200 and folded(postgres, dbname), "the sums to hold all", 30)
    assert "upkeep" not in worker.output()
    # What fails for what is in an event is told there alone.
    assert postgres.sql("select from tally_correction where aside", dbname=dbname) == []
    postgres.sql("create or replace function refuse() returns trigger language plpgsql as $$ begin"
                 " if new.name = 'poison'::text then raise exception 'no'; end if; return new; end $$;"
                 "create or replace trigger refuse before insert on tally_group for each row execute function refuse();"
                 "insert into resource_usage_log (resource_type, agent_id) values ('poison', 'a'), ('x', repeat('x', 300))",
                 dbname=dbname)
    wait_until(lambda: worker.ask("/healthz").status == 200 and postgres.sql(
        "select sign from tally_correction where aside", dbname=dbname) == [(1,)], "one to be put aside")
    postgres.sql("delete from resource_usage_log where resource_type::text = any ('{poison,x}'::text[])", dbname=dbname)
    wait_until(lambda: worker.ask("/healthz").status == 200 and postgres.sql(
        "select from tally_correction", dbname=dbname) == [], "nothing to be left of it")
    assert "upkeep" not in worker.output()


def folded(postgres: Postgres, dbname: str) -> bool:
    return postgres.sql("select watermark = pg_sequence_last_value('resource_usage_log_seq'::regclass)"
                        " and adopted_from = '-infinity'::timestamptz and stage = 'kept'::text"
                        " from tally_rollup_state", dbname=dbname) == [(True,)]
