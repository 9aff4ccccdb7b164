"""Every event counts once, whatever is killed while clients send them and send them again."""

import http.client
import json
import os
import random
import signal
import threading
import time
import uuid
from decimal import Decimal
from typing import Any, Callable, Iterator

import pytest

from client import Endpoint, ask, basic
from events import JSON, ROUTE, counts, post
from nginx import Nginx
from pool import Pool
from postgres import Postgres
from shipped import ADMIN, SERVICE, Change
from test_load import MANY_CLIENTS
from wait import wait_until
from worker import backends, frozen, running, settings_for

EVENTS, BATCH, CLIENTS = 200_000, 100, 8
DATABASE = "outage"
PATIENCE = 240  # seconds for all of it



@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    cluster = Postgres({"synchronous_commit": "on"})
    cluster.create_database(DATABASE)
    yield cluster
    cluster.stop("immediate")


def event(number: int) -> dict[str, Any]:
    return {"id": str(uuid.UUID(int=number + 1)), "resource_type": "ai", "created_at": f"2026-0{number % 9 + 1}-01T00:00:00Z",
            "user_id": str(uuid.UUID(int=number % 7 + 1)),
            "detail": {"tokens_in": number, "tokens_out": 1, "cost_usd": 0.1}}


class Sender(threading.Thread):
    """Sends batches, each until it is told what became of it."""

    def __init__(self, endpoint: Endpoint, numbers: Iterator[int], told: list[str], until: float):
        super().__init__()
        self.endpoint, self.numbers, self.told, self.until = endpoint, numbers, told, until
        self.tries = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        while (first := next(self.numbers, None)) is not None and not self.wrong:
            body = json.dumps([event(number) for number in range(first, first + BATCH)]).encode()
            while not self.send(body):
                if time.monotonic() > self.until:
                    self.wrong.append("no end in sight")
                    return

    def send(self, body: bytes) -> bool:
        self.tries += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.endpoint.port, timeout=20)
        try:
            connection.request("POST", ROUTE, body, {"Host": self.endpoint.host, "Content-Type": JSON, **dict([basic(SERVICE)])})
            reply = connection.getresponse()
            text = reply.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if reply.status in (502, 503, 504):
            return False
        if reply.status != 200:
            self.wrong.append(f"{reply.status} {text[:200]!r}")
            return True
        self.told += [f"{result['id']} {result['status']}" for result in json.loads(text)["results"]]
        return True


class Numbers:
    """The first numbers of batches, for several threads."""

    def __init__(self) -> None:
        self.lock, self.next = threading.Lock(), 0

    def __iter__(self) -> "Numbers":
        return self

    def __next__(self) -> int:
        with self.lock:
            self.next += BATCH
            if self.next > EVENTS:
                raise StopIteration
            return self.next - BATCH


def kill_a_worker(pool: Pool) -> None:
    for pid in random.sample(pool.worker_pids(), 1):
        os.kill(pid, signal.SIGKILL)


def kill_nginx(nginx: Nginx) -> None:
    assert nginx.process
    nginx.process.stop(signal.SIGKILL)
    (nginx.directory / "pid").unlink()
    nginx.error_log.write_text("")  # what it says of such an end is no alarm
    nginx.start()


def kill_postgres(own: Postgres) -> None:
    own.kill()
    own.start()


def make_trouble(troubles: list[Callable[[], None]], senders: list[Sender]) -> int:
    """One after the other, until all is sent."""
    made = 0
    while any(sender.is_alive() for sender in senders):
        random.choice(troubles)()
        made += 1
        threading.Event().wait(0.3)  # sets the pace: so long all is well
    return made


