"""Events that are there already, who sent those that are, and whose clock counts."""

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

import pytest

from events import CLOUD, SERVICE, counts, only, post, rejected, results
from postgres import Postgres
from test_ingest_together import event as sized
from test_ingest_together import request, together
from worker import Worker, running, settings_for

DATABASE = "again"
ID = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-00000000000a"
AT = "2026-03-01T12:00:00.123456Z"
EVENT = {
    "id": ID, "created_at": AT, "resource_type": "ai", "collection_id": OTHER, "user_id": OTHER, "bot_id": OTHER,
    "channel_id": OTHER, "thread_id": "t\u00e9", "agent_id": "a",
    "detail": {"model": "m", "tokens_uncached": 2, "tokens_cached": "40.5", "tokens_out": 1, "other": [1, {"a": 2, "b": 3}]},
}


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Postgres:
    postgres.create_database(DATABASE)
    return postgres


@pytest.fixture(scope="module")
def worker(own: Postgres) -> Iterator[Worker]:
    with running(settings_for(own, DATABASE)) as one:
        yield one


@pytest.fixture(autouse=True)
def empty(own: Postgres) -> None:
    own.sql("truncate resource_usage_log, model_price", dbname=DATABASE)


def said(differs: bool) -> dict[str, Any]:
    return {"index": 0, "id": ID, "status": "duplicate", **({"differs": True} if differs else {})}


@pytest.mark.parametrize("changes", [
    {"created_at": "2026-03-01T12:00:00.123457Z"}, {"resource_type": "tts"}, {"collection_id": None}, {"user_id": ID},
    {"bot_id": ID}, {"channel_id": ID}, {"thread_id": "te"}, {"agent_id": None}, {"detail": {}}, {"detail": None},
    {"detail": {**EVENT["detail"], "tokens_out": 1.5}}, {"detail": {**EVENT["detail"], "cost_usd": 0}},
    {"detail": {**EVENT["detail"], "tokens_uncached": 3}}, {"detail": {**EVENT["detail"], "more": None}},
], ids=str)
def test_another_event_with_the_id(worker: Worker, own: Postgres, changes: dict[str, Any]) -> None:
    own.sql("insert into model_price values ('m', default, 3, 0.3, 15)", dbname=DATABASE)
    post(worker, EVENT)
    assert only(post(worker, {**EVENT, **changes})) == said(True)
    assert only(post(worker, EVENT)) == said(False)
    # In one body the first one counts.
    own.sql("truncate resource_usage_log", dbname=DATABASE)
    assert [result.get("differs") for result in results(post(worker, [EVENT, EVENT, {**EVENT, **changes}]))] == [None, None, True]


@pytest.mark.parametrize("changes", [
    {"created_at": None}, {"created_at": "2026-03-01T13:00:00.1234569+01:00"}, {"id": "{" + ID.upper() + "}"},
    {"detail": {"other": [1.0, {"b": 3, "a": 2.00}], "tokens_out": 1.0, "tokens_cached": "40.5", "tokens_uncached": 2.0, "model": "m"}},
    {"detail": {"other": [1, {"a": 2, "b": 3}], "tokens_out": 1, "tokens_cached": "40.5", "tokens_in": 42.5, "model": "m"}},
    {"detail": {**EVENT["detail"], "cost_usd": None}},
], ids=str)
def test_the_same_event_again(worker: Worker, own: Postgres, changes: dict[str, Any]) -> None:
    own.sql("insert into model_price values ('m', default, 3, 0.3, 15)", dbname=DATABASE)
    for first, second in ((EVENT, {**EVENT, **changes}), ({**EVENT, **changes}, EVENT)):
        if first.get("created_at") is None or second.get("created_at") != AT:
            first = EVENT
        own.sql("truncate resource_usage_log", dbname=DATABASE)
        post(worker, first)
        assert only(post(worker, second)) == said(False)


def test_prices_make_no_difference(worker: Worker, own: Postgres) -> None:
    post(worker, EVENT)
    for statement in ("insert into model_price values ('m', default, 3, 0.3, 15)", "update model_price set usd_per_million_input = 4",
                      "delete from model_price"):
        own.sql(statement, dbname=DATABASE)
        assert only(post(worker, EVENT)) == said(False)
        own.sql("select tally_reprice('-infinity', 'infinity')", dbname=DATABASE)
        assert only(post(worker, EVENT)) == said(False)


def test_events_that_an_application_inserted(worker: Worker, own: Postgres) -> None:
    for number, detail in enumerate(("5", "null", "[1]", '"x"', '{"tokens_in": 1.0}'), 1):
        own.sql("insert into resource_usage_log (id, resource_type, detail) values (%s, 'ai', %s)", uuid.UUID(int=number),
                detail, dbname=DATABASE)
    batch = [{"id": str(uuid.UUID(int=number)), "resource_type": "ai", "detail": {"tokens_in": 1}} for number in range(1, 6)]
    assert [result.get("differs") for result in results(post(worker, batch))] == [True, True, True, True, None]
    assert own.sql("select distinct recorded_by from resource_usage_log", dbname=DATABASE) == [(None,)]


def test_times_that_the_log_cuts(worker: Worker, own: Postgres) -> None:
    own.sql("alter table resource_usage_log alter created_at type timestamptz(0)", dbname=DATABASE)
    try:
        for at in (AT, "2026-03-01T12:00:00.9Z"):
            event = {**EVENT, "id": str(uuid.uuid4()), "created_at": at}
            assert [result.get("differs") for result in results(post(worker, [event, event]))] == [None, None]
            assert "differs" not in only(post(worker, event))
    finally:
        own.sql("alter table resource_usage_log alter created_at type timestamptz", dbname=DATABASE)


