"""Events that hold nonsense: each counts as one event, and every reply stays right and valid JSON."""

import hashlib
import json
from typing import Iterable, Iterator, Mapping, Optional

import pytest

import reference
from client import Reply
from postgres import Postgres
from reference import INFINITY, MINUS_INFINITY, Event, OverviewQuery, StatsQuery
from store import Store
from wire import DAY, days_of
from worker import Worker, running, settings_for

pytestmark = pytest.mark.case(40)

NOW = days_of(2026, 3, 15) * DAY
AT = NOW - 3 * DAY
COLLECTION = "c0000000-0000-4000-8000-000000000001"
MEMBERS = ("tokens_in", "tokens_out", "tokens_cached", "cost_usd", "duration_seconds", "characters",
           "size_bytes", "participant_minutes", "job_type", "model_level")
KINDS = (*reference.TOTAL_MEMBERS, "other")

# What may stand where a number or a name of a job is expected, as it is written in JSON.
VALUES = {
    "word": '"abc"', "nan": '"NaN"', "infinity": '"Infinity"',
    "minus infinity": '"-Infinity"',
    "text 1e400": '"1e400"', "1e400": "1e400", "-1e400": "-1e400", "1e-400": "1e-400", "1e100000": "1e100000",
    "131072 digits": "9" * 131072, "text of 131072 digits": f'"{"9" * 131072}"',
    "limit": "1000000000000000000", "minus limit": "-1000000000000000000",
    "past the limit": "1000000000000000001", "half past the limit": "1000000000000000000.5",
    "i64": "9223372036854775807", "past i64": "9223372036854775808",
    "small halves": "0.5", "negative halves": "-0.5", "minus zero": "-0", "trailing zeros": "1.500",
    "null": "null", "true": "true", "object": '{"tokens_in": 5}', "list": "[5]", "empty": '""', "space": '" 5"',
    "newline": '"5\\n"', "hexadecimal": '"0x10"', "underscores": '"1_000"', "foreign digits": '"\\u0665"',
    "written escape": '"\\\\u0000"', "escapes": '"\\u0001\\b\\t\\n\\f\\r\\u001b\\u001f\\"\\\\/\\u007f\\u0080"',
    "separators": '"\\u2028\\u2029"', "pair": '"\\ud83d\\ude00"', "noncharacters": '"\\ufffe\\uffff\\ufeff"',
    "script": '"</script><!--"', "sql": "\"'; drop table nodes; --\"", "format": '"%s%n{}"',
    "nested": "[" * 400 + "]" * 400, "long": f'"{"é" * 524288}"',
}
DETAILS = {
    "absent": None, "json null": "null", "scalar": "5", "text": '"tokens_in"', "list": '["tokens_in", 5]',
    "empty": "{}", "empty key": '{"": 5}', "twice": '{"tokens_in": "x", "tokens_in": 7}',
    "other case": '{"Tokens_In": 5}',
    "many members": json.dumps({f"member {number}": number for number in range(20000)}),
}
TEXTS = ("", " ", "\x01\x1f\x7f\x80", 'quote " and \\', "line\nbreak\r",
         "\u2028", "'; --", "\ufeff", "\U0001f600", "%s")


@pytest.fixture(scope="module")
def store(postgres: Postgres) -> Iterator[Store]:
    one = Store(postgres, "poison")
    yield one
    one.close()


@pytest.fixture(scope="module")
def worker(postgres: Postgres, store: Store) -> Iterator[Worker]:
    with running(settings_for(postgres, store.dbname)) as one:
        yield one


def strict(reply: Reply) -> object:
    """The reply as JSON, without the numbers that JSON does not know."""
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    assert reply.status == 200, reply
    return json.loads(reply.body.decode("utf-8", "strict"), parse_constant=refuse)


def is_same(got: bytes, expected: bytes) -> bool:
    # Not by == within assert, whose explanation of a difference in a megabyte takes minutes.
    return hashlib.sha256(got).digest() == hashlib.sha256(expected).digest()


