"""Primaries and standbys: events find a primary, reports find anyone, and /readyz says which."""

import time
from pathlib import Path
from typing import Iterator

import pytest

import events
import sample
from client import Reply
from hosts import Listening, Standby, at, started, swallowing
from sample import STATS
from test_worker_database import check_unavailable
from test_worker_deadline import timed
from wait import wait_until
from worker import Worker, backends, running, wait_for_log

pytestmark = pytest.mark.case(38)

READY = b'{"status":"ready"}'
READY_FOR_REPORTS = b'{"status":"ready","events":false}'
EVENT = {"resource_type": "ai"}


@pytest.fixture(scope="module")
def primary() -> Iterator[Listening]:
    cluster = Listening()
    cluster.create_database("target")
    sample.load(cluster, "target")
    yield cluster
    cluster.stop("immediate")


@pytest.fixture(scope="module")
def standby(primary: Listening) -> Iterator[Standby]:
    cluster = Standby(primary)
    cluster.follow()
    yield cluster
    cluster.stop("immediate")


def place(cluster: Listening) -> tuple[str, int]:
    return "127.0.0.1", cluster.port


def ready(worker: Worker) -> Reply:
    reply = worker.ask("/readyz", identity={})
    assert reply.status == 200
    return reply


def test_standby_comes_first(primary: Listening, standby: Standby) -> None:
    with running(at(place(standby), place(primary), dbname="target")) as worker:
        assert events.post(worker, EVENT).status == 200
        assert worker.ask(STATS).status == 200
        assert ready(worker).body == READY
        assert len(backends(primary, "target")) == 1
        wait_until(lambda: not backends(standby, "target"), "the standby to be left")


def test_standby_alone(primary: Listening, standby: Standby) -> None:
    with running(at(place(standby), dbname="target")) as worker:
        assert worker.ask(STATS).status == 200
        assert ready(worker).body == READY_FOR_REPORTS
        for _ in range(3):
            check_unavailable(events.post(worker, EVENT))
            assert worker.ask(STATS).status == 200
        wait_for_log(worker, "the server is a standby and stores no events")
        wait_for_log(worker, "request=.* the server is a standby")
        assert len(backends(standby, "target")) == 1


def test_primary_comes_back(primary: Listening, standby: Standby) -> None:
    """Reports go on meanwhile; events are stored as soon as they can be."""
    with running(at(place(primary), place(standby), dbname="target")) as worker:
        assert events.post(worker, EVENT).status == 200
        primary.stop("immediate")
        try:
            wait_until(lambda: worker.ask(STATS).status == 200, "a report by the standby", 3)
            check_unavailable(events.post(worker, EVENT))
            assert ready(worker).body == READY_FOR_REPORTS
        finally:
            primary.start()
        wait_until(lambda: events.post(worker, EVENT).status == 200, "an event to be stored", 1.5)
        wait_until(lambda: ready(worker).body == READY, "the worker to say so", 1)
        wait_for_log(worker, "a server of the preferred kind was found")


def test_search_goes_on_by_itself(primary: Listening, standby: Standby) -> None:
    primary.stop("immediate")
    try:
        with running(at(place(standby), place(primary), dbname="target")) as worker:
            assert worker.ask(STATS).status == 200
            primary.start()
            wait_until(lambda: backends(primary, "target"), "the primary to be found", 7)
            assert worker.ask(STATS).status == 200
    finally:
        if primary.process is None:
            primary.start()


def test_primary_that_swallows_holds_up_no_report(standby: Standby) -> None:
    with swallowing() as dead, running(at(place(standby), dead, dbname="target")) as worker:
        for _ in range(5):
            reply, took = timed(lambda: worker.ask(STATS))
            assert reply.status == 200 and took < 1
            reply, took = timed(lambda: events.post(worker, EVENT))
            check_unavailable(reply)
            assert took < 1.5


@pytest.mark.parametrize("target, first, stores", [
    ("any", "standby", False), ("any", "primary", True), ("primary", "standby", True), ("standby", "primary", False),
    ("prefer-standby", "primary", False),
])
def test_other_targets(primary: Listening, standby: Standby, target: str, first: str, stores: bool) -> None:
    places = [place(standby), place(primary)]
    if first == "primary":
        places.reverse()
    with running(at(*places, dbname="target", target=target)) as worker:
        wait_until(lambda: ready(worker).body == (READY if stores else READY_FOR_REPORTS), "the right server", 3)
        assert (events.post(worker, EVENT).status == 200) == stores
        assert worker.ask(STATS).status == 200


def test_primary_or_nothing(standby: Standby) -> None:
    with running(at(place(standby), dbname="target", target="primary")) as worker:
        check_unavailable(worker.ask(STATS))
        wait_for_log(worker, "no database: .*it is a standby")


def test_attributes_of_the_environment_are_not_heeded(primary: Listening, tmp_path: Path) -> None:
    settings = at(place(primary), dbname="target")
    with started(settings, tmp_path, PGTARGETSESSIONATTRS="read-write") as worker:
        assert worker.ask(STATS).status == 200
        assert worker.output().count("target_session_attrs = read-write of the environment or of a service is not"
                                     " heeded: set target in [database]") == 1


def test_promotion_is_noticed(primary: Listening) -> None:
    promoted = Standby(primary)
    try:
        promoted.follow()
        with running(at(place(promoted), dbname="target")) as worker:
            check_unavailable(events.post(worker, EVENT))
            promoted.promote()
            begun = time.monotonic()
            wait_until(lambda: events.post(worker, EVENT).status == 200, "an event to be stored", 3)
            assert time.monotonic() - begun < 2
            assert ready(worker).body == READY
    finally:
        promoted.stop("immediate")
