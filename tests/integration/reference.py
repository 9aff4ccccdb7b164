"""Both replies computed plainly from a list of events: what the worker must answer, byte for byte."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Callable, Hashable, Iterable, Mapping, Optional, Union
from uuid import UUID

from wire import (DAY, EXACT, SECOND, Moment, array, civil, days_of, i64, moment_of, number, record,
                  string, time_text)

INFINITY, MINUS_INFINITY = "infinity", "-infinity"

# What each resource type's total is the sum of.
TOTAL_MEMBERS = {
    "ai": "tokens_in", "whisper": "duration_seconds", "tts": "characters", "cas": "size_bytes",
    "bandwidth": "size_bytes", "livekit": "participant_minutes",
}
LARGEST_NUMBER = 10**18
PLAIN_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
FILTERS = ("user_id", "bot_id", "channel_id", "thread_id", "agent_id")


@dataclass(frozen=True)
class Event:
    created_at: Union[int, str]  # microseconds since 1970, or one of the infinities
    resource_type: str
    collection_id: Optional[str] = None
    user_id: Optional[str] = None
    bot_id: Optional[str] = None
    channel_id: Optional[str] = None
    thread_id: Optional[str] = None
    agent_id: Optional[str] = None
    detail: Optional[str] = "{}"  # JSON as it is inserted

    def members(self) -> Mapping[str, Any]:
        """The members of detail, numbers with all their digits; none where it is no object."""
        if self.detail is None:
            return {}
        value = json.loads(self.detail, parse_float=Decimal, parse_int=Decimal)
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class StatsQuery:
    """The parameters of GET /v1/usage/stats as they apply: those that are ignored are None."""

    user_id: Optional[str] = None
    bot_id: Optional[str] = None
    channel_id: Optional[str] = None
    thread_id: Optional[str] = None
    agent_id: Optional[str] = None
    since: Optional[Moment] = None
    until: Optional[Moment] = None
    bucket: str = "day"


@dataclass(frozen=True)
class OverviewQuery:
    days: int = 30
    collection_id: Optional[str] = None


def counted(member: Any) -> Decimal:
    """The number that a member of detail counts as."""
    if isinstance(member, str) and PLAIN_DECIMAL.fullmatch(member):
        member = Decimal(member)
    if isinstance(member, Decimal) and member.copy_abs() <= LARGEST_NUMBER:
        return member
    return Decimal(0)


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def text_member(value: Any) -> Optional[str]:
    """A member of detail as a text, as PostgreSQL's ->> gives it."""
    return value if value is None or isinstance(value, str) else _jsonb_text(value)


def _jsonb_text(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{_jsonb_text(key)}: {_jsonb_text(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_jsonb_text, value)) + "]"
    if isinstance(value, Decimal):
        return f"{value or value.copy_abs():f}"  # numeric has no negative zero
    return json.dumps(value, ensure_ascii=False)


def grouped(events: Iterable[Event], key: Callable[[Event], Hashable]) -> dict[Any, list[Event]]:
    groups: dict[Any, list[Event]] = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return groups


def _nulls_last(value: Optional[str]) -> tuple[bool, str]:
    return value is None, value or ""


def _instant(event: Event) -> int:
    assert isinstance(event.created_at, int)
    return event.created_at


def _is_finite(event: Event) -> bool:
    return isinstance(event.created_at, int)


# ---- GET /v1/usage/stats ----

def bucket_start(created_at: int, bucket: str) -> Optional[Moment]:
    days = created_at // DAY
    if bucket == "none":
        return None
    if bucket == "week":
        days -= (days + 3) % 7  # 1970-01-01 was a Thursday
    if bucket == "month":
        date = civil(days)
        days = days_of(date.year, date.month, 1)
    return Moment(days * 86400, 0)


def _measures(events: list[Event]) -> list[tuple[str, str]]:
    def total(name: str) -> Decimal:
        return exact_sum(counted(event.members().get(name)) for event in events)

    tokens_in, tokens_out = total("tokens_in"), total("tokens_out")
    return [
        ("messages", str(len(events))),
        ("input_tokens", i64(tokens_in)),
        ("output_tokens", i64(tokens_out)),
        ("cached_tokens", i64(total("tokens_cached"))),
        ("total_tokens", i64(EXACT.add(tokens_in, tokens_out))),
        ("cost_usd", number(total("cost_usd"))),
    ]


def _bucket(start: Optional[Moment], events: list[Event]) -> str:
    ts = "null" if start is None else string(time_text(start))
    return record([("ts", ts), *_measures(events)])


def stats(events: Iterable[Event], query: StatsQuery, now: int) -> Optional[bytes]:
    """The reply, `now` in microseconds; None where since is later than until."""
    since = query.since or moment_of(now - 30 * DAY)
    until = query.until or moment_of(now)
    if since > until:
        return None
    wanted = {name: getattr(query, name) for name in FILTERS if getattr(query, name) is not None}
    chosen = [
        event for event in events
        if event.resource_type == "ai" and _is_finite(event)
        and since.total() <= _instant(event) * 1000 < until.total()
        and all(getattr(event, name) == value for name, value in wanted.items())
    ]
    groups = grouped(chosen, lambda event: bucket_start(_instant(event), query.bucket))
    buckets = [_bucket(start, groups[start]) for start in sorted(groups)]
    if query.bucket == "none":
        buckets = [_bucket(None, chosen)]
    filters = [(name, string(getattr(query, name))) for name in FILTERS]
    filters += [("since", string(time_text(since))), ("until", string(time_text(until))),
                ("bucket", string(query.bucket))]
    return record([
        ("totals", record(_measures(chosen))),
        ("buckets", array(buckets)),
        ("filters_applied", record(filters)),
    ]).encode()


# ---- GET /admin/usage ----

@dataclass
class Sums:
    """What one row of the overview says of its events."""

    events: list[Event]
    count: int = field(init=False)
    total: Decimal = field(init=False)
    tokens_in: Decimal = field(init=False)
    tokens_out: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.events)
        self.tokens_in = self._sum(lambda event: "tokens_in")
        self.tokens_out = self._sum(lambda event: "tokens_out" if event.resource_type == "ai" else None)
        self.total = self._sum(lambda event: TOTAL_MEMBERS.get(event.resource_type))

    def _sum(self, name: Callable[[Event], Optional[str]]) -> Decimal:
        return exact_sum(counted(event.members().get(name(event))) for event in self.events)


