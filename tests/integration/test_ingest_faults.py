"""What the log does not take: the event is told where it is at fault, and the operator where the log is."""

import re
from typing import Any, Iterator

import pytest

from events import counts, only, post, rejected, results
from postgres import Postgres
from test_ingest_together import event as sized
from test_ingest_together import together
from worker import Worker, running, settings_for, wait_for_log

DATABASE = "faulty_log"
ID = "00000000-0000-4000-8000-000000000001"
OTHER = ID[:-1] + "2"
EVENTS = [{"id": ID, "resource_type": "cas", "detail": {"n": 4}}, {"id": OTHER, "resource_type": "ai", "thread_id": "t"}]
UNTIL_THEN = "the log cannot take events at present"


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Postgres:
    postgres.create_database(DATABASE)
    return postgres


@pytest.fixture
def worker(own: Postgres) -> Iterator[Worker]:
    """One that has told nothing yet."""
    with running(settings_for(own, DATABASE)) as one:
        yield one


@pytest.fixture(autouse=True)
def mended(own: Postgres) -> Iterator[None]:
    yield
    own.sql("truncate resource_usage_log; drop function if exists site() cascade; drop table if exists audit;"
            " alter table resource_usage_log drop constraint if exists site, drop column if exists tenant,"
            " alter collection_id drop not null, alter thread_id type text; drop sequence if exists used", dbname=DATABASE)


def trigger(body: str, when: str = "before") -> str:
    """A trigger of the site's own."""
    return (f"create function site() returns trigger language plpgsql as $$ begin {body}; return new; end $$;"
            f" create trigger site {when} insert on resource_usage_log for each row execute function site()")


def stored(own: Postgres) -> int:
    [(count,)] = own.sql("select count(*) from resource_usage_log", dbname=DATABASE)
    return int(count)


LOG_FAULTS = {
    "column": ("alter table resource_usage_log add tenant int not null", "23502 in column tenant"),
    "check": ("alter table resource_usage_log add tenant int, add constraint site check (tenant > 0 is true)",
              "23514 in constraint site"),
    "check of nothing": ("alter table resource_usage_log add constraint site check (1 = 2)", "23514 in constraint site"),
    "unique": ("alter table resource_usage_log add tenant int default 1, add constraint site unique (tenant)",
               "23505 in constraint site"),
    "sequence": ("create sequence used maxvalue 2; select nextval('used') from generate_series(1, 2); alter table resource_usage_log add tenant bigint;"
                 " alter table resource_usage_log alter tenant set default nextval('used')", "2200H in sequence used"),
    "division": (trigger("perform 1 / 0"), r"22012 in function site\(\)"),
    "division afterwards": (trigger("perform 1 / 0", "after"), r"22012 in function site\(\)"),
    "conversion": (trigger("perform 'secret'::int"), r"22P02 in function site\(\)"),
    "assertion": (trigger("assert false"), r"P0004 in function site\(\)"),
    "table of a trigger": ("create table audit (n int check (n < 0)); " + trigger("insert into audit values (1)"),
                           "23514 in constraint audit_n_check of audit"),
    "null by a trigger": (trigger("new.resource_type := null"), "23502 in column resource_type"),
    "missing table": (trigger("insert into missing values (1)"), r"42P01 in function site\(\)"),
    "missing setting": (trigger("perform current_setting('secret.name')"), r"42704 in function site\(\)"),
    "decision for all": (trigger("raise 'secret: closed for the night'"), r"P0001 in function site\(\)"),
    "text of its own": ("create table audit (who varchar(5)); " + trigger("insert into audit values ('secret name')"), "22001"),
    "bytes of its own": (trigger(r"perform convert_from('\xff', 'UTF8')"), "22021"),
    "damage": (trigger("raise 'secret' using errcode = 'XX001'"), "XX001"),
    "nothing can pass": ("alter table resource_usage_log alter collection_id set not null; "
                         + trigger("perform 1 / 0"), r"22012 in function site\(\)"),
}


