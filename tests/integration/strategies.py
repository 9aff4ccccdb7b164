"""Tables of events and queries as hypothesis draws them, gathered around edges of every kind."""

import json
from dataclasses import dataclass
from typing import Mapping, Optional
from urllib.parse import quote

from hypothesis import strategies as st

from reference import (INFINITY, MINUS_INFINITY, TOTAL_MEMBERS, Event, OverviewQuery, StatsQuery)
from wire import DAY, SECOND, Moment, civil, days_of

IDS = [
    "00000000-0000-0000-0000-000000000000", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "7f2c1d1e-6a40-4c57-9d0c-2f4b8f1f3a11", "ffffffff-ffff-ffff-ffff-ffffffffffff",
]

# The first and the last microsecond whose year PostgreSQL holds whole.
EARLIEST = days_of(-4712, 1, 1) * DAY
LATEST = days_of(294277, 1, 1) * DAY - 1

TEXTS = [
    "", " ", "a", "A", "Z", "z", "é", "e\u0301", "\u00e6", "\u2028", "\ufffd", "\uffff", "😀",
    'quoted "\\/" text', "\x01\x08\t\n\x0b\x0c\r\x1f\x7f", "null", "%", "_", "' or 1=1 --", "x" * 300,
]

# JSON numbers at every edge of what counts and of how it is rounded.
NUMBERS = [
    "0", "-0", "0.0", "1", "2", "-1", "0.5", "-0.5", "1.5", "2.5", "0.1", "0.2", "0.3", "0.7", "1e-7",
    "1e5", "1.50E1", "123456.789", "0.00001", "0.000009", "1e-400", "-1e-400", "1e400", "-1e400",
    "1e18", "-1e18", "1000000000000000000", "1000000000000000000.0", "1000000000000000000.0000001",
    "1000000000000000001", "-1000000000000000001", "999999999999999999.9999", "9007199254740993",
    "9223372036854775807", "9" * 400, "0." + "3" * 400, "4.35", "1e16", "9999999999999999",
]

STRINGS = [
    "abc", "NaN", "Infinity", "-Infinity", "", " ", " 1", "1 ", "1\n", "1e5", "1E5", "+5", "-5", "--5", "+-5",
    ".5", "5.", ".", "+", "-", "-.", "+.5", "-5.", "0x10", "1_000", "1,5", "1.2.3", "1e400", "007", "-0",
    "٣", "１", "1\u00a0", "\u22125", "null", "true", "1000000000000000000", "1000000000000000001",
    "-1000000000000000000.0", "-1000000000000000000.1", "999999999999999999.5", "0.1", "0.30", "12.345",
    "0" * 998 + "7", "9" * 999, "0." + "1" * 990, "9" * 5000, "1" * 200_000,
]


@dataclass(frozen=True)
class Table:
    """Events, the titles of collections, and the time."""

    events: list[Event]
    titles: Mapping[str, Optional[str]]
    now: int
    edges: list[int]  # the instants around which the events lie


@dataclass(frozen=True)
class Asked:
    """A query of one of the routes: what is sent, and what it means."""

    query_string: str
    query: object
    single: bool = False  # of the pool for one tenant
    user_id: Optional[str] = None  # whom the web server says it is; None: an administrator


texts = st.sampled_from(TEXTS) | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
ids = st.sampled_from(IDS)
maybe_id = st.none() | ids

# ---- Details ----

_numbers = (st.integers(0, 5).map(str) | st.sampled_from(NUMBERS) | st.integers(-10**19, 10**19).map(str)
            | st.decimals(-10**6, 10**6, places=3, allow_nan=False).map(str)
            | st.floats(allow_nan=False, allow_infinity=False).map(repr))
_strings = (st.sampled_from(STRINGS) | st.integers(-9, 99).map(str)
            | st.from_regex(r"[+-]?[0-9]{0,25}\.?[0-9]{0,5}", fullmatch=True)).map(json.dumps)
_others = st.sampled_from(["null", "true", "false", "{}", "[]", '{"a": 1}', "[1, 2]", '[{"b": [null, "é"]}]'])