def check(worker: Worker, store: Store, events: list[Event],
          titles: Optional[Mapping[str, Optional[str]]] = None) -> None:
    store.fill(events, titles, NOW)
    for bucket in ("day", "none"):
        reply = worker.ask(f"/v1/usage/stats?bucket={bucket}")
        expected = reference.stats(events, StatsQuery(bucket=bucket), NOW)
        assert strict(reply) and expected and is_same(reply.body, expected), reply.body[:2000]
    reply = worker.ask("/admin/usage?days=365")
    expected = reference.overview(events, titles or {}, OverviewQuery(days=365), NOW)
    assert strict(reply) and is_same(reply.body, expected), reply.body[:2000]
    assert worker.runs()


def filled(value: str, members: Iterable[str] = MEMBERS) -> str:
    return "{" + ", ".join(f'"{member}": {value}' for member in members) + "}"


def poisoned(detail: Optional[str]) -> list[Event]:
    """Such an event of every type, each beside a sound one."""
    sound = json.dumps({name: 3 for name in MEMBERS})
    return [Event(AT, kind, COLLECTION, detail=text) for kind in KINDS for text in (detail, sound)]


@pytest.mark.parametrize("name", VALUES)
def test_value_of_every_member(worker: Worker, store: Store, name: str) -> None:
    value = VALUES[name]
    # A megabyte in each of ten members of seven events would prove no more than in three of one.
    if len(value) > 100_000:
        detail = filled(value, ("tokens_in", "cost_usd", "job_type"))
        check(worker, store, [Event(AT, "ai", COLLECTION, detail=detail)])
    else:
        check(worker, store, poisoned(filled(value)))


@pytest.mark.parametrize("name", DETAILS)
def test_shape_of_detail(worker: Worker, store: Store, name: str) -> None:
    check(worker, store, poisoned(DETAILS[name]))


def test_sums_past_every_integer(worker: Worker, store: Store) -> None:
    largest = json.dumps({name: 10**18 for name in MEMBERS})
    check(worker, store, [Event(AT + number, kind, COLLECTION, detail=largest)
                          for kind in KINDS for number in range(40)])


def test_texts_of_every_column(worker: Worker, store: Store) -> None:
    events = [Event(AT, kind, COLLECTION, thread_id=text, agent_id=text, detail=json.dumps({"job_type": text}))
              for text in TEXTS for kind in ("ai", text)]
    for text in TEXTS:
        check(worker, store, events, {COLLECTION: text})


def test_times_at_the_edge_of_the_calendar(worker: Worker, store: Store) -> None:
    """Of an event in the distant future the overview tells, too; infinity is no day."""
    times = (INFINITY, MINUS_INFINITY, days_of(294276, 12, 31) * DAY, days_of(-4000, 1, 1) * DAY, AT)
    check(worker, store, [Event(at, kind, COLLECTION) for at in times for kind in ("ai", "cas")])


def test_all_at_once(worker: Worker, store: Store) -> None:
    events = [event for value in VALUES.values() if len(value) < 10_000 for event in poisoned(filled(value))]
    events += [event for detail in DETAILS.values() for event in poisoned(detail)]
    check(worker, store, events)


def test_nesting_as_deep_as_jsonb_allows(worker: Worker, store: Store) -> None:
    """Deeper than the plain computation can follow: the reply is valid, and counts the event."""
    nested = "[" * 5000 + "]" * 5000
    store.fill([Event(AT, "ai", COLLECTION, detail=filled(nested, ("tokens_in", "job_type")))], {}, NOW)
    strict(worker.ask("/v1/usage/stats"))
    overview = strict(worker.ask("/admin/usage"))
    assert isinstance(overview, dict)
    [row] = overview["ai_drilldown"]
    assert (row["tokens_in"], row["event_count"], row["job_type"]) == (0, 1, nested)


def test_hundred_thousand_collections(worker: Worker, store: Store) -> None:
    owners = [f"c0000000-0000-4000-8000-{number:012x}" for number in range(100_000)]
    events = [Event(AT, "cas", owner, detail='{"size_bytes": "abc"}') for owner in owners]
    store.fill(events, dict.fromkeys(owners[::2], "\x01"), NOW)
    reply = worker.ask("/admin/usage")
    overview = strict(reply)
    assert isinstance(overview, dict) and reply.header("Content-Length") == str(len(reply.body))
    rows = overview["by_collection"]
    assert [row["collection_id"] for row in rows] == owners
    assert {(row["event_count"], row["total_value"]) for row in rows} == {(1, 0.0)}
    assert overview["daily"][0]["event_count"] == 100_000