@pytest.mark.parametrize("rule, told", LOG_FAULTS.values(), ids=LOG_FAULTS.keys())
def test_a_fault_of_the_log(worker: Worker, own: Postgres, mended: None, rule: str, told: str) -> None:
    """No event is said to be at fault, and all are welcome when it is mended."""
    for statement in (rule if "$$" in rule else rule.replace("; ", ";\n")).split(";\n"):
        own.sql(statement, dbname=DATABASE)
    reply = post(worker, EVENTS)
    assert reply.status == 503 and list(reply.json()) == ["error"] and reply.header("Retry-After"), reply
    assert reply.json()["error"] == UNTIL_THEN
    line = wait_for_log(worker, told)
    assert " error: " in line
    assert "in function" not in told or "secret" not in line
    assert stored(own) == 0
    own.sql("drop function if exists site() cascade; alter table resource_usage_log drop constraint if exists site,"
            " drop column if exists tenant, alter collection_id drop not null", dbname=DATABASE)
    assert counts(post(worker, EVENTS)) == (2, 0, 0)


EVENT_FAULTS = {
    "division": (trigger("perform 8 / (new.detail ->> 'n')::int"), {"n": 0}),
    "conversion": (trigger("perform (new.detail ->> 'n')::int"), {"n": "word"}),
    "assertion": (trigger("assert coalesce(new.detail ->> 'n', '') <> '0'"), {"n": 0}),
    "decision": (trigger("if new.detail ->> 'n' = '0' then raise 'not this one'; end if"), {"n": 0}),
    "code of its own": (trigger("if new.detail ->> 'n' = '0' then raise 'no' using errcode = 'TX001'; end if"), {"n": 0}),
    "check": ("alter table resource_usage_log add constraint site check (detail ->> 'n' <> '0')", {"n": 0}),
    "column that follows from it": (
        "alter table resource_usage_log add tenant int not null"
        " generated always as (nullif(coalesce(detail ->> 'n', '1'), '0')::int) stored", {"n": 0}),
    "check of such a column": (
        "alter table resource_usage_log add tenant int generated always as ((detail ->> 'n')::int) stored,"
        " add constraint site check (tenant > 0)", {"n": 0}),
    "table of a trigger": ("create table audit (n int check (n > 0)); "
                           + trigger("insert into audit values ((new.detail ->> 'n')::int)"), {"n": 0}),
}


@pytest.mark.parametrize("rule, detail", EVENT_FAULTS.values(), ids=EVENT_FAULTS.keys())
def test_a_fault_of_an_event(worker: Worker, own: Postgres, rule: str, detail: dict[str, Any]) -> None:
    """The others are stored, and alone it is rejected too, which the operator is told."""
    own.sql(rule, dbname=DATABASE)
    bad = {"id": "00000000-0000-4000-8000-000000000003", "resource_type": "cas", "detail": detail}
    assert [result["status"] for result in results(post(worker, [bad, *EVENTS]))] == ["rejected", "recorded", "recorded"]
    assert rejected(post(worker, bad)) == "the log does not take it"
    wait_for_log(worker, " warning: .* the log refused 1 of 1 events: ")
    assert stored(own) == 2


@pytest.mark.parametrize("body", ["select factor into strict n from (values ('cas', 1)) kind (type, factor) where type = new.resource_type",
                                  "n := 1 / (new.resource_type <> 'zz')::int", "n := case when new.resource_type = 'zz' then 'zz' end::int"])
def test_a_type_that_cannot_be_stored_holds_up_no_other(worker: Worker, own: Postgres, body: str) -> None:
    own.sql(trigger(body).replace("$$ begin", "$$ declare n int; begin"), dbname=DATABASE)
    bad = {"resource_type": "zz"}
    assert [result["status"] for result in results(post(worker, [bad, {"resource_type": "cas", "detail": {"size_bytes": 1}}, bad]))] == [
        "rejected", "recorded", "rejected"]
    assert stored(own) == 1