def test_each_request_is_told_of_its_own(worker: Worker) -> None:
    post(worker, [sized(2), sized(4)])
    replies = together(worker, sized(1), sized(2), [sized(3), sized(4, thread_id="x"), sized(1, thread_id="x")], sized(2, user_id=ID),
                       {"resource_type": 5}, sized(3))
    assert [[result.get("differs", False) for result in results(reply)] for reply in replies] == [
        [False], [False], [False, True, True], [True], [False], [False]]
    assert results(replies[2])[1]["status"] == "duplicate"


def test_beside_events_that_the_log_refuses(worker: Worker, own: Postgres) -> None:
    """Where each is tried by itself."""
    own.sql("alter table resource_usage_log add constraint choosy check (thread_id <> 'no')", dbname=DATABASE)
    try:
        post(worker, sized(1))
        batch = [sized(5, thread_id="no"), sized(1, thread_id="x"), sized(2), sized(2, thread_id="y"), sized(1)]
        assert [(result["status"], result.get("differs")) for result in results(post(worker, batch))] == [
            ("rejected", None), ("duplicate", True), ("recorded", None), ("duplicate", True), ("duplicate", None)]
    finally:
        own.sql("alter table resource_usage_log drop constraint choosy", dbname=DATABASE)


def test_an_id_that_another_service_took_first(worker: Worker, own: Postgres) -> None:
    """That of a CloudEvent follows from its source and id."""
    event = {"specversion": "1.0", "id": "call 17", "source": "https://example.org/app", "type": "ai", "data": {"tokens_in": 5000}}
    foreseen = str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/app"), "call 17"))
    thief = {"REMOTE_USER": "thief", "TALLY_ROLE": "service"}
    post(worker, {"id": foreseen, "resource_type": "ai", "detail": {"tokens_in": 0}}, identity=thief)
    assert only(post(worker, event, CLOUD)) == {"index": 0, "id": foreseen, "status": "duplicate", "differs": True}
    assert own.sql("select recorded_by from resource_usage_log", dbname=DATABASE) == [("thief",)]


@pytest.mark.parametrize("name, kept", [("reporting", "reporting"), ("o'neil@example.org \u2603", "o'neil@example.org \u2603"),
                                        ("x" * 255, "x" * 255), ("caf\udce9", "caf\ufffd")])
def test_who_sent_it(worker: Worker, own: Postgres, name: str, kept: str) -> None:
    identity = {**SERVICE, "REMOTE_USER": name}
    assert counts(post(worker, [sized(1), sized(2)], identity=identity)) == (2, 0, 0)
    assert own.sql("select distinct recorded_by from resource_usage_log", dbname=DATABASE) == [(kept,)]


def test_each_request_has_its_own_sender(worker: Worker, own: Postgres) -> None:
    senders = [{**SERVICE, "REMOTE_USER": name} for name in ("a", "b", "a")]
    together(worker, *[request(sized(number), sender) for number, sender in enumerate(senders, 1)])
    assert own.sql("select recorded_by from resource_usage_log order by id", dbname=DATABASE) == [("a",), ("b",), ("a",)]


def test_a_field_that_nobody_sends(worker: Worker) -> None:
    assert rejected(post(worker, {"resource_type": "x", "recorded_by": "me"})) == "recorded_by: unknown field"


@pytest.fixture
def ahead(own: Postgres) -> Iterator[timedelta]:
    """The database's clock is two days ahead of the worker's, where events are recorded."""
    own.sql("create schema clock; create function clock.now() returns timestamptz stable language sql"
            " as $$select pg_catalog.now() + interval '2 days'$$", dbname=DATABASE)
    own.sql("alter function tally_record set search_path = clock, pg_catalog, public", dbname=DATABASE)
    yield timedelta(days=2)
    own.sql("alter function tally_record set search_path = public, pg_temp; drop schema clock cascade", dbname=DATABASE)


def test_the_clock_of_the_database_counts(worker: Worker, own: Postgres, ahead: timedelta) -> None:
    now = datetime.now(timezone.utc) + ahead
    good, bad, early = ({"resource_type": "x", "created_at": (now + timedelta(hours=hours)).isoformat()} for hours in (0, 25, 23))
    assert only(post(worker, good))["status"] == "recorded"
    assert rejected(post(worker, bad)) == "created_at: is too far in the future"
    assert [result["status"] for result in results(post(worker, [bad, early, {"resource_type": "x"}, bad]))] == [
        "rejected", "recorded", "recorded", "rejected"]
    replies = together(worker, good, bad, [early, bad])
    assert [reply.status for reply in replies] == [200, 400, 200] and counts(replies[2]) == (1, 0, 1)
    assert "the log refused" not in worker.output()


def test_a_rejected_one_leaves_its_id_to_the_next(worker: Worker, own: Postgres) -> None:
    ahead = (datetime.now(timezone.utc) + timedelta(days=3)).isoformat()
    batch = [sized(1, created_at=ahead), sized(1, thread_id="good"), sized(1)]
    assert [(result["status"], result.get("differs")) for result in results(post(worker, batch))] == [
        ("rejected", None), ("recorded", None), ("duplicate", True)]
    assert own.sql("select thread_id from resource_usage_log", dbname=DATABASE) == [("good",)]
    assert rejected(post(worker, {"resource_type": "x", "created_at": "+262142-12-31T23:59:59Z"})) == \
        "created_at: is too far in the future"
