"""POST /v1/usage/events: what is stored, and what the reply says of it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

import pytest

import events
import fastcgi
from events import CLOUD, CLOUDS, JSON, LINES, SERVICE, counts, detail_of, only, post, rejected, results
from postgres import Postgres
from wait import wait_until
from worker import Worker, backends, locked, running, settings_for

DATABASE = "ingest"
ID = "00000000-0000-4000-8000-000000000001"


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


def log(own: Postgres, columns: str = "id::text") -> list[tuple[Any, ...]]:
    return own.sql(f"select {columns} from resource_usage_log order by created_at, id", dbname=DATABASE)


def test_one_event(worker: Worker, own: Postgres) -> None:
    event = {
        "id": ID, "created_at": "2026-03-01T12:00:00.123456Z", "resource_type": "ai",
        "collection_id": "00000000-0000-4000-8000-00000000000a", "user_id": "00000000-0000-4000-8000-00000000000b",
        "bot_id": "00000000-0000-4000-8000-00000000000c", "channel_id": "00000000-0000-4000-8000-00000000000d",
        "thread_id": "thread \u00e9\u2603", "agent_id": "agent", "detail": {"tokens_in": 10, "other": [1, {"a": None}]},
    }
    reply = post(worker, event)
    assert reply.status == 200
    assert reply.json() == {"accepted": 1, "duplicates": 0, "rejected": 0, "unpriced": 1,
                            "results": [{"index": 0, "id": ID, "status": "recorded", "priced": False}]}
    assert list(reply.json()) == ["accepted", "duplicates", "rejected", "unpriced", "results"]
    [row] = own.sql("select to_jsonb(log) - 'seq' - 'recorded_by' from resource_usage_log log", dbname=DATABASE)
    stored = row[0]
    assert datetime.fromisoformat(stored.pop("created_at")) == datetime(2026, 3, 1, 12, 0, 0, 123456, timezone.utc)
    event.pop("created_at")
    assert stored == event


def test_only_the_type_is_required(worker: Worker, own: Postgres) -> None:
    reply = post(worker, {"resource_type": "tts"})
    assert counts(reply) == (1, 0, 0)
    result = only(reply)
    assert log(own, "id::text, now() - created_at < interval '1 min', detail, user_id") == [(result["id"], True, {}, None)]
    assert uuid.UUID(result["id"]).version == 4 and "priced" not in result


def test_null_is_as_good_as_nothing(worker: Worker, own: Postgres) -> None:
    names = ("id", "created_at", "collection_id", "user_id", "bot_id", "channel_id", "thread_id", "agent_id", "detail")
    assert counts(post(worker, {"resource_type": "cas", **dict.fromkeys(names)})) == (1, 0, 0)
    assert len(log(own)) == 1


def test_batch_with_all_outcomes(worker: Worker, own: Postgres) -> None:
    other = ID[:-1] + "2"
    post(worker, {"id": ID, "resource_type": "cas", "detail": {"size_bytes": 1}})
    reply = post(worker, [
        {"id": ID, "resource_type": "cas", "detail": {"size_bytes": 2}},
        {"id": other, "resource_type": "cas", "detail": {"size_bytes": 3}},
        {"resource_type": 5},
        {"id": other, "resource_type": "cas", "detail": {"size_bytes": 4}},
    ])
    assert counts(reply) == (1, 2, 1)
    assert results(reply) == [
        {"index": 0, "id": ID, "status": "duplicate", "differs": True},
        {"index": 1, "id": other, "status": "recorded"},
        {"index": 2, "id": None, "status": "rejected", "error": "resource_type: must be a string"},
        {"index": 3, "id": other, "status": "duplicate", "differs": True},
    ]
    assert sorted(row[0]["size_bytes"] for row in log(own, "detail")) == [1, 3]
    again = post(worker, [{"id": ID, "resource_type": "x"}, {"resource_type": 5}], query="?results=errors")
    assert [result["status"] for result in results(again)] == ["duplicate", "rejected"]
    fresh = post(worker, [{"resource_type": "x"}, {"resource_type": 5}], query="?results=errors")
    assert [result["index"] for result in results(fresh)] == [1] and fresh.json()["accepted"] == 1


def test_the_first_of_two_with_an_id_is_stored(worker: Worker, own: Postgres) -> None:
    batch = [{"id": str(uuid.UUID(int=number % 50 + 1)), "resource_type": "x", "thread_id": str(number)} for number in range(1000)]
    assert counts(post(worker, batch)) == (50, 950, 0)
    assert sorted(int(row[0]) for row in log(own, "thread_id")) == list(range(50))


def test_lines(worker: Worker, own: Postgres) -> None:
    body = '\n{"resource_type":"a"}\r\n\n  {"resource_type":\t"b"}\n{"resource_type":"c"}'
    assert counts(post(worker, body, LINES)) == (3, 0, 0)
    assert sorted(log(own, "resource_type")) == [("a",), ("b",), ("c",)]
    for nothing in ("", "\n", " \n\n "):
        assert post(worker, nothing, LINES).json()["results"] == []
    assert post(worker, "[]").json() == {"accepted": 0, "duplicates": 0, "rejected": 0, "unpriced": 0, "results": []}


@pytest.mark.parametrize("number", [
    "0.1", "1", "0", "1.10", "123456789012345678", "0.12345678901234567890123456789", "1e-20", "1.5E+3", "9007199254740993",
])
def test_numbers_keep_their_digits(worker: Worker, own: Postgres, number: str) -> None:
    body = f'{{"id":"{ID}","resource_type":"ai","detail":{{"cost_usd":{number},"other":[{number}]}}}}'
    assert counts(post(worker, body)) == (1, 0, 0)
    expected = own.sql("select %s::jsonb::text, jsonb_build_array(%s::jsonb)::text", number, number)[0]
    stored = detail_of(own, DATABASE, ID)
    assert (stored["cost_usd"], stored["other"]) == expected


@pytest.mark.parametrize("event, error", [
    ({}, "resource_type: is missing"),
    ({"resource_type": ""}, "resource_type: must not be empty"),
    ({"resource_type": None}, "resource_type: is missing"),
    ({"resource_type": "x" * 1001}, "resource_type: is longer than 1000 bytes"),
    ({"resource_type": "x", "thread_id": "x" * 1001}, "thread_id: is longer than 1000 bytes"),
    ({"resource_type": "x", "seq": 1}, "seq: unknown field"),
    ({"resource_type": "x", "": 1}, '"": unknown field'),
    ({"resource_type": "x", "id": "1"}, None),
    ({"resource_type": "x", "id": 1}, "id: must be a string"),
    ({"resource_type": "x", "user_id": "00000000-0000-0000-0000-000000000000"},
     "user_id: the nil UUID stands for nobody and nothing"),
    ({"resource_type": "x", "created_at": "yesterday"}, None),
    ({"resource_type": "x", "created_at": 1700000000}, "created_at: must be a string"),
    ({"resource_type": "x", "created_at": "0001-01-01T00:00:00Z"}, "created_at: is before 1970"),
    ({"resource_type": "x", "detail": []}, "detail: must be an object"),
    ({"resource_type": "x", "detail": "{}"}, "detail: must be an object"),
    ({"resource_type": "x", "detail": {"a": "x" * 16384}}, "detail: is longer than 16384 bytes"),
    ({"resource_type": "x", "thread_id": "\0"}, "the event has the character \\u0000, which cannot be stored"),
    ({"resource_type": "x", "detail": {"a\0": 1}}, "the event has the character \\u0000, which cannot be stored"),
    ({"resource_type": "ai", "detail": {"tokens_in": -1}}, "detail.tokens_in: must not be negative"),
    ({"resource_type": "ai", "detail": {"tokens_in": "-0.5"}}, "detail.tokens_in: must not be negative"),
    ({"resource_type": "ai", "detail": {"tokens_in": "1e3"}}, "detail.tokens_in: must be a number"),
    ({"resource_type": "ai", "detail": {"tokens_in": True}}, "detail.tokens_in: must be a number"),
    ({"resource_type": "ai", "detail": {"cost_usd": "free"}}, "detail.cost_usd: must be a number"),
    ({"resource_type": "ai", "detail": {"tokens_out": 10**18 + 1}}, "detail.tokens_out: must not be greater than 1e18"),
    ({"resource_type": "ai", "detail": {"model": 4}}, "detail.model: must be a string"),
    ({"resource_type": "ai", "detail": {"priced": True}}, "detail.priced: is set by the service"),
    ({"resource_type": "whisper", "detail": {"duration_seconds": "long"}}, "detail.duration_seconds: must be a number"),
    ({"resource_type": "livekit", "detail": {"participant_minutes": -1}}, "detail.participant_minutes: must not be negative"),
    ({"resource_type": "ai", "detail": {"tokens_in": 5, "tokens_cached": 6}}, None),
    ({"resource_type": "ai", "detail": {"tokens_cached": 0.1}}, None),
    ({"resource_type": "ai", "detail": {"tokens_in": 5, "tokens_uncached": 6}}, None),
    ({"resource_type": "ai", "detail": {"tokens_uncached": 10**18}}, None),
    ({"resource_type": "ai", "detail": {"tokens_uncached": 1, "tokens_cached": 10**18}}, None),
    (5, "an event is an object"),
    (None, "an event is an object"),
])
def test_reasons(worker: Worker, own: Postgres, event: Any, error: Any) -> None:
    reason = rejected(post(worker, [event]))
    assert error is None or reason == error
    assert reason and log(own) == []


@pytest.mark.parametrize("body, error", [
    ('{"resource_type":"x","a":{"b":%s}}' % ("[" * 20 + "]" * 20), "the event is nested more than 16 levels deep"),
    ('{"resource_type":"x","a":%s}' % ('[{"]":' * 500 + "1" + "}]" * 500), "the event is nested more than 16 levels deep"),
    ('{"resource_type":"x","resource_type":"y"}', "the event has a key twice"),
    ('{"resource_type":"x","detail":{"a":1,"\\u0061":2}}', "the event has a key twice"),
    ('{"resource_type":"x","detail":{"a":1e999999}}', "the event has a number of too many digits, or too large an exponent"),
    ('{"resource_type":"x","detail":{"a":1e-401}}', "the event has a number of too many digits, or too large an exponent"),
    ('{"resource_type":"x","detail":{"a":%s}}' % ("9" * 401), "the event has a number of too many digits, or too large an exponent"),
    ('{"resource_type":"x","detail":{"a":1e309}}', "the event has a number that is too large"),
    ('{"resource_type":"x","thread_id":"\\ud800"}', "the event has a string with half of a surrogate pair"),
    (b'{"resource_type":"x","thread_id":"\xff"}', "the event is not valid UTF-8"),
    ('{"resource_type":"ai","detail":{"tokens_\\u0069n":-1}}', "detail.tokens_in: must not be negative"),
    ('{"resource_type":"ai","detail":{"tokens_in":"\\u002d1"}}', "detail.tokens_in: must not be negative"),
    ('{"resource_type":"x","detail":{%s}}' % ",".join(f'"k{n}":0' for n in range(10000)), "the event is longer than 32768 bytes"),
])
def test_reasons_in_the_text(worker: Worker, own: Postgres, body: Any, error: str) -> None:
    assert rejected(post(worker, body)) == error
    assert log(own) == []
    good = b'{"resource_type":"good"}'
    assert counts(post(worker, b"[" + good + b"," + events.as_bytes(body) + b"," + good + b"]")) == (2, 0, 1)


def test_how_far_ahead(worker: Worker) -> None:
    now = datetime.now(timezone.utc)
    for hours, outcome in ((23, "recorded"), (25, "rejected")):
        ahead = (now + timedelta(hours=hours)).isoformat()
        assert only(post(worker, {"resource_type": "x", "created_at": ahead}))["status"] == outcome


@pytest.mark.parametrize("body, line, column", [
    ("", 1, 1), ("{", 1, 2), ("[{}", 1, 4), ("[{},]", 1, 5), ('{"a" 1}', 1, 6), ("{} {}", 1, 4), ("[] x", 1, 4),
    ('[\n {"resource_type": "x"},\n {"resource_type": tru}]', 3, 20), ('["\u2603\u2603" x]', 1, 7), ("nul", 1, 1),
    ('{"a":01}', 1, 8), ('{"a":1.}', 1, 8), ('{"a":"\t"}', 1, 7), ('{"a":"\\x"}', 1, 8), ('{"a":"\\u12"}', 1, 11),
    ("\ufeff{}", 1, 1), ("[" * 100000, 1, 100001), ('{"a":' * 1000, 1, 5001), ("{'a':1}", 1, 2),
])
def test_broken_json(worker: Worker, own: Postgres, body: str, line: int, column: int) -> None:
    reply = post(worker, body)
    assert reply.status == 400
    assert reply.json()["error"].startswith(f"broken JSON at line {line}, column {column}: "), reply
    assert log(own) == []


def test_broken_line(worker: Worker, own: Postgres) -> None:
    reply = post(worker, '{"resource_type":"x"}\n{"resource_type":"x"', LINES)
    assert reply.status == 400 and reply.json()["error"].startswith("broken JSON at line 2, column 21: "), reply
    assert post(worker, '{"resource_type":"x"}{}', LINES).status == 400
    assert log(own) == []


@pytest.mark.parametrize("parameters, status", [
    ({"CONTENT_TYPE": "text/plain"}, 415), ({"CONTENT_TYPE": ""}, 415), ({"CONTENT_TYPE": "application/jsonx"}, 415),
    ({"CONTENT_TYPE": "application/json; charset=latin1"}, 415), ({"CONTENT_TYPE": "Application/JSON ; charset=\"UTF-8\""}, 200),
    ({"CONTENT_TYPE": "application/json;x=y"}, 200), ({"HTTP_CONTENT_ENCODING": "gzip"}, 415),
    ({"HTTP_CONTENT_ENCODING": "identity"}, 200), ({"CONTENT_LENGTH": "5"}, 400), ({"CONTENT_LENGTH": "500"}, 400),
    ({"CONTENT_LENGTH": "1048577"}, 413), ({"CONTENT_LENGTH": "99999999999999999999"}, 413), ({"CONTENT_LENGTH": "-1"}, 400),
    ({"CONTENT_LENGTH": "1x"}, 400), ({"CONTENT_LENGTH": ""}, 200), ({"REQUEST_METHOD": "GET"}, 405),
    ({"REQUEST_METHOD": "HEAD"}, 405), ({"REQUEST_METHOD": "PUT"}, 405), ({"REQUEST_METHOD": "POS"}, 405),
    ({"QUERY_STRING": "results=none"}, 400), ({"QUERY_STRING": "results=errors"}, 200), ({"QUERY_STRING": "results=all"}, 200),
    ({"REMOTE_USER": ""}, 401), ({"TALLY_ROLE": "user"}, 403), ({"TALLY_ROLE": ""}, 403), ({"TALLY_ROLE": "admin"}, 200),
])
def test_requests(worker: Worker, own: Postgres, parameters: dict[str, str], status: int) -> None:
    reply = post(worker, {"resource_type": "x"}, **parameters)
    assert reply.status == status, reply
    assert len(log(own)) == (1 if status == 200 else 0)
    assert (reply.header("Allow") == "POST") == (status == 405)


def test_too_much(worker: Worker, own: Postgres) -> None:
    most = [{"resource_type": "x"}] * 1000
    assert counts(post(worker, most)) == (1000, 0, 0)
    assert post(worker, most + most[:1]).status == 413
    large = b'[{"resource_type":"x"}' + b" " * (1 << 20)
    for length in (str(len(large) + 1), "100", ""):
        assert post(worker, large + b"]", CONTENT_LENGTH=length).status == 413
    assert counts(post(worker, large[:(1 << 20) - 1] + b"]")) == (1, 0, 0)
    assert len(log(own)) == 1001


def test_a_body_that_does_not_end(worker: Worker, own: Postgres) -> None:
    given = {**fastcgi.parameters_for(events.ROUTE, "POST", SERVICE), "CONTENT_TYPE": JSON, "CONTENT_LENGTH": "100"}
    with worker.connect() as connection:
        connection.send(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.encode(given))
                        + fastcgi.record(fastcgi.STDIN, b'{"resource_type":"x"}'))
        assert connection.reply().status == 400
    assert log(own) == [] and counts(post(worker, {"resource_type": "x"})) == (1, 0, 0)


def test_details_that_are_no_objects_are_not_priced(own: Postgres) -> None:
    """An application may have inserted them."""
    own.sql("insert into model_price values ('m', default, 1, 1, 1)", dbname=DATABASE)
    for detail in ('5', '"priced"', '["priced", "cost_usd"]', 'null', '{"model": "m", "tokens_in": 1}'):
        own.sql("insert into resource_usage_log (resource_type, detail) values ('ai', %s)", detail, dbname=DATABASE)
    assert own.sql("select tally_reprice('-infinity', 'infinity')", dbname=DATABASE) == [(1,)]


def test_prices(worker: Worker, own: Postgres) -> None:
    own.sql("insert into model_price values ('m', '2026-01-01', 3, 0.3, 15), ('m', '2026-06-01', 1, null, 2)", dbname=DATABASE)
    detail = {"model": "m", "tokens_in": 1001, "tokens_cached": 1, "tokens_out": 7}
    times = ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z")
    batch = [{"id": str(uuid.UUID(int=n + 1)), "resource_type": "ai", "created_at": time, "detail": detail}
             for n, time in enumerate(times)]
    batch += [{"id": str(uuid.UUID(int=4)), "resource_type": "ai", "created_at": times[1], "detail": {**detail, "cost_usd": 0}},
              {"id": str(uuid.UUID(int=5)), "resource_type": "ai", "detail": {**detail, "model": "n"}},
              {"id": str(uuid.UUID(int=6)), "resource_type": "tts", "detail": {"model": "m"}},
              # Nothing is there to be priced, which is not the same as nothing to pay.
              {"id": str(uuid.UUID(int=7)), "resource_type": "ai", "created_at": times[1], "detail": {"model": "m", "cost_usd": None}}]
    reply = post(worker, batch)
    assert counts(reply) == (7, 0, 0) and reply.json()["unpriced"] == 3
    assert [result.get("priced") for result in results(reply)] == [False, True, True, None, False, None, False]
    stored = [detail_of(own, DATABASE, event["id"]) for event in batch]
    assert [(one.get("cost_usd"), one.get("priced")) for one in stored] == [
        (None, None), ("0.0031053", "true"), ("0.001015", "true"), ("0", None), (None, None), (None, None), ("null", None)]
    unpriced = own.sql("select * from tally_unpriced()", dbname=DATABASE)
    assert [row[:2] for row in unpriced] == [("m", 2), ("n", 1)]
    own.sql("insert into model_price values ('m', '-infinity', 2, 2, 2), ('n', default, 1, 1, 1)", dbname=DATABASE)
    own.sql("update model_price set usd_per_million_output = 3 where effective_from = '2026-06-01'", dbname=DATABASE)
    assert own.sql("select tally_reprice('2025-01-01', 'infinity')", dbname=DATABASE) == [(3,)]
    assert own.sql("select tally_reprice('2025-01-01', 'infinity')", dbname=DATABASE) == [(0,)]
    stored = [detail_of(own, DATABASE, event["id"]) for event in batch]
    assert [one.get("cost_usd") for one in stored] == ["0.002016", "0.0031053", "0.001022", "0", "0.001008", None, "null"]
    assert [row[:2] for row in own.sql("select * from tally_unpriced('2025-01-01', 'infinity')", dbname=DATABASE)] == [("m", 1)]
    # A price that is gone takes the costs with it that came from it.
    own.sql("delete from model_price where model = 'n'", dbname=DATABASE)
    assert own.sql("select tally_reprice('2025-01-01', 'infinity')", dbname=DATABASE) == [(1,)]
    assert set(detail_of(own, DATABASE, batch[4]["id"])) == set(detail) and own.sql("select * from tally_verify()", dbname=DATABASE) == []


def test_counts_apart_that_were_inserted_are_not_priced(own: Postgres) -> None:
    """They would be priced without their larger part."""
    own.sql("insert into model_price values ('m', default, 3, 0.3, 15); insert into resource_usage_log (resource_type, detail)"
            " values ('ai', '{\"model\": \"m\", \"tokens_uncached\": 5, \"tokens_out\": 1}')", dbname=DATABASE)
    assert own.sql("select tally_reprice('-infinity', 'infinity')", dbname=DATABASE) == [(0,)]
    assert len(own.sql("select * from tally_unpriced()", dbname=DATABASE)) == 1


def test_tokens_that_are_counted_apart(worker: Worker, own: Postgres) -> None:
    own.sql("insert into model_price values ('m', default, 3, 0.3, 15)", dbname=DATABASE)
    detail = {"model": "m", "tokens_uncached": 2, "tokens_cached": "40.5", "tokens_out": 1}
    assert counts(post(worker, {"id": ID, "resource_type": "ai", "detail": detail})) == (1, 0, 0)
    stored = detail_of(own, DATABASE, ID)
    assert "tokens_uncached" not in stored
    assert (stored["tokens_in"], stored["tokens_cached"], stored["cost_usd"]) == ("42.5", '"40.5"', "0.00003315")


def cloud(**changes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "call 17", "source": "https://example.org/app", "type": "ai", **changes}


def test_cloud_event(worker: Worker, own: Postgres) -> None:
    expected = uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/app"), "call 17")
    user, thread = "00000000-0000-4000-8000-00000000000b", "t"
    event = cloud(subject=user, time="2026-03-01T12:00:00+02:00", traceparent="x", dataschema="y", datacontenttype="application/json",
                  data={"tokens_in": 5, "thread_id": thread, "bot_id": ID, "cost_usd": 0.1})
    assert only(post(worker, event, CLOUD)) == {"index": 0, "id": str(expected), "status": "recorded"}
    assert log(own, "id, created_at at time zone 'UTC', resource_type, user_id::text, bot_id::text, thread_id, detail::text") == [
        (expected, datetime(2026, 3, 1, 10), "ai", user, ID, thread, '{"cost_usd": 0.1, "tokens_in": 5}')]
    assert only(post(worker, event, CLOUD))["status"] == "duplicate"
    batch = [event, cloud(id=ID), cloud(source="urn:other"), cloud(data={})]
    assert [result["status"] for result in results(post(worker, batch, CLOUDS))] == ["duplicate", "recorded", "recorded", "duplicate"]
    assert only(post(worker, cloud(id=ID), CLOUD))["id"] == ID
    nil = str(uuid.UUID(int=0))
    named = uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/app"), nil)
    assert only(post(worker, cloud(id=nil), CLOUD))["id"] == str(named)


@pytest.mark.parametrize("changes, error", [
    ({"specversion": None}, "specversion: is missing"), ({"specversion": "0.3"}, "specversion: must be 1.0"),
    ({"id": ""}, "id: must be a string that is not empty"), ({"id": None}, "id: is missing"),
    ({"source": 5}, "source: must be a string that is not empty"), ({"source": None}, "source: is missing"),
    ({"type": None}, "type: is missing"), ({"type": ""}, "type: must not be empty"), ({"type": 1}, "type: must be a string"),
    ({"time": "soon"}, None), ({"subject": "bob"}, None), ({"data": 1}, "data: must be an object"),
    ({"data_base64": "AA=="}, "data_base64: data must be JSON"), ({"datacontenttype": "text/xml"}, "datacontenttype: data must be JSON"),
    ({"data": {"user_id": ID}, "subject": ID[:-1] + "2"}, "subject: is not the user_id in data"),
    ({"data": {"bot_id": "x"}}, None), ({"data": {"tokens_in": -1}}, "detail.tokens_in: must not be negative"),
    ({"data": {"thread_id": 1}}, "data.thread_id: must be a string"),
])
def test_cloud_events_that_are_rejected(worker: Worker, own: Postgres, changes: dict[str, Any], error: Any) -> None:
    reason = rejected(post(worker, cloud(**changes), CLOUD))
    assert (error is None and reason) or reason == error
    assert log(own) == []


FOREIGN_KEY = f"insert into nodes values ('{ID}') on conflict do nothing; alter table resource_usage_log add constraint known" \
    " foreign key (collection_id) references nodes"
TRIGGER = """create function refuse() returns trigger language plpgsql as $$ begin
  if new.collection_id <> '%s' then raise 'not this one' using errcode = '%s'; end if; return new; end $$;
  create trigger known before insert on resource_usage_log for each row execute function refuse()"""
REFUSALS = {
    "foreign key": (FOREIGN_KEY, "refers to something that does not exist"),
    "deferred": (f"{FOREIGN_KEY} deferrable initially deferred", "refers to something that does not exist"),
    "check": (f"alter table resource_usage_log add constraint known check (collection_id = '{ID}')", "the log does not take it"),
    "trigger": (TRIGGER % (ID, "P0001"), "the log does not take it"),
    "code of a trigger": (TRIGGER % (ID, "TX001"), "the log does not take it"),
}


@pytest.mark.parametrize("rule, error", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_the_log_itself_refuses(worker: Worker, own: Postgres, rule: str, error: str) -> None:
    """A site's own constraints and triggers do not let the others of the batch suffer."""
    own.sql(rule, dbname=DATABASE)
    try:
        good, bad = ({"resource_type": "x", "collection_id": collection} for collection in (ID, ID[:-1] + "2"))
        other = ID[:-1] + "3"
        reply = post(worker, [good, bad, {"resource_type": 5}, good, {**bad, "id": ID}, {**good, "id": ID},
                              {**good, "id": other, "thread_id": "good"}, {**bad, "id": other, "thread_id": "bad"}])
        assert [result["status"] for result in results(reply)][:7] == [
            "recorded", "rejected", "rejected", "recorded", "rejected", "recorded", "recorded"]
        assert results(reply)[7]["status"] in ("duplicate", "rejected")  # the trigger comes before the key
        assert results(reply)[1]["error"] == error
        assert own.sql("select count(*), min(thread_id) from resource_usage_log", dbname=DATABASE) == [(4, "good")]
    finally:
        own.sql("alter table resource_usage_log drop constraint if exists known; drop trigger if exists known on"
                " resource_usage_log; drop function if exists refuse", dbname=DATABASE)


