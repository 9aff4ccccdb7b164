"""Databases in other encodings than UTF-8, as old sites have them: the reply is UTF-8 all the same."""

import json
from typing import Any, Iterator

import psycopg
import pytest

import events
from postgres import WEB_ROLE, Postgres
from process import ROOT
from worker import Worker, running, settings_for

pytestmark = pytest.mark.case(40)

COLLECTION = "c0000000-0000-4000-8000-000000000001"
EVENT = ("insert into resource_usage_log (resource_type, collection_id, thread_id, detail) values"
         " ('ai', '{collection}', '{text}', '{{\"tokens_in\": \"{text}\", \"job_type\": \"{text}\"}}')")


def create(postgres: Postgres, dbname: str, encoding: str) -> None:
    postgres.sql(f"create database {dbname} template template0 encoding '{encoding}' locale 'C'")
    postgres.psql(dbname, ROOT / "sql" / "schema.sql")
    postgres.psql(dbname, ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")


def store(postgres: Postgres, dbname: str, encoding: str, text: bytes) -> None:
    """Insert an event and a title with exactly these bytes."""
    statement = EVENT.format(collection=COLLECTION, text="@").encode().replace(b"@", text)
    # No client_encoding but the database's own converts nothing.
    with psycopg.connect(postgres.conninfo(dbname), autocommit=True, client_encoding=encoding) as connection:
        connection.execute(statement)
        connection.execute(f"insert into nodes values ('{COLLECTION}', '@') on conflict do nothing"
                           .encode().replace(b"@", text))


@pytest.fixture
def dbname(postgres: Postgres) -> Iterator[str]:
    yield "encoded"
    postgres.sql("drop database if exists encoded with (force)")


def ask(worker: Worker, target: str) -> Any:
    reply = worker.ask(target)
    assert reply.status == 200, (target, reply)
    return json.loads(reply.body.decode("utf-8", "strict"))


def count(worker: Worker, thread: str) -> int:
    messages: int = ask(worker, f"/v1/usage/stats?thread_id={thread}")["totals"]["messages"]
    return messages


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "LATIN2"])
def test_texts_are_converted(postgres: Postgres, dbname: str, encoding: str) -> None:
    create(postgres, dbname, encoding)
    store(postgres, dbname, encoding, b"caf\xe9")
    with running(settings_for(postgres, dbname)) as worker:
        overview = ask(worker, "/admin/usage")
        [row] = overview["ai_drilldown"]
        assert (row["job_type"], row["collection_title"], row["tokens_in"]) == ("café", "café", 0)
        assert count(worker, "caf%C3%A9") == 1 and count(worker, "cafe") == 0


@pytest.mark.parametrize("thread", ["%E2%82%AC", "%F0%9F%98%80", "caf%C3%A9%E2%80%A8"])
def test_text_that_the_database_cannot_hold(postgres: Postgres, dbname: str, thread: str) -> None:
    """No event has it; that is an answer, and no fault."""
    create(postgres, dbname, "LATIN1")
    store(postgres, dbname, "LATIN1", b"caf\xe9")
    with running(settings_for(postgres, dbname)) as worker:
        assert count(worker, "caf%C3%A9") == 1
        assert count(worker, thread) == 0
        assert count(worker, "caf%C3%A9") == 1


