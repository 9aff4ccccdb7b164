"""sql/rollups.sql, upkeep.sql, verify.sql: the sums hold what the log holds, whatever happened to it."""

import itertools
import random
import re
import subprocess
from typing import Any, Callable, Iterator, Mapping

import psycopg
import pytest

from postgres import Postgres, program
from process import ROOT
from run import install, psql, sql
from writers import OVERVIEW_TYPES, STATS_TYPES, compare_overview, compare_statistics, insert_many, statement

Owner = psycopg.Connection[Any]

# No event has the id of another one.
SEEDS = itertools.count()


@pytest.fixture
def owner(cluster: Postgres, dbname: str) -> Iterator[Owner]:
    """A session of the owner, with some events that are in the sums and some that are not."""
    install(cluster, dbname)
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as connection:
        add(connection, 300)
        assert upkeep(connection) == "done"
        add(connection, 50)
        yield connection


def add(owner: Owner, count: int) -> None:
    numbers = random.Random(next(SEEDS))
    for _ in range(count // 10):
        insert_many(owner, numbers)


def upkeep(owner: Owner, most: int = 10_000) -> str:
    """One step, or as many as there are to take; what the last one said."""
    said = "more"
    while said == "more":
        [(said,)] = owner.execute("select tally_upkeep(%s)", [most]).fetchall()
    return said


def status(owner: Owner) -> dict[str, Any]:
    cursor = owner.execute("select in_use, numbers_to_fold, waiting_for from tally_rollup_status")
    [row] = cursor.fetchall()
    return dict(zip([column.name for column in cursor.description or ()], row))


def differences(owner: Owner) -> list[tuple[Any, ...]]:
    return owner.execute("select report, grain, events from tally_verify()").fetchall()


def check(owner: Owner, in_use: bool = True) -> None:
    """Sums and events say the same, and nothing differs."""
    assert status(owner)["in_use"] == in_use
    numbers = random.Random(2)
    with owner.transaction():
        owner.execute("set transaction isolation level repeatable read")
        for _ in range(15):
            compare_statistics(owner, numbers)
            compare_overview(owner, numbers)
    assert differences(owner) == []


def test_no_trigger_meets_an_insert(owner: Owner) -> None:
    rows = owner.execute("select tgname from pg_trigger where tgrelid = 'resource_usage_log'::regclass"
                         " and not tgisinternal and tgtype & 4 <> 0").fetchall()
    assert rows == []


def test_a_step_takes_what_it_is_given(owner: Owner) -> None:
    before = status(owner)["numbers_to_fold"]
    owner.execute("select tally_upkeep(20)")
    assert status(owner)["numbers_to_fold"] == before - 20
    check(owner)
    assert upkeep(owner) == "done" and status(owner)["numbers_to_fold"] == 0
    check(owner)


CHANGES: Mapping[str, tuple[str, bool]] = {
    "nothing": ("select 1", True),
    "update": ("update resource_usage_log set detail = '{\"tokens_in\": 9}', agent_id = 'new'", True),
    "update of times": ("update resource_usage_log set created_at = created_at - interval '40 days'", True),
    "update of numbers": ("update resource_usage_log set seq = -seq where seq % 2 = 0", True),
    "delete": ("delete from resource_usage_log where seq % 3 = 0", True),
    "delete all": ("delete from resource_usage_log", True),
    "merge": ("merge into resource_usage_log log using (values (1)) v (x) on log.seq % 5 = 0"
              " when matched then update set resource_type = 'ai'", True),
    "replica": ("set session_replication_role = replica; delete from resource_usage_log where seq % 2 = 0;"
                " reset session_replication_role", True),
    "truncate": ("truncate resource_usage_log", False),
    "truncate restart": ("truncate resource_usage_log restart identity", False),
    "vacuum full": ("vacuum full resource_usage_log", False),
    "cluster": ("cluster resource_usage_log using resource_usage_log_created_at", False),
    "rewritten": ("alter table resource_usage_log alter column agent_id type text using agent_id || ''", False),
    "other table": ("create table other as table resource_usage_log with no data;"
                    " alter table resource_usage_log rename to former; alter table other rename to resource_usage_log",
                    False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_happens_to_the_log(cluster: Postgres, dbname: str, owner: Owner, name: str) -> None:
    change, in_use = CHANGES[name]
    if name == "replica":
        cluster.sql("grant set on parameter session_replication_role to owner")
    for statement in change.split(";"):
        owner.execute(statement)
    check(owner, in_use)
    if name == "other table":
        assert upkeep(owner) == "unfit"
        install(cluster, dbname)
    add(owner, 60)
    check(owner, in_use)
    assert upkeep(owner) == "done"
    check(owner)
    assert owner.execute("select count(*) from tally_correction").fetchall() == [(0,)]


def test_an_empty_period_has_no_sum(owner: Owner) -> None:
    upkeep(owner)
    owner.execute("delete from resource_usage_log")
    upkeep(owner)
    assert owner.execute("select count(*) from tally_rollup").fetchall() == [(0,)]


@pytest.mark.parametrize("change", ["update tally_rollup set events = events + 1 where report = 'ai' and grain = 'day'",
                                    "update tally_rollup set cost_usd = cost_usd + 0.000001 where report = 'job'",
                                    "delete from tally_rollup where report = 'user' and grain = 'month'",
                                    "delete from tally_rollup where report = 'type'",
                                    "insert into tally_rollup values ('2001-01-01', 1, 1, 'hour', 'agent', 1, 0, 0, 0)",
                                    "insert into resource_usage_log (resource_type, seq) values ('ai', 1)"])
def test_differences_are_found_and_mended(owner: Owner, change: str) -> None:
    owner.execute(change)
    assert differences(owner)
    owner.execute("call tally_rebuild()")
    check(owner)


def test_differences_outside_the_days_are_not_looked_at(owner: Owner) -> None:
    owner.execute("insert into tally_rollup values ('2001-01-01', 1, 1, 'hour', 'agent', 1, 0, 0, 0)")
    assert owner.execute("select * from tally_verify('2002-01-01', 'infinity')").fetchall() == []
    found = owner.execute("select report, grain, events from tally_verify('2001-01-01 12:00Z', '2001-01-01 12:00Z')")
    assert sorted(found.fetchall()) == [("agent", "day", -1), ("agent", "hour", 1)]


def test_names_of_any_length(owner: Owner) -> None:
    long = "".join(map(str, range(20_000)))
    for end in ("a", "b", ""):
        owner.execute("insert into resource_usage_log (resource_type, detail) values (%s, '{}'), ('ai',"
                      " jsonb_build_object('job_type', %s::text, 'model_level', %s::text))", [long + end] * 3)
    assert upkeep(owner) == "done"
    check(owner)


def test_a_writer_is_waited_for_and_waits_for_nobody(cluster: Postgres, dbname: str, owner: Owner) -> None:
    with psycopg.connect(cluster.conninfo(dbname, "owner")) as writer:
        writer.execute("insert into resource_usage_log (resource_type) values ('late')")
        add(owner, 50)
        assert upkeep(owner) == "waiting"
        [waiting_for] = status(owner)["waiting_for"]
        assert waiting_for.startswith(f"{writer.info.backend_pid} ")
        check(owner)
        writer.execute("insert into resource_usage_log (resource_type) values ('later')")
    assert upkeep(owner) == "done"
    check(owner)


def test_a_busy_step_and_a_locked_log(cluster: Postgres, dbname: str, owner: Owner) -> None:
    with psycopg.connect(cluster.conninfo(dbname, "owner")) as other:
        other.execute("select from tally_rollup_state for update")
        assert upkeep(owner) == "busy"
        other.rollback()
        other.execute("lock table resource_usage_log")
        assert upkeep(owner) == "busy"
    assert upkeep(owner) == "done"


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_step_needs_to_see_what_is_new(owner: Owner, level: str) -> None:
    owner.execute(f"set default_transaction_isolation = '{level}'")
    with pytest.raises(psycopg.errors.RaiseException, match="read committed"):
        owner.execute("select tally_upkeep()")


UNFIT = ["drop trigger tally_event_deleted on resource_usage_log",
         "alter table resource_usage_log disable trigger tally_event_updated",
         "create table child () inherits (resource_usage_log)"]


@pytest.mark.parametrize("change", UNFIT)
def test_a_log_that_no_sums_can_be_kept_of(owner: Owner, change: str) -> None:
    owner.execute(change)
    assert upkeep(owner) == "unfit"
    check(owner, in_use=False)


def test_a_partitioned_log(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, "create table resource_usage_log (id uuid, created_at timestamptz, resource_type text not null,"
                         " collection_id uuid, detail jsonb) partition by range (created_at);"
                         "create table everything partition of resource_usage_log default")
    install(cluster, dbname)
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as owner:
        add(owner, 20)
        assert upkeep(owner) == "unfit"
        check(owner, in_use=False)


def test_how_fine_a_report_is_kept(owner: Owner) -> None:
    def grains() -> set[str]:
        return {row[0] for row in owner.execute("select distinct grain from tally_rollup where report = 'user'")}

    assert grains() == {"day", "month"}
    owner.execute("select tally_keep('user', 'quarter')")
    check(owner, in_use=False)
    owner.execute("call tally_adopt()")
    assert grains() == {"quarter", "hour", "day", "month"}
    check(owner)
    for arguments in ("'nothing', 'day'", "'user', 'month'"):
        with pytest.raises((psycopg.errors.RaiseException, psycopg.errors.CheckViolation)):
            owner.execute(f"select tally_keep({arguments})")


@pytest.mark.parametrize("most", [7, 100_000])
def test_a_log_from_before_is_adopted(cluster: Postgres, dbname: str, most: int) -> None:
    sql(cluster, dbname, "create table resource_usage_log (id uuid primary key, created_at timestamptz,"
                         " resource_type text, collection_id uuid, detail jsonb);"
                         "insert into resource_usage_log select gen_random_uuid(), now() - n * interval '7 hours',"
                         " 'ai', null, jsonb_build_object('tokens_in', n) from generate_series(1, 200) n")
    install(cluster, dbname)
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as owner:
        check(owner, in_use=False)
        for number in range(60):
            owner.execute("select tally_upkeep(%s)", [most])
            if number % 10 == 0:
                add(owner, 20)
                owner.execute("update resource_usage_log set detail = '{\"tokens_in\": 3}' where id in"
                              " (select id from resource_usage_log order by id limit 5)")
                check(owner)
        owner.execute("call tally_adopt()")
        assert owner.execute("select adopted_from = '-infinity' from tally_rollup_status").fetchall() == [(True,)]
        # They were analyzed on the way.
        assert owner.execute("select reltuples > 0 from pg_class where relname = 'tally_group'").fetchall() == [(True,)]
        check(owner)


def test_a_large_log_is_not_locked_for_its_indexes(cluster: Postgres, dbname: str) -> None:
    sql(cluster, dbname, "create table resource_usage_log (id uuid primary key, created_at timestamptz,"
                         " resource_type text, collection_id uuid, detail jsonb);"
                         "insert into resource_usage_log select gen_random_uuid(), now(), 'cas', null,"
                         " jsonb_build_object('x', repeat('x', 900)) from generate_series(1, 80000) n")
    for _ in range(2):
        install(cluster, dbname)
    sql(cluster, dbname, "update pg_index set indisvalid = false where indexrelid = 'resource_usage_log_of_user'::regclass",
        user=cluster.superuser)
    install(cluster, dbname)
    rows = sql(cluster, dbname, "select count(*), bool_and(indisvalid) from pg_index"
                                " where indrelid = 'resource_usage_log'::regclass")
    assert rows == [(10, True)]


def copy_database(cluster: Postgres, dbname: str, target: str) -> None:
    cluster.sql(f"create database {target} owner owner")
    dump = subprocess.run([program("pg_dump"), "-d", cluster.conninfo(dbname, "owner")], capture_output=True, check=True)
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", cluster.conninfo(target, "owner")],
                   input=dump.stdout, capture_output=True, check=True)


def test_a_restored_dump(cluster: Postgres, dbname: str, owner: Owner) -> None:
    owner.execute("delete from resource_usage_log where seq % 4 = 0")
    copy_database(cluster, dbname, "restored")
    try:
        with psycopg.connect(cluster.conninfo("restored", "owner"), autocommit=True) as restored:
            check(restored, in_use=False)
            add(restored, 40)
            assert upkeep(restored) == "done"
            check(restored)
    finally:
        cluster.sql("drop database restored with (force)")


def test_a_failed_transaction_leaves_nothing(owner: Owner) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute("delete from resource_usage_log where seq % 2 = 0")
        owner.execute("insert into resource_usage_log (resource_type) values ('ai')")
    check(owner)
    upkeep(owner)
    check(owner)


def test_pieces_are_the_coarsest_that_fit(owner: Owner) -> None:
    def pieces(*arguments: str) -> list[tuple[str, str, str]]:
        return owner.execute("select grain, first::text, before::text from tally_pieces(%s, %s, %s) order by first",
                             arguments).fetchall()

    assert pieces("2026-01-30 22:45", "2026-04-02 03:30", "month") == [
        ("quarter", "2026-01-30 22:45:00", "2026-01-30 23:00:00"), ("hour", "2026-01-30 23:00:00", "2026-01-31 00:00:00"),
        ("day", "2026-01-31 00:00:00", "2026-02-01 00:00:00"), ("month", "2026-02-01 00:00:00", "2026-04-01 00:00:00"),
        ("day", "2026-04-01 00:00:00", "2026-04-02 00:00:00"), ("hour", "2026-04-02 00:00:00", "2026-04-02 03:00:00"),
        ("quarter", "2026-04-02 03:00:00", "2026-04-02 03:30:00")]
    assert pieces("2026-01-31 23:15", "2026-01-31 23:45", "month") == [
        ("quarter", "2026-01-31 23:15:00", "2026-01-31 23:45:00")]
    assert pieces("2026-01-30", "infinity", "day") == [("day", "2026-01-30 00:00:00", "infinity")]
    assert pieces("2026-01-30", "2026-01-30", "month") == []


ORDERS: list[Callable[[Owner], object]] = [
    lambda owner: owner.execute("begin; update resource_usage_log set agent_id = 'two' where seq % 2 = 0"),
    lambda owner: owner.execute("begin; delete from resource_usage_log where seq % 2 = 0"),
]


@pytest.mark.parametrize("change", ORDERS)
@pytest.mark.parametrize("folds", [0, 1, 2])
def test_a_change_that_is_open_during_a_fold(cluster: Postgres, dbname: str, owner: Owner,
                                             change: Callable[[Owner], object], folds: int) -> None:
    """It begins before or between folds, and ends between or behind them: it counts once, from its end on."""
    owner.execute("select tally_upkeep(10)")
    with psycopg.connect(cluster.conninfo(dbname, "owner"), autocommit=True) as other:
        change(other)
        for _ in range(folds):
            owner.execute("select tally_upkeep(15)")
            check(owner)
        other.execute("commit")
    check(owner)
    upkeep(owner)
    check(owner)


def test_readers_do_not_hold_up_new_sums(cluster: Postgres, dbname: str, owner: Owner) -> None:
    """They hold locks all the time, perhaps; the old sums are then thrown away group by group."""
    with psycopg.connect(cluster.conninfo(dbname, "owner")) as reader:
        reader.execute("set transaction isolation level repeatable read")
        before = reader.execute("select count(*), sum(events) from tally_rollup").fetchall()
        owner.execute("update tally_rollup_state set stage = 'anew'")
        said = [owner.execute("select tally_upkeep(1)").fetchall() for _ in range(3)]
        assert said == [[("more",)]] * 3
        check(owner, in_use=False)
        assert upkeep(owner) == "done"
        check(owner)
        assert reader.execute("select count(*), sum(events) from tally_rollup").fetchall() == before


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_corrections_may_be_added_in_any_order(owner: Owner, order: tuple[int, ...]) -> None:
    """One event was changed twice, and its sum is for a while one of no events."""
    owner.execute("delete from resource_usage_log; insert into resource_usage_log (resource_type, detail)"
                  " values ('ai', '{\"tokens_in\": 500}')")
    assert upkeep(owner) == "done"
    for tokens in (5, 70):
        owner.execute("update resource_usage_log set detail = jsonb_build_object('tokens_in', %s::int)", [tokens])
    rows = owner.execute("delete from tally_correction returning tally_correction::text").fetchall()
    for place in order:
        owner.execute("insert into tally_correction select (%s::tally_correction).*", rows[place])
    for _ in order:
        owner.execute("select tally_upkeep(1)")
        check(owner)
    assert owner.execute("select events, total from tally_rollup where report = 'ai' and grain = 'day'").fetchall() == [
        (1, 70)]


# The filters of the statistics in the order of their parameters, each with a value.
FILTERS = {**dict.fromkeys(("user", "bot", "channel"), "md5('1')::uuid"), "thread": "'thread'", "agent": "'agent'"}


def test_plans_are_kept_and_none_reads_the_whole_log(cluster: Postgres, dbname: str, owner: Owner) -> None:
    """After five runs PostgreSQL keeps the plan that it made without knowing any value, since knowing buys nothing."""
    owner.execute("insert into resource_usage_log (created_at, resource_type, collection_id, user_id, bot_id, channel_id,"
                  " agent_id, detail) select now() - n * interval '10 min', 'ai', id, id, id, id, 'agent', '{}' from"
                  " generate_series(1, 30000) n, lateral (select md5((n % 50)::text)::uuid as id) ids")
    upkeep(owner)
    owner.execute("analyze; set jit = off")
    with psycopg.connect(cluster.conninfo(dbname)) as superuser:  # who may let the log look a thousand times as large
        superuser.execute("update pg_class set reltuples = reltuples * 1000 where relname = 'resource_usage_log'")
    names = sorted(path.stem for path in (ROOT / "sql").glob("rolled_*.sql")
                   if re.search("^with ", path.read_text(), re.MULTILINE))
    assert len(names) == 11
    for name in names:
        if name.startswith("rolled_overview"):
            types, values = OVERVIEW_TYPES, "365, " + ("md5('1')::uuid" if name.endswith("_of_one") else "null") + ", null"
        else:
            filters = [value if name.endswith(f"_by_{column}") else "null" for column, value in FILTERS.items()]
            types, values = STATS_TYPES, ", ".join(["now() - interval '365 days', now(), 'day'", *filters])
        owner.execute(f"prepare {name} ({types}) as {statement(name)}")
        for _ in range(6):
            assert owner.execute(f"execute {name} ({values})").fetchall()
        assert owner.execute("select generic_plans, custom_plans from pg_prepared_statements where name = %s",
                             [name]).fetchall() == [(1, 5)], name
        plan = "\n".join(row[0] for row in owner.execute(f"explain execute {name} ({values})"))
        assert "Seq Scan on resource_usage_log" not in plan, plan
        assert not re.search(r"Seq Scan on tally_rollup_(job|collection|user|ai)\b", plan), plan