def test_null_beside_tokens(worker: Worker, own: Postgres) -> None:
    detail = {"tokens_in": 5000, "tokens_out": 7, "tokens_uncached": None, "tokens_cached": None, "model": None}
    assert counts(post(worker, {"id": ID, "resource_type": "ai", "detail": detail})) == (1, 0, 0)
    assert detail_of(own, DATABASE, ID)["tokens_in"] == "5000"


def test_pricing_again_beside_a_change(own: Postgres) -> None:
    """Who changed the event in between wins."""
    own.sql("insert into model_price values ('m', default, 1, 1, 1); insert into resource_usage_log (resource_type, detail)"
            " values ('ai', '{\"model\": \"m\", \"tokens_in\": 5}')", dbname=DATABASE)
    with own.connect(DATABASE) as other, ThreadPoolExecutor(1) as pool:
        other.execute("begin")
        other.execute("update resource_usage_log set detail = detail || '{\"cost_usd\": 42}'")
        repriced = pool.submit(own.sql, "select tally_reprice('-infinity', 'infinity')", dbname=DATABASE)
        wait_until(lambda: own.sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = %s",
                                   DATABASE) == [(1,)], "the pricing to wait")
        other.execute("commit")
        assert repriced.result() == [(0,)]
    assert log(own, "detail ->> 'cost_usd'") == [("42",)]