@pytest.mark.parametrize("text, told", [
    (b"caf\xc3\xa9", "café"), (b"caf\xe9", "caf\ufffd"),
    (b"\xff\xfe", "\ufffd\ufffd"), (b"\xc0\xaf", "\ufffd\ufffd"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"), (b"\xf4\x90\x80\x80", "\ufffd" * 4), (b"x\xe2\x82", "x\ufffd"),
    (b"\x01\x7f\x80", "\x01\x7f\ufffd"),
])
def test_bytes_that_are_no_text(postgres: Postgres, dbname: str, text: bytes, told: str) -> None:
    """SQL_ASCII holds any bytes."""
    create(postgres, dbname, "SQL_ASCII")
    # A control character stands in JSON as its escape.
    in_json = text.replace(b"\x01", rb"\u0001")
    statement = (b"insert into resource_usage_log (resource_type, collection_id, thread_id, detail) values"
                 b" ('ai', '%s', '%s', '{\"tokens_in\": \"%s\", \"job_type\": \"%s\"}'),"
                 b" ('%s', '%s', null, '{}')")
    owner = COLLECTION.encode()
    with psycopg.connect(postgres.conninfo(dbname), autocommit=True, client_encoding="SQL_ASCII") as connection:
        connection.execute(statement % (owner, text, in_json, in_json, text, owner))
        connection.execute(b"insert into nodes values ('%s', '%s')" % (owner, text))
    with running(settings_for(postgres, dbname)) as worker:
        overview = ask(worker, "/admin/usage")
        [row] = overview["ai_drilldown"]
        assert (row["job_type"], row["collection_title"], row["tokens_in"]) == (told, told, 0)
        assert sorted(row["resource_type"] for row in overview["daily"]) == sorted(["ai", told])
        assert ask(worker, "/v1/usage/stats?bucket=none")["totals"]["messages"] == 1
        assert count(worker, "caf%C3%A9") == (text == b"caf\xc3\xa9")


def test_bytes_that_are_no_text_do_not_hide_one_another(postgres: Postgres, dbname: str) -> None:
    create(postgres, dbname, "SQL_ASCII")
    for text in (b"\xe8", b"\xe9"):
        store(postgres, dbname, "SQL_ASCII", text)
    with running(settings_for(postgres, dbname)) as worker:
        rows = ask(worker, "/admin/usage")["ai_drilldown"]
        assert [(row["job_type"], row["event_count"]) for row in rows] == [("\ufffd", 1)] * 2


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1", "LATIN2", "WIN1251", "EUC_JP", "SQL_ASCII"])
def test_schema_and_statements_need_no_letter_of_an_alphabet(postgres: Postgres, dbname: str, encoding: str,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """An interactive psql sends the files in the encoding of the terminal."""
    monkeypatch.setenv("PGCLIENTENCODING", "UTF8")
    create(postgres, dbname, encoding)
    with running(settings_for(postgres, dbname)) as worker:
        assert ask(worker, "/admin/usage")["daily"] == []


def test_an_event_with_a_character_that_the_database_cannot_hold(postgres: Postgres, dbname: str) -> None:
    create(postgres, dbname, "LATIN1")
    ids = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(5)]
    batch = [{"id": ids[0], "resource_type": "x", "thread_id": "caf\u00e9"},
             {"id": ids[1], "resource_type": "x", "thread_id": "\u2603"},
             {"id": ids[2], "resource_type": "x", "detail": {"a": "\u2603"}},
             {"resource_type": 5},
             {"id": ids[3], "resource_type": "ai", "detail": {"tokens_in": 5}},
             {"id": ids[0], "resource_type": "x"}]
    with running(settings_for(postgres, dbname)) as worker:
        reply = events.post(worker, batch)
        assert [result["status"] for result in events.results(reply)] == [
            "recorded", "rejected", "rejected", "rejected", "recorded", "duplicate"]
        assert events.results(reply)[1]["error"] == "has a character that the database cannot hold"
        assert count(worker, "caf%C3%A9") == 0 and ask(worker, "/v1/usage/stats")["totals"]["input_tokens"] == 5
        assert events.counts(events.post(worker, batch)) == (0, 3, 3)
    assert postgres.sql("select count(*), max(thread_id) from resource_usage_log", dbname=dbname) == [(2, "caf\u00e9")]


def test_a_sender_whose_name_the_database_cannot_hold(postgres: Postgres, dbname: str) -> None:
    create(postgres, dbname, "LATIN1")
    with running(settings_for(postgres, dbname)) as worker:
        for name in ("caf\u00e9", "\u2603 man"):
            identity = {"REMOTE_USER": name, "TALLY_ROLE": "service"}
            assert events.counts(events.post(worker, [{"resource_type": "x"}] * 2, identity=identity)) == (2, 0, 0)
    assert postgres.sql("select recorded_by, count(*) from resource_usage_log group by 1 order by 1", dbname=dbname) == [
        ("??? man", 2), ("caf\u00e9", 2)]


def test_escapes_where_texts_have_no_encoding(postgres: Postgres, dbname: str) -> None:
    """What most clients send for a character beyond ASCII."""
    create(postgres, dbname, "SQL_ASCII")
    detail = {"tokens_in": 5, "job_type": "caf\u00e9", "\u2603": ["\U0001f600", "\\u00e9", '"\x1f', "\x7f"]}
    batch = json.dumps([{"resource_type": "ai", "thread_id": "caf\u00e9", "detail": detail}, {"resource_type": "x"}])
    assert batch.isascii()
    with running(settings_for(postgres, dbname)) as worker:
        assert events.counts(events.post(worker, batch)) == (2, 0, 0)
        assert count(worker, "caf%C3%A9") == 1
        [row] = ask(worker, "/admin/usage")["ai_drilldown"]
        assert (row["job_type"], row["tokens_in"]) == ("caf\u00e9", 5)
    with psycopg.connect(postgres.conninfo(dbname), client_encoding="SQL_ASCII") as connection:
        [stored] = connection.execute(b"select detail::text from resource_usage_log where resource_type = 'ai'").fetchone()
    assert json.loads(stored) == detail
