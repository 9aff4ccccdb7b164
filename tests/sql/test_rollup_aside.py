"""Events that cannot be added to the sums: they are put aside, one by one, and count from the events."""

import random
from typing import Any

import psycopg
import pytest

from postgres import Postgres
from run import install, sql
from test_rollups import SEEDS, Owner, add, check, owner, status, upkeep  # pylint: disable=unused-import
from writers import SIMPLE

# Neither a group of that name nor a sum of one that is there is taken.
REFUSE = """
create or replace function refuse() returns trigger language plpgsql as $$
begin
  if tg_relid = 'tally_group'::regclass then
    if new.name = 'poison' then raise exception 'no group' using errcode = '{code}'; end if;
  elsif exists (select from tally_group where id = new.group_id and name = 'poison') then
    raise exception 'no sum' using errcode = '{code}';
  end if;
  return new;
end $$;
create or replace trigger refuse before insert on tally_group for each row execute function refuse();
create or replace trigger refuse before insert or update on tally_rollup_type for each row execute function refuse();
"""
RELENT = "drop trigger refuse on tally_group; drop trigger refuse on tally_rollup_type"
POISON = ("insert into resource_usage_log (created_at, resource_type, detail)"
          " select now() - n * interval '5 hours', 'poison', '{}' from generate_series(1, %s) n")


def refuse(owner: Owner, code: str = "P0001") -> None:
    owner.execute(REFUSE.format(code=code))


def put_aside(owner: Owner) -> int:
    return int(owner.execute("select put_aside from tally_rollup_status").fetchall()[0][0])


def poisoned(owner: Owner) -> int:
    return int(owner.execute("select count(*) from resource_usage_log where resource_type = 'poison'").fetchall()[0][0])


@pytest.mark.parametrize("code, most", [("P0001", 1), ("22003", 10_000), ("23514", 7), ("54000", 60), ("XX000", 10_000)])
def test_they_count_once_whatever_happens_to_them(owner: Owner, code: str, most: int) -> None:
    refuse(owner, code)
    owner.execute(POISON, [3])
    add(owner, 50)
    owner.execute(POISON, [2])
    check(owner)
    for change in ("select 1", "update resource_usage_log set detail = '{\"x\": 1}' where resource_type = 'poison'",
                   "update resource_usage_log set created_at = created_at - interval '1 day'",
                   "update resource_usage_log set resource_type = 'ai' where resource_type = 'poison' and id::text < '8'",
                   "update resource_usage_log set resource_type = 'poison' where seq % 50 = 0"):
        owner.execute(change)
        check(owner)
        assert upkeep(owner, most) == "done"
        check(owner)
        # What came and went again is not there twice.
        assert put_aside(owner) == poisoned(owner)
    owner.execute("delete from resource_usage_log where resource_type = 'poison'")
    check(owner)
    assert upkeep(owner, most) == "done"
    assert (status(owner)["numbers_to_fold"], put_aside(owner)) == (0, 0)
    check(owner)


def test_the_sums_are_adopted_and_made_anew_without_them(owner: Owner) -> None:
    refuse(owner)
    owner.execute(POISON, [30])
    for procedure in ("tally_adopt", "tally_rebuild"):
        owner.execute(f"call {procedure}()")
        assert put_aside(owner) == 30
        check(owner)
    owner.execute(RELENT)
    owner.execute("call tally_rebuild()")
    assert put_aside(owner) == 0
    check(owner)


def test_while_they_are_made_anew(owner: Owner) -> None:
    """What was put aside before counts no more, and what is put aside on the way does."""
    refuse(owner)
    owner.execute(POISON, [10])
    assert upkeep(owner) == "done"
    owner.execute("update tally_rollup_state set stage = 'anew'")
    for number in range(24):
        owner.execute("select tally_upkeep(9)")
        if number % 8 == 5:
            add(owner, 20)
            owner.execute("update resource_usage_log set detail = '{\"tokens_in\": 3}' where id in"
                          " (select id from resource_usage_log order by resource_type <> 'poison', id limit 4)")
        check(owner)
    assert upkeep(owner) == "done"
    check(owner)
    assert put_aside(owner) == poisoned(owner)