def test_both_reports_show_it_at_once(worker: Worker) -> None:
    collection = str(uuid.uuid4())
    assert counts(post(worker, {"resource_type": "ai", "collection_id": collection, "detail": {"tokens_in": 3, "cost_usd": 0.1}}))
    stats = worker.ask("/v1/usage/stats?bucket=none").json()
    assert (stats["totals"]["input_tokens"], stats["totals"]["cost_usd"]) == (3, 0.1)
    overview = worker.ask(f"/admin/usage?collection_id={collection}").json()
    assert [row["event_count"] for row in overview["by_collection"]] == [1]


def test_nothing_is_stored_where_the_log_is_locked(worker: Worker, own: Postgres) -> None:
    event = {"id": ID, "resource_type": "x"}
    with locked(own, DATABASE):
        reply = post(worker, [event, {"resource_type": "y"}])
        assert reply.status == 504 and list(reply.json()) == ["error"]
    assert log(own) == []
    assert only(post(worker, event))["status"] == "recorded"


@pytest.mark.parametrize("trouble", [
    "select pg_terminate_backend(%s)", "alter function tally_record rename to gone; select %s",
], ids=["connection", "function"])
def test_trouble_and_its_end(worker: Worker, own: Postgres, trouble: str) -> None:
    [pid] = backends(own, DATABASE)
    own.sql(trouble.replace("%s", str(pid)), dbname=DATABASE)
    try:
        reply = post(worker, {"id": ID, "resource_type": "x"})
        assert reply.status == (200 if "terminate" in trouble else 503), reply
    finally:
        own.sql("do $$ begin alter function gone rename to tally_record; exception when undefined_function then end $$",
                dbname=DATABASE)
    wait_until(lambda: worker.ask("/readyz").status == 200, "the database to be fit again", 15)
    assert only(post(worker, {"id": ID, "resource_type": "x"}))["status"] in ("recorded", "duplicate")
    assert log(own) == [(ID,)]