def test_every_event_counts_once(own: Postgres) -> None:
    pool = Pool(settings_for(own, DATABASE), 4)
    nginx = Nginx(pool.socket, pool.socket, MANY_CLIENTS)
    told: list[str] = []
    numbers, until = iter(Numbers()), time.monotonic() + PATIENCE
    senders = [Sender(nginx.plain, numbers, told, until) for _ in range(CLIENTS)]
    try:
        for sender in senders:
            sender.start()
        made = make_trouble([lambda: kill_a_worker(pool), lambda: kill_a_worker(pool), lambda: kill_nginx(nginx),
                             lambda: kill_postgres(own)], senders)
        tries = sum(sender.tries for sender in senders)
        print(f"{EVENTS} events in {tries} requests of {BATCH}, {made} times something was killed")
        assert [sender.wrong for sender in senders] == [[]] * CLIENTS
        check_log(own, told)
        wait_until(lambda: ask(nginx.plain, "/readyz").status == 200, "the database to be back", 15)
        check_reports(nginx)
        assert made >= 5 and tries > EVENTS // BATCH  # something did go wrong
        assert own.sql("select * from tally_verify()", dbname=DATABASE) == []
    finally:
        nginx.stop()
        pool.stop()


def test_events_while_the_database_is_away(own: Postgres) -> None:
    """503 at once, nothing stored; the same events are taken when it is back."""
    batch = [{"id": str(uuid.UUID(int=EVENTS + 1)), "resource_type": "away"}]
    with running(settings_for(own, DATABASE)) as worker:
        assert counts(post(worker, {"resource_type": "away"})) == (1, 0, 0)
        own.stop()
        try:
            for _ in range(3):
                begun = time.monotonic()
                reply = post(worker, batch)
                assert (reply.status, reply.header("Retry-After")) == (503, "1"), reply
                assert list(reply.json()) == ["error"] and time.monotonic() - begun < 2
        finally:
            own.start()
        wait_until(lambda: worker.ask("/readyz").status == 200, "the database to be back", 15)
        assert counts(post(worker, batch)) == (1, 0, 0)
    assert own.sql("delete from resource_usage_log where resource_type = 'away' returning 1", dbname=DATABASE) == [(1,), (1,)]


def test_events_while_the_server_does_not_move(own: Postgres) -> None:
    """504 at the deadline; whatever became of them, they count once when they are sent again."""
    event = {"id": str(uuid.UUID(int=EVENTS + 2)), "resource_type": "frozen"}
    settings = {"database": {"query_timeout": 500}, "reports": {"upkeep": "no"}}
    with running(settings_for(own, DATABASE), settings) as worker:
        wait_until(lambda: worker.ask("/readyz").status == 200, "a connection", 15)
        [pid] = backends(own, DATABASE)
        with frozen(pid):
            assert post(worker, event).status == 504
        wait_until(lambda: worker.ask("/readyz").status == 200, "another connection", 15)
        assert post(worker, event).status == 200
    assert own.sql("delete from resource_usage_log where resource_type = 'frozen' returning 1", dbname=DATABASE) == [(1,)]


def check_log(own: Postgres, told: list[str]) -> None:
    ids = {str(uuid.UUID(int=number + 1)) for number in range(EVENTS)}
    assert {line.split()[0] for line in told} == ids
    recorded = [line for line in told if line.endswith(" recorded")]
    assert len(recorded) == len(set(recorded)), "an event was recorded twice"
    assert len([line for line in told if line.endswith(" rejected")]) == 0
    assert own.sql("select count(*), count(distinct id), sum((detail ->> 'tokens_in')::numeric) from resource_usage_log",
                   dbname=DATABASE) == [(EVENTS, EVENTS, Decimal(EVENTS * (EVENTS - 1) // 2))]


def check_reports(nginx: Nginx) -> None:
    whole = EVENTS * (EVENTS - 1) // 2
    totals = ask(nginx.plain, "/v1/usage/stats?bucket=none&since=2026-01-01T00:00:00Z", user=ADMIN).json()["totals"]
    assert totals == {"messages": EVENTS, "input_tokens": whole, "output_tokens": EVENTS, "cached_tokens": 0,
                      "total_tokens": whole + EVENTS, "cost_usd": EVENTS / 10}
    parts = ask(nginx.plain, "/admin/usage?days=365", user=ADMIN).json()
    for part, value in (("by_collection", "total_value"), ("ai_drilldown", "tokens_in"), ("daily", "total_value")):
        assert sum(row["event_count"] for row in parts[part]) == EVENTS
        assert sum(row[value] for row in parts[part]) == whole
