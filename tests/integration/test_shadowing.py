"""A schema where others may make objects, as PostgreSQL 14 left it: none of theirs is ever used."""

from typing import Iterator

import psycopg
import pytest

import events
import sample
from postgres import Postgres
from sample import OVERVIEW, STATS
from shipped import USER_ID
from wait import wait_until
from worker import Worker, running, settings_for

TARGETS = (STATS, f"{STATS}&bucket=none", f"{STATS}&thread_id=thread%201", f"{STATS}&agent_id=x",
           f"{STATS}&user_id={USER_ID}", f"{STATS}&channel_id={USER_ID}", f"{STATS}&bot_id={USER_ID}", OVERVIEW,
           f"{OVERVIEW}&collection_id=c0000000-0000-4000-8000-000000000001")

# For every operator and function that statements and functions name: one of that name for any operands
# that PostgreSQL could take these for, where it has none of its own for exactly these.
PLANT = """
do $plant$
declare
  types text[] := array['jsonb', 'text', 'text[]', 'numeric', 'bigint', 'int', 'float8', 'timestamptz',
                        'timestamp', 'interval', 'uuid', 'oid', 'oid[]', 'name', '"char"', 'tid', 'regclass',
                        'tally_event[]', 'anyelement'];
  seconds text[] := types || array[''];
  operators text[] := array['->', '->>', '#>>', '~', '~~', '!~~', '||', '=', '<>', '<', '<=', '>', '>=', '+', '-', '*'];
  functions text[] := array['sum', 'count', 'max', 'date_trunc', 'now', 'timezone', 'extract', 'date_part',
                            'jsonb_typeof', 'octet_length', 'tally_number', 'tally_total_member', 'coalesce',
                            'grouping', 'numeric', 'int8', 'text', 'interval', 'date_bin', 'hashtextextended',
                            'uuid_hash_extended', 'pg_relation_filenode', 'pg_sequence_last_value', 'unnest',
                            'array_agg', 'cardinality', 'current_setting', 'split_part', 'pg_is_in_recovery',
                            'tally_window', 'tally_pieces', 'tally_period', 'tally_upkeep', 'tally_fold',
                            'tally_add', 'tally_cells', 'tally_bounded', 'tally_keep_whole', 'tally_taken', 'tally_folds',
                            'left', 'encode', 'sha256', 'convert_to', 'getdatabaseencoding', 'pg_column_size', 'tally_group_hash', 'tally_what_remains', 'tally_priced',
                            'tally_joined_tokens', 'tally_has_own_cost', 'trim_scale', 'jsonb_build_object'];
  body text := ' language plpgsql immutable as $b$ begin raise exception ''planted''; end $b$';
  name text; one text; two text; arguments text; number int := 0;
begin
  foreach one in array types loop
    foreach two in array seconds loop
      arguments := one || case two when '' then '' else ', ' || two end;
      foreach name in array functions loop
        begin
          execute format('create function public.%I(%s) returns numeric', name, arguments) || body;
        exception when duplicate_function then  -- Tally's own
        end;
      end loop;
      continue when two = '';
      foreach name in array operators loop
        number := number + 1;
        execute format('create function public.planted_%s(%s) returns %s', number, arguments,
          case name when '->' then 'jsonb' when '->>' then 'text' when '#>>' then 'text' when '||' then 'text' when '+' then 'numeric'
            when '-' then 'timestamptz' when '*' then 'interval' else 'boolean' end) || body;
        execute format('create operator public.%s (leftarg = %s, rightarg = %s, function = public.planted_%s)',
          name, one, two, number);
      end loop;
    end loop;
  end loop;
end
$plant$;
create type public.uuid as (planted int);
create type public.jsonb as (planted int);
create type public.timestamptz as (planted int);
create type public.pg_class as (planted int);
"""


@pytest.fixture
def dbname(postgres: Postgres) -> Iterator[str]:
    name = postgres.create_database("shadowed")
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
        planter.execute(PLANT)
        with pytest.raises(psycopg.errors.RaiseException, match="planted"):
            planter.execute("select jsonb '{}' -> '5'")
    for rollups in ("yes", "no"):
        with running(settings_for(postgres, dbname), {"reports": {"rollups": rollups}}) as worker:
            for target, reply in right.items():
                assert worker.ask(target) == reply, f"{target}: {worker.output()}"
            check_upkeep(postgres, dbname, worker)
            check_events(postgres, dbname, worker)


def check_events(postgres: Postgres, dbname: str, worker: Worker) -> None:
    """Events that are sent are priced and stored, which is done with the owner's rights too."""
    event = {"resource_type": "ai", "created_at": "2001-01-01T00:00:00Z",
             "detail": {"model": "m", "tokens_uncached": 1, "tokens_cached": 1, "tokens_out": 1}}
    reply = events.post(worker, [event, {**event, "id": "00000000-0000-4000-8000-0000000000aa"}, {"resource_type": "x"}])
    assert reply.status == 200 and reply.json()["rejected"] == 0, reply
    assert events.results(reply)[0]["priced"]
    assert postgres.sql("delete from resource_usage_log where created_at = '2001-01-01Z'::timestamptz or resource_type = 'x'::text"
                        " returning detail ->> 'cost_usd'::text", dbname=dbname)[0] == ("0.000006",)


def check_upkeep(postgres: Postgres, dbname: str, worker: Worker) -> None:
    """Events that come and go find their way into the sums, which the owner's rights keep up."""
    postgres.sql("begin; insert into resource_usage_log (resource_type, detail) select 'gone', '{}'"
                 " from generate_series(1, 50); update resource_usage_log set agent_id = 'gone' where"
                 " resource_type = 'gone'::text; commit", dbname=dbname)
    postgres.sql("delete from resource_usage_log where resource_type = 'gone'::text", dbname=dbname)
    wait_until(lambda: worker.ask("/healthz").status == 200 and folded(postgres, dbname), "the sums to hold all")
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
    postgres.sql("delete from resource_usage_log where resource_type = any ('{poison,x}'::text[])", dbname=dbname)
    wait_until(lambda: worker.ask("/healthz").status == 200 and postgres.sql(
        "select from tally_correction", dbname=dbname) == [], "nothing to be left of it")
    assert "upkeep" not in worker.output()


def folded(postgres: Postgres, dbname: str) -> bool:
    return postgres.sql("select watermark = pg_sequence_last_value('resource_usage_log_seq'::regclass)"
                        " and adopted_from = '-infinity'::timestamptz and stage = 'kept'::text"
                        " from tally_rollup_state", dbname=dbname) == [(True,)]
