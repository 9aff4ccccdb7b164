"""Random tables and queries: every reply equals the plain computation of it, byte for byte.

TALLY_EXAMPLES multiplies the number of examples.
"""

import os
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Callable, Iterator, Optional, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastcgi
import reference
from client import Reply
from pool import Pool
from postgres import WEB_ROLE, Postgres
from reference import Event, OverviewQuery, StatsQuery
from store import Store
from strategies import IDS, Asked, Table, overview_queries, stats_queries, tables
from wire import DAY, Moment, days_of

NOW = days_of(2026, 3, 15) * DAY + 45_296_789_012  # 12:34:56.789012

Test = TypeVar("Test", bound=Callable[..., None])


def examples(count: int) -> Callable[[Test], Test]:
    factor = float(os.environ.get("TALLY_EXAMPLES", "1"))
    return settings(max_examples=int(count * factor), deadline=None, database=None,
                    suppress_health_check=list(HealthCheck), print_blob=True)


@dataclass(frozen=True)
class Folded:
    """How far the sums of events are when a question is asked."""

    adopted: float = 1  # the share of events that were there when the sums were begun
    numbered: float = 1  # the share that was there when they went on
    others: int = 0  # events that were folded, and are gone
    changed: int = 0  # users whose events were changed since
    step: int = 10_000
    steps: int = 1_000
    last_steps: int = 0


OTHER: dict[str, Any] = {"bot_id": "99999999-0000-4000-8000-000000000009"}

shares = st.sampled_from([0, 0.3, 0.7, 1])
foldings = st.builds(Folded, shares, shares, st.integers(0, 3), st.integers(0, 2), st.sampled_from([1, 3, 10_000]),
                     st.sampled_from([0, 1, 3, 1_000]), st.sampled_from([0, 0, 1, 1_000]))


class Service:
    """Workers of both tenancies on a database with a clock of the test's own. Each asks both ways: from the
    sums of events, as far as the test folded them, and from the events alone."""

    def __init__(self, postgres: Postgres):
        self.store = Store(postgres, "properties")
        self.pools = [
            [Pool({"database": {"host": postgres.directory, "dbname": self.store.dbname, "user": WEB_ROLE,
                                "prepared": prepared},
                   "service": {"tenancy": tenancy},
                   "reports": {"rollups": rollups, "upkeep": "no"}}, workers=1) for rollups in ("yes", "no")]
            for tenancy, prepared in (("multi", "yes"), ("single", "no"))
        ]

    def close(self) -> None:
        self.store.close()
        for pool in chain(*self.pools):
            pool.stop()

    def fill(self, table: Table, folded: Folded = Folded()) -> None:
        """The events of the table, of which some are folded, and of these some were changed since then."""
        adopted, numbered = sorted([int(share * len(table.events)) for share in (folded.adopted, folded.numbered)])
        events, others = table.events, [replace(event, **OTHER) for event in table.events[:folded.others]]
        self.store.fill(events[:adopted] + others, table.titles, table.now)
        self.store.upkeep(folded.step, folded.steps)
        self.store.add(events[adopted:numbered])
        self.store.upkeep(folded.step, folded.steps)
        self.store.add(events[numbered:])
        self.store.connection.execute("delete from resource_usage_log where bot_id = %s", [OTHER["bot_id"]])
        self.store.connection.execute("update resource_usage_log set created_at = created_at where user_id = any (%s)",
                                      [IDS[:folded.changed]])
        self.store.upkeep(folded.step, folded.last_steps)

    def ask(self, path: str, asked: Asked) -> Reply:
        identity = fastcgi.ADMIN
        if asked.user_id:
            identity = {"REMOTE_USER": "bob", "TALLY_ROLE": "", "TALLY_USER_ID": asked.user_id}
        both = [fastcgi.ask(pool.socket, f"{path}?{asked.query_string}", identity=identity)
                for pool in self.pools[asked.single]]
        assert both[0] == both[1]
        return both[0]


@pytest.fixture(scope="module")
def service(postgres: Postgres) -> Iterator[Service]:
    running = Service(postgres)
    yield running
    running.close()


def check(reply: Reply, expected: Optional[bytes]) -> None:
    if expected is None:
        assert (reply.status, reply.body) == (400, b'{"error":"since: must not be later than until"}')
    else:
        assert (reply.status, reply.body) == (200, expected)


def check_stats(service: Service, table: Table, asked: Asked) -> None:
    assert isinstance(asked.query, StatsQuery)
    check(service.ask("/v1/usage/stats", asked), reference.stats(table.events, asked.query, table.now))


def check_overview(service: Service, table: Table, asked: Asked) -> None:
    assert isinstance(asked.query, OverviewQuery)
    check(service.ask("/admin/usage", asked),
          reference.overview(table.events, table.titles, asked.query, table.now))


@examples(200)
@given(st.data())
def test_both_routes(service: Service, data: st.DataObject) -> None:
    table = data.draw(tables())
    service.fill(table, data.draw(foldings))
    for asked in data.draw(st.lists(stats_queries(table), min_size=2, max_size=4)):
        check_stats(service, table, asked)
    for asked in data.draw(st.lists(overview_queries(table), min_size=1, max_size=3)):
        check_overview(service, table, asked)


@pytest.mark.parametrize("days", [-5, 0, 1, 2, 30, 365, 366, 2**31 - 1])
def test_edge_of_the_overview(service: Service, days: int) -> None:
    edges = [NOW - length * DAY for length in (1, 2, 30, 365, 366)]
    events = [Event(edge + step, "cas", IDS[step]) for edge in edges for step in (-1, 0, 1)]
    table = Table(events, {}, NOW, edges)
    service.fill(table)
    check_overview(service, table, Asked(f"days={days}", OverviewQuery(days)))


@pytest.mark.parametrize("bucket", ["day", "week", "month", "none"])
def test_edges_of_the_statistic(service: Service, bucket: str) -> None:
    """Also those of the default window, and of times that fall between two microseconds."""
    edges = [NOW, NOW - 30 * DAY, days_of(2024, 2, 29) * DAY, days_of(2024, 3, 1) * DAY]
    events = [Event(edge + step, "ai") for edge in edges for step in (-1, 0, 1)]
    table = Table(events, {}, NOW, edges)
    service.fill(table)
    check_stats(service, table, Asked(f"bucket={bucket}", StatsQuery(bucket=bucket)))
    for nanoseconds in (0, 1, 999):
        since = Moment(days_of(2024, 2, 29) * 86400, nanoseconds)
        until = Moment(days_of(2024, 3, 1) * 86400, nanoseconds)
        fraction = f"{nanoseconds:09d}"
        query = f"since=2024-02-29T00:00:00.{fraction}Z&until=2024-03-01T00:00:00.{fraction}Z&bucket={bucket}"
        check_stats(service, table, Asked(query, StatsQuery(since=since, until=until, bucket=bucket)))


@examples(30)
@given(st.data())
def test_larger_tables(service: Service, data: st.DataObject) -> None:
    table = data.draw(tables(largest=120))
    service.fill(table, data.draw(foldings))
    check_stats(service, table, data.draw(stats_queries(table)))
    check_overview(service, table, data.draw(overview_queries(table)))