def test_a_body_that_is_refused_whole_is_told(worker: Worker, own: Postgres) -> None:
    own.sql("alter table resource_usage_log add constraint site check (thread_id <> 'secret')", dbname=DATABASE)
    bad = {"resource_type": "x", "thread_id": "secret"}
    assert post(worker, [bad, {"resource_type": 5}, bad]).status == 400
    line = wait_for_log(worker, "the log refused 2 of 3 events: 23514 in constraint site")
    assert "secret" not in line
    # What the client did wrong is told to the client alone.
    before = worker.output().count("the log refused")
    assert post(worker, [{"resource_type": 5}]).status == 400
    assert counts(post(worker, [bad, {"resource_type": "x"}])) == (1, 0, 1)
    assert worker.output().count("the log refused") == before


def test_what_an_event_could_have_said(worker: Worker, own: Postgres) -> None:
    own.sql("alter table resource_usage_log alter collection_id set not null", dbname=DATABASE)
    assert rejected(post(worker, {"resource_type": "x"})) == "collection_id: the log demands it"
    assert counts(post(worker, [{"resource_type": "x"}, {"resource_type": "x", "collection_id": ID}])) == (1, 0, 1)


def test_what_is_too_long_for_the_log(worker: Worker, own: Postgres) -> None:
    own.sql("alter table resource_usage_log alter thread_id type varchar(5)", dbname=DATABASE)
    long, fits = ({"resource_type": "x", "thread_id": "x" * length} for length in (6, 5))
    assert rejected(post(worker, long)) == "has a text that is too long for the log"
    assert counts(post(worker, [long, fits])) == (1, 0, 1)


def test_an_event_of_the_same_kind_is_one_like_those_that_are_there(worker: Worker, own: Postgres) -> None:
    """One that says nothing but its type would never pass."""
    own.sql("alter table resource_usage_log alter collection_id set not null; "
            + trigger("perform 8 / (new.detail ->> 'n')::int", "after"), dbname=DATABASE)
    good = {"resource_type": "cas", "collection_id": ID, "detail": {"n": 1}}
    assert counts(post(worker, [{**good, "detail": {"n": 0}}, good])) == (1, 0, 1)
    assert rejected(post(worker, {**good, "detail": {"n": 0}}))
    assert stored(own) == 1
    own.sql("drop function site() cascade; alter table resource_usage_log add tenant int not null"
            " generated always as ((detail ->> 'n')::int) stored", dbname=DATABASE)
    assert rejected(post(worker, {**good, "detail": {}})) == "the log does not take it"


def test_requests_that_are_recorded_together(worker: Worker, own: Postgres) -> None:
    """What is wrong with one event is nobody else's business; what is wrong with the log is everybody's."""
    own.sql(trigger("perform 8 / (new.detail ->> 'size_bytes')::int"), dbname=DATABASE)
    replies = together(worker, sized(1), {"resource_type": "cas", "detail": {"size_bytes": 0}}, sized(2))
    assert [reply.status for reply in replies] == [200, 400, 200] and stored(own) == 2
    own.sql("alter table resource_usage_log add tenant int default 1, add constraint site check (tenant > 1) not valid",
            dbname=DATABASE)
    assert [reply.status for reply in together(worker, sized(3), sized(4))] == [503, 503]
    assert stored(own) == 2 and worker.ask("/readyz").status == 200


def test_nothing_is_left_of_what_was_tried(worker: Worker, own: Postgres) -> None:
    own.sql("create table audit (id uuid); " + trigger("insert into audit values (new.id); perform 8 / (new.detail ->> 'n')::int"),
            dbname=DATABASE)
    assert only(post(worker, {**EVENTS[0], "id": OTHER}))["status"] == "recorded"
    assert rejected(post(worker, {"resource_type": "cas", "detail": {"n": 0}}))
    assert own.sql("select id::text from audit", dbname=DATABASE) == [(OTHER,)] and stored(own) == 1
    assert re.search(r"22012 in function site\(\)", worker.output())
