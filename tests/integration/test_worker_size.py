"""Large replies and many requests: right, and nothing stays behind."""

import hashlib
from datetime import datetime, timezone
from typing import Iterator

import pytest

import reference
from pool import Settings
from postgres import Postgres
from process import worker_binary
from reference import Event, OverviewQuery
from sample import OVERVIEW, STATS
from store import Store
from wait import wait_until
from wire import DAY
from worker import Worker, running, settings_for

MIB = 1 << 20
COLLECTIONS = 34_000  # each with two rows by type and one by job


def collection(number: int) -> str:
    digest = hashlib.md5(str(number).encode()).hexdigest()
    return reference.canonical(digest)


def events(now: int) -> list[Event]:
    """Three rows of the reply for each collection, a third of them with ties."""
    made = []
    for number in range(COLLECTIONS):
        at = now - 10 * DAY - number % 1000 * DAY // 100
        owner = collection(number)
        made.append(Event(at, "ai", owner, detail=f'{{"tokens_in": {number % 20000}, "tokens_out": {number}.5, '
                                                  f'"job_type": "job {number % 7}", "model_level": "fast"}}'))
        made.append(Event(at, "cas", owner, detail=f'{{"size_bytes": {number * 1001}.25}}'))
    return made


@pytest.fixture(scope="module")
def large(postgres: Postgres) -> Iterator[Store]:
    store = Store(postgres, "large", frozen=False)
    yield store
    store.close()


@pytest.fixture
def worker(postgres: Postgres, large: Store) -> Iterator[Worker]:
    with running(settings_for(postgres, large.dbname)) as one:
        yield one


def test_hundred_thousand_rows(worker: Worker, large: Store) -> None:
    now = int(datetime.now(timezone.utc).timestamp()) * 1_000_000
    table = events(now)
    titles = {collection(number): f"Collection {number}" for number in range(0, COLLECTIONS, 2)}
    expected = reference.overview(table, titles, OverviewQuery(days=365), now)
    assert worker.ask(OVERVIEW).status == worker.ask(STATS).status == 200
    before = worker.memory()
    large.fill(table, titles)
    large.connection.execute("analyze")
    reply = worker.ask("/admin/usage?days=365")
    assert reply.status == 200 and reply.header("Content-Length") == str(len(expected))
    assert reply.body.count(b"collection_title") == 3 * COLLECTIONS > 100_000
    # Not by ==, whose explanation of a difference would take minutes.
    assert hashlib.sha256(reply.body).digest() == hashlib.sha256(expected).digest()
    if b"__asan_init" not in worker_binary().read_bytes():
        wait_until(lambda: worker.memory() <= before + 2 * MIB, "the worker's memory to go back", 2)


def test_many_requests_leave_nothing(settings: Settings) -> None:
    targets = (STATS, OVERVIEW, f"{STATS}&thread_id=thread%201", "/v1/usage/stats?bucket=x", "/nowhere")
    with running(settings) as worker:
        expected = {target: worker.ask(target) for target in targets}
        sockets = len(worker.sockets())
        for number in range(500):
            target = targets[number % len(targets)]
            assert worker.ask(target) == expected[target]
        wait_until(lambda: len(worker.sockets()) <= sockets, "as many descriptors as before", 2)
        assert sockets <= 3  # it listens, asks the database, and may not have closed its last client
        asked_at_the_start = 1
        lines = 500 + len(targets) + asked_at_the_start
        wait_until(lambda: worker.output().count(" info: request=") == lines, "a line for each request", 2)