def test_events_from_before_of_one_moment(cluster: Postgres, dbname: str) -> None:
    """Those of a moment are adopted together; only one of them is put aside."""
    sql(cluster, dbname, "create table resource_usage_log (id uuid primary key default gen_random_uuid(),"
                         " created_at timestamptz, resource_type text, collection_id uuid, detail jsonb);"
                         "insert into resource_usage_log select gen_random_uuid(), now() - n / 100 * interval '7 hours',"
                         " case n when 250 then 'poison' else 'ai' end, null, jsonb_build_object('tokens_in', n)"
                         " from generate_series(1, 500) n")
    install(cluster, dbname)
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as owner:
        refuse(owner)
        owner.execute("call tally_adopt()")
        assert upkeep(owner) == "done"
        check(owner)
        assert put_aside(owner) == 1
        owner.execute("update resource_usage_log set detail = '{}' where resource_type = 'poison'")
        check(owner)
        assert upkeep(owner) == "done"
        check(owner)
        assert put_aside(owner) == 1


@pytest.mark.parametrize("change, count", [("delete from resource_usage_log where resource_type = 'poison'", 4),
                                           ("update resource_usage_log set detail = '{}'", 0)])
def test_what_the_sums_hold_and_cannot_give_back(owner: Owner, change: str, count: int) -> None:
    owner.execute(POISON, [4])
    assert upkeep(owner) == "done"
    refuse(owner)
    owner.execute(change)
    check(owner)
    assert upkeep(owner) == "done"
    check(owner)
    assert put_aside(owner) == count


@pytest.mark.parametrize("code", ["40001", "40P01", "42501", "42P01", "53100", "53200", "55P03", "57014", "57P01", "58030",
                                  "XX001"])
def test_faults_of_the_server_are_no_events(owner: Owner, code: str) -> None:
    """The next step may do what this one could not."""
    refuse(owner, code)
    owner.execute(POISON, [1])
    with pytest.raises(psycopg.Error) as raised:
        upkeep(owner)
    assert raised.value.sqlstate == code
    check(owner)
    owner.execute(RELENT)
    assert upkeep(owner) == "done"
    assert put_aside(owner) == 0
    check(owner)


@pytest.mark.parametrize("code", ["53200", "53400", "54000"])
def test_a_step_that_is_too_large_is_halved(owner: Owner, code: str) -> None:
    """For want of memory, of temporary files, of room in an array."""
    owner.execute("create function refuse() returns trigger language plpgsql as $$ begin"
                  f" if (select count(*) from added) > 8 then raise exception 'too many' using errcode = '{code}'; end if;"
                  " return null; end $$;"
                  "create trigger refuse after insert on tally_group referencing new table as added"
                  " for each statement execute function refuse()")
    owner.execute("insert into resource_usage_log (resource_type, user_id, detail) select 'ai', gen_random_uuid(), '{}'"
                  " from generate_series(1, 50)")
    owner.execute("call tally_adopt()")
    check(owner)
    assert (status(owner)["numbers_to_fold"], put_aside(owner)) == (0, 0)


def test_steps_are_large_again_after_one_that_failed(owner: Owner) -> None:
    assert upkeep(owner) == "done"
    refuse(owner)
    owner.execute(POISON, [1])
    add(owner, 1000)
    steps = 1
    while owner.execute("select tally_upkeep(500)").fetchall() != [("done",)]:
        steps += 1
    assert put_aside(owner) == 1
    # Once down to one, and up again.
    assert steps < 25
    check(owner)


def change_something(owner: Owner, numbers: random.Random) -> Any:
    return numbers.choice([
        *SIMPLE,
        lambda connection, _: connection.execute(POISON, [numbers.randint(1, 3)]),
        lambda connection, _: connection.execute(
            "update resource_usage_log set resource_type = case resource_type when 'poison' then 'ai' else 'poison' end,"
            " created_at = created_at - %s * interval '1 hour' where seq %% %s = 0",
            [numbers.randrange(30), numbers.randint(30, 90)]),
        lambda connection, _: connection.execute("delete from resource_usage_log where resource_type = 'poison' and"
                                                 " random() < 0.3"),
        lambda connection, _: connection.execute("update tally_rollup_state set stage = 'anew'"),
        lambda connection, _: connection.execute(RELENT if numbers.random() < 0.3 else "select 1"),
    ])(owner, numbers)


@pytest.mark.parametrize("seed", range(2))
def test_everything_at_once(owner: Owner, seed: int) -> None:
    numbers = random.Random(f"{seed} {next(SEEDS)}")
    for _ in range(25):
        refuse(owner, numbers.choice(["P0001", "54000"]))
        change_something(owner, numbers)
        owner.execute("select tally_upkeep(%s)", [numbers.choice([1, 10, 100, 5000])])
        check(owner, status(owner)["in_use"])
    refuse(owner)
    assert upkeep(owner) == "done"
    check(owner)