# Three out of four are numbers of some kind, so that sums have something to add.
members = _numbers | _numbers | _strings | _others
_labels = (st.sampled_from(["chat", "fast", "smart", "deep"]).map(json.dumps) | texts.map(json.dumps)
           | st.sampled_from(["null", "true", "7", "1.50", "1e2", "-0", "[1,  2]", '{"bb":1,"a":{"c":"\\n"}}']))

_SUMMED = sorted({"tokens_out", "tokens_cached", "cost_usd", *TOTAL_MEMBERS.values()})


@st.composite
def _objects(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(_SUMMED), max_size=6))
    # A name may come twice; the last one counts.
    pairs = [f'"{name}": {draw(members)}' for name in ["tokens_in", *names]]
    pairs += [f'"{name}": {draw(_labels)}' for name in ("job_type", "model_level") if draw(st.booleans())]
    return "{" + ", ".join(pairs) + "}"


_misshapen = st.sampled_from([
    None, "{}", "null", "7", '"tokens_in"', "true", "[]", '["tokens_in", 5]', '[{"tokens_in": 5}]',
    '{"tokens_in": {"tokens_in": 5}}', '{"TOKENS_IN": 5, "tokens_in ": 6}',
])
details = st.one_of(*[_objects()] * 6, _misshapen)

# ---- Times ----

_usual = st.integers(days_of(1990, 1, 1) * DAY, days_of(2100, 1, 1) * DAY)


def _bucket_edges(instant: int) -> list[int]:
    """The starts of the day, the week and the month that an instant lies in."""
    days = instant // DAY
    date = civil(days)
    return [days * DAY, (days - (days + 3) % 7) * DAY, days_of(date.year, date.month, 1) * DAY]


@st.composite
def _edges(draw: st.DrawFn, now: int) -> list[int]:
    """Instants that matter: window edges, starts of buckets, ends of what can be held."""
    days = draw(st.sampled_from([1, 2, 30, 365]))
    near = now - draw(st.integers(0, 40 * DAY))
    far = draw(st.sampled_from([EARLIEST + 1, LATEST - 1, days_of(1, 1, 1) * DAY, days_of(0, 2, 29) * DAY,
                                days_of(-1, 12, 31) * DAY, days_of(9999, 12, 31) * DAY,
                                days_of(10000, 1, 1) * DAY, -1, 0, days_of(2000, 1, 1) * DAY]))
    late = now + draw(st.integers(0, 400 * DAY))
    return [now, now - 30 * DAY, now - 365 * DAY, now - days * DAY, near, *_bucket_edges(near), far, late,
            draw(_usual), *_bucket_edges(draw(_usual))]


def _around(edges: list[int]) -> st.SearchStrategy[int]:
    steps = st.sampled_from([-1, 0, 0, 1]) | st.integers(-3 * DAY, 3 * DAY)
    return st.builds(lambda edge, step: max(EARLIEST, min(LATEST, edge + step)), st.sampled_from(edges), steps)


# ---- Tables ----

def _types() -> st.SearchStrategy[str]:
    known = st.sampled_from(sorted(TOTAL_MEMBERS))
    return st.one_of(*[st.just("ai")] * 3, known, known, st.sampled_from(["AI", "ai ", "other"]), texts)


@st.composite
def tables(draw: st.DrawFn, largest: int = 14) -> Table:
    now = draw(_usual)
    edges = draw(_edges(now))
    times = st.one_of(*[_around(edges)] * 7, st.sampled_from([INFINITY, MINUS_INFINITY]))
    threads = st.none() | st.sampled_from(draw(st.lists(texts, min_size=1, max_size=3)))
    event = st.builds(Event, created_at=times, resource_type=_types(), collection_id=maybe_id, user_id=maybe_id,
                      bot_id=maybe_id, channel_id=maybe_id, thread_id=threads, agent_id=threads, detail=details)
    events = draw(st.lists(event, max_size=largest))
    events += draw(st.lists(st.sampled_from(events), max_size=3)) if events else []
    titles = draw(st.dictionaries(ids, st.none() | texts))
    return Table(events, titles, now, edges)


# ---- Queries ----