def _by_collection(events: list[Event], titles: Mapping[str, Optional[str]]) -> Iterable[str]:
    groups = grouped(events, lambda event: (event.collection_id, event.resource_type))
    rows = [(collection, kind, Sums(group)) for (collection, kind), group in groups.items()]
    rows.sort(key=lambda row: (row[2].total.copy_negate(), _nulls_last(row[0]), row[1]))
    for collection, kind, sums in rows:
        yield record([
            ("collection_id", string(collection)),
            ("collection_title", string(titles.get(collection or ""))),
            ("resource_type", string(kind)),
            ("event_count", str(sums.count)),
            ("total_value", number(sums.total)),
            ("secondary_value", number(sums.tokens_out)),
        ])


def _ai_drilldown(events: list[Event], titles: Mapping[str, Optional[str]]) -> Iterable[str]:
    def key(event: Event) -> Hashable:
        members = event.members()
        return (event.collection_id, text_member(members.get("job_type")),
                text_member(members.get("model_level")))

    groups = grouped((event for event in events if event.resource_type == "ai"), key)
    rows = [(*names, Sums(group)) for names, group in groups.items()]
    rows.sort(key=lambda row: (row[3].tokens_in.copy_negate(), *map(_nulls_last, row[:3])))
    for collection, job_type, model_level, sums in rows:
        yield record([
            ("collection_id", string(collection)),
            ("collection_title", string(titles.get(collection or ""))),
            ("job_type", string(job_type)),
            ("model_level", string(model_level)),
            ("tokens_in", i64(sums.tokens_in)),
            ("tokens_out", i64(sums.tokens_out)),
            ("event_count", str(sums.count)),
        ])


def _daily(events: list[Event]) -> Iterable[str]:
    groups = grouped(events, lambda event: (_instant(event) // DAY, event.resource_type))
    for day, kind in sorted(groups, key=lambda key: (-key[0], key[1])):
        sums = Sums(groups[day, kind])
        yield record([
            ("day", string(time_text(Moment(day * DAY // SECOND, 0), "Z"))),
            ("resource_type", string(kind)),
            ("event_count", str(sums.count)),
            ("total_value", number(sums.total)),
        ])


def overview(events: Iterable[Event], titles: Mapping[str, Optional[str]], query: OverviewQuery,
             now: int) -> bytes:
    """The reply, `now` in microseconds; `titles` by collection."""
    start = now - max(1, min(365, query.days)) * DAY
    chosen = [
        event for event in events
        if _is_finite(event) and _instant(event) >= start
        and query.collection_id in (None, event.collection_id)
    ]
    return record([
        ("by_collection", array(_by_collection(chosen, titles))),
        ("ai_drilldown", array(_ai_drilldown(chosen, titles))),
        ("daily", array(_daily(chosen))),
    ]).encode()


def canonical(text: str) -> str:
    """A uuid in the one form in which replies write it."""
    return str(UUID(text))