@st.composite
def _moments(draw: st.DrawFn, edges: list[int]) -> Moment:
    """An instant at, or within nanoseconds of, an edge; or out of PostgreSQL's range."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([
            Moment(days_of(-262143, 1, 1) * 86400, 0), Moment(days_of(262142, 12, 31) * 86400 + 86399, 0),
            Moment(days_of(-4713, 11, 23) * 86400, 0), Moment(days_of(0, 1, 1) * 86400, 1)]))
    seconds, microseconds = divmod(draw(_around(edges)), SECOND)
    nanoseconds = microseconds * 1000 + draw(st.sampled_from([0, 0, 0, 1, 999]))
    year = civil(seconds // 86400).year
    if not -262143 <= year <= 262142:
        return Moment(days_of(262142, 12, 31) * 86400, nanoseconds)
    leap = 1_000_000_000 if seconds % 60 == 59 and draw(st.booleans()) else 0
    return Moment(seconds, nanoseconds + leap)


@st.composite
def _time_texts(draw: st.DrawFn, moment: Moment) -> str:
    """One of the spellings of an instant."""
    offset = draw(st.sampled_from([0, 0, 90, -90, 1439]))  # minutes
    days, second = divmod(moment.seconds + offset * 60, 86400)
    year, month, day = civil(days)
    if offset and not -262143 <= year <= 262142:
        return draw(_time_texts(moment))
    leap, nanoseconds = divmod(moment.nanoseconds, 1_000_000_000)
    year_text = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}"
    fraction = f".{nanoseconds:09d}".rstrip("0").rstrip(".") + ("" if nanoseconds == 0 else "000")
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    if offset == 0:
        zone = draw(st.sampled_from(["Z", "z", "+00:00", "-00:00", "utc"]))
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60 + leap:02d}"
    return f"{year_text}-{month:02d}-{day:02d}{draw(st.sampled_from('Tt '))}{clock}{fraction}{zone}"


def _uuid_text(draw: st.DrawFn, value: str) -> str:
    forms = [value, value.upper(), value.replace("-", ""), "{" + value + "}", "urn:uuid:" + value]
    return draw(st.sampled_from(forms))


def _join(draw: st.DrawFn, pairs: Mapping[str, str]) -> str:
    pieces = [f"{key}={quote(value, safe='')}" for key, value in pairs.items()]
    return "&".join(draw(st.permutations(pieces + draw(st.lists(st.just("other=1"), max_size=1)))))


@st.composite
def _filters(draw: st.DrawFn, table: Table) -> dict[str, str]:
    """Some of the filters; most of those that are given fit some event."""
    names = draw(st.sets(st.sampled_from(["user_id", "bot_id", "channel_id", "thread_id", "agent_id"]),
                         max_size=2))
    chosen = {}
    for name in sorted(names):
        present = [value for event in table.events if (value := getattr(event, name)) is not None]
        others = ids if name in ("user_id", "bot_id", "channel_id") else texts | st.just("a\0b")
        chosen[name] = draw(st.sampled_from(present) | others if present else others)
    return chosen


@st.composite
def stats_queries(draw: st.DrawFn, table: Table) -> Asked:
    filters = draw(_filters(table))
    times = {name: draw(_moments(table.edges)) for name in ("since", "until") if draw(st.booleans())}
    bucket = draw(st.none() | st.sampled_from(["day", "week", "month", "none"]))
    pairs = {name: _uuid_text(draw, value) if name in ("user_id", "bot_id", "channel_id") else value
             for name, value in filters.items()}
    pairs.update((name, draw(_time_texts(moment))) for name, moment in times.items())
    pairs.update({"bucket": bucket} if bucket else {})
    single = draw(st.booleans())
    caller = None
    if single:
        filters = {name: value for name, value in filters.items() if name in ("thread_id", "agent_id")}
    elif draw(st.booleans()):
        caller = filters.setdefault("user_id", draw(ids))
    query = StatsQuery(**filters, **times, bucket=bucket or "day")
    return Asked(_join(draw, pairs), query, single, caller)


@st.composite
def overview_queries(draw: st.DrawFn, table: Table) -> Asked:
    days = draw(st.sampled_from([None, 1, 2, 30, 365, -5, 0, 366, 2**31 - 1]))
    collection = draw(st.none() | ids)
    pairs = {} if days is None else {"days": str(days)}
    if collection:
        pairs["collection_id"] = _uuid_text(draw, collection)
    query = OverviewQuery(30 if days is None else days, collection)
    return Asked(_join(draw, pairs), query, draw(st.booleans()))
