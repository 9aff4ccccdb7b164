"""Requests that wait at the same time: their events are recorded in one transaction, and none suffers from another."""

import select
import signal
import time
import uuid
from contextlib import ExitStack
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

import pytest

import fastcgi
from client import Reply
from events import JSON, ROUTE, SERVICE, Body, as_bytes, counts, only
from postgres import WEB_ROLE, Postgres
from sample import STATS
from wait import wait_until
from worker import Worker, backends, frozen, lift_limits, locked, running, settings_for, wait_for_lock, wait_for_log

DATABASE = "together"
QUERY_TIMEOUT = 2  # seconds
MOST = 16  # requests in a transaction


@pytest.fixture(scope="module")
def own(postgres: Postgres) -> Postgres:
    postgres.create_database(DATABASE)
    lift_limits(postgres, DATABASE)
    return postgres


@pytest.fixture(scope="module")
def worker(own: Postgres) -> Iterator[Worker]:
    with running(settings_for(own, DATABASE), {"database": {"query_timeout": QUERY_TIMEOUT * 1000}}) as one:
        yield one


@pytest.fixture
def fresh(own: Postgres) -> Iterator[Worker]:
    """For tests with a slow transaction, after which a worker takes requests one at a time for ten seconds."""
    with running(settings_for(own, DATABASE), {"database": {"query_timeout": QUERY_TIMEOUT * 1000}}) as one:
        # The checks on its first connection would wait for a lock that a test holds.
        wait_until(lambda: one.ask("/readyz").status == 200, "a connection")
        yield one


@pytest.fixture(autouse=True)
def empty(own: Postgres) -> None:
    own.sql("truncate resource_usage_log", dbname=DATABASE)


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(uuid.UUID(int=number)), "resource_type": "cas", "detail": {"size_bytes": number}, **fields}


def request(body: Body, identity: Mapping[str, str] = SERVICE, query: str = "") -> bytes:
    data = as_bytes(body)
    return fastcgi.request_bytes({**fastcgi.parameters_for(ROUTE + query, "POST", identity), "CONTENT_TYPE": JSON,
                                  "CONTENT_LENGTH": str(len(data))}, data)


STATS_REQUEST = fastcgi.request_bytes(fastcgi.parameters_for(STATS))


def send(worker: Worker, stack: ExitStack, requests: Sequence[bytes]) -> list[fastcgi.Connection]:
    """Requests that all wait before the worker sees the first one."""
    with frozen(worker.pid):
        connections = [stack.enter_context(worker.connect()) for _ in requests]
        for connection, data in zip(connections, requests):
            connection.send(data)
    return connections


def together(worker: Worker, *requests: Union[bytes, Body]) -> list[Reply]:
    with ExitStack() as stack:
        sent = [one if isinstance(one, bytes) else request(one) for one in requests]
        return [connection.reply() for connection in send(worker, stack, sent)]


def transactions(own: Postgres) -> list[int]:
    """How many events each transaction stored that stored some."""
    return [row[0] for row in own.sql(
        "select count(*) from resource_usage_log group by xmin order by min(seq)", dbname=DATABASE)]


def log(own: Postgres) -> list[int]:
    return [row[0].int for row in own.sql("select id from resource_usage_log order by id", dbname=DATABASE)]


def statuses(replies: Sequence[Reply]) -> list[int]:
    return [reply.status for reply in replies]


def test_one_transaction(worker: Worker, own: Postgres) -> None:
    replies = together(worker, *[event(number) for number in range(1, 6)])
    for number, reply in enumerate(replies, 1):
        assert counts(reply) == (1, 0, 0)
        assert only(reply) == {"index": 0, "id": str(uuid.UUID(int=number)), "status": "recorded"}
    assert log(own) == [1, 2, 3, 4, 5] and transactions(own) == [5]


def test_no_more_than_so_many(worker: Worker, own: Postgres) -> None:
    replies = together(worker, *[event(number) for number in range(1, 2 * MOST + 2)])
    assert statuses(replies) == [200] * (2 * MOST + 1)
    assert transactions(own) == [MOST, MOST, 1]


def test_each_has_its_own_results(worker: Worker, own: Postgres) -> None:
    replies = together(
        worker, [event(1), {"resource_type": "ai", "detail": {"tokens_in": 1}}, {"resource_type": 7}],
        request([event(2), event(3, created_at="then")], query="?results=errors"), {"resource_type": "cas"})
    assert [counts(reply) for reply in replies] == [(2, 0, 1), (1, 0, 1), (1, 0, 0)]
    assert [one["status"] for one in replies[0].json()["results"]] == ["recorded", "recorded", "rejected"]
    assert replies[0].json()["unpriced"] == 1 and replies[2].json()["unpriced"] == 0
    assert [one["index"] for one in replies[1].json()["results"]] == [1]
    assert transactions(own) == [4]


def test_the_same_id_counts_once(worker: Worker, own: Postgres) -> None:
    replies = together(worker, event(1), event(2), event(1), [event(2), event(3)], event(1))
    assert [counts(reply) for reply in replies] == [(1, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 1, 0)]
    assert log(own) == [1, 2, 3] and transactions(own) == [3]


def test_faults_of_requests_are_their_own(worker: Worker, own: Postgres) -> None:
    user = {"REMOTE_USER": "bob", "TALLY_ROLE": "user"}
    replies = together(worker, event(1), '{"resource_type":', request(event(2), user), event(3),
                       fastcgi.request_bytes(fastcgi.parameters_for("/nowhere")), {"resource_type": ""}, event(4))
    assert statuses(replies) == [200, 400, 403, 200, 404, 400, 200]
    assert "line 1" in replies[1].json()["error"]
    assert log(own) == [1, 3, 4] and transactions(own) == [3]


def test_no_good_event_at_all(worker: Worker, own: Postgres) -> None:
    replies = together(worker, {"resource_type": ""}, {"id": "x"}, [])
    assert statuses(replies) == [400, 400, 200] and log(own) == []


def test_who_has_left_is_passed_over(worker: Worker, own: Postgres) -> None:
    with ExitStack() as stack:
        with frozen(worker.pid):
            here = [stack.enter_context(worker.connect()) for _ in range(2)]
            with worker.connect() as gone:
                here[0].send(request(event(1)))
                gone.send(request(event(2)))
                here[1].send(request(event(3)))
        assert statuses([connection.reply() for connection in here]) == [200, 200]
    assert {1, 3} <= set(log(own)) and worker.runs()


def test_something_else_is_answered_too(worker: Worker, own: Postgres) -> None:
    replies = together(worker, event(1), event(2), STATS_REQUEST, event(3), STATS_REQUEST, STATS_REQUEST, event(4))
    assert statuses(replies) == [200] * 7
    assert transactions(own) == [2, 1, 1]


def test_a_large_body_is_recorded_alone(worker: Worker, own: Postgres) -> None:
    large = [event(number, thread_id="x" * 100) for number in range(10, 60)]
    replies = together(worker, event(1), event(2), large, event(3), event(4))
    assert [counts(reply)[0] for reply in replies] == [1, 1, 50, 1, 1]
    assert transactions(own) == [2, 50, 2]


@pytest.fixture
def choosy(own: Postgres) -> Iterator[None]:
    """The log takes no event of size 7."""
    own.sql("alter table resource_usage_log add constraint choosy check (detail ->> 'size_bytes' <> '7')", dbname=DATABASE)
    yield
    own.sql("alter table resource_usage_log drop constraint choosy", dbname=DATABASE)


def test_one_that_the_log_does_not_take(worker: Worker, own: Postgres, choosy: None) -> None:
    replies = together(worker, event(1), event(7), [event(7), event(8)], event(9))
    assert statuses(replies) == [200, 400, 200, 200]
    assert [counts(replies[place]) for place in (0, 2, 3)] == [(1, 0, 0), (1, 0, 1), (1, 0, 0)]
    assert only(replies[1])["error"] == "the log does not take it"
    assert log(own) == [1, 8, 9]
    wait_for_log(worker, "the events of 4 waiting requests are recorded one request after the other: 23514")


def hold(own: Postgres, stack: ExitStack, number: int) -> None:
    """Another session stores an event, and does not say whether it will be."""
    other = stack.enter_context(own.connect(DATABASE))
    other.execute("begin")
    other.execute("insert into resource_usage_log (id, resource_type) values (%s, 'cas')", [uuid.UUID(int=number)])
    stack.callback(other.execute, "rollback")


def test_one_that_waits_for_a_lock(fresh: Worker, own: Postgres) -> None:
    with ExitStack() as stack:
        hold(own, stack, 2)
        replies = together(fresh, event(1), event(2), event(3))
        assert statuses(replies) == [200, 504, 200] and log(own) == [1, 3]
    assert counts(together(fresh, event(2))[0]) == (1, 0, 0)


def test_something_else_does_not_wait_for_a_lock(fresh: Worker, own: Postgres) -> None:
    with ExitStack() as stack:
        hold(own, stack, 2)
        connections = send(fresh, stack, [request(event(1)), request(event(2)), STATS_REQUEST])
        assert connections[2].reply().status == 200
        # Whoever waits for events has no reply yet.
        wait_for_lock(own, DATABASE)
        assert statuses([connection.reply() for connection in connections[:2]]) == [200, 504]
        assert log(own) == [1]


def cancelled(own: Postgres) -> int:
    return own.log.read_text(errors="replace").count("canceling statement due to user request")


def test_other_requests_take_no_time_from_nginx(fresh: Worker, own: Postgres) -> None:
    """All have their reply in the time of one query, or of the one that began after half a second."""
    start, before = time.monotonic(), cancelled(own)
    with locked(own, DATABASE):
        assert statuses(together(fresh, event(1), event(2), STATS_REQUEST)) == [504, 504, 504]
    assert time.monotonic() - start < QUERY_TIMEOUT + 2
    # Those that have no time left after the statistics are not asked for: the answer could come too late.
    assert cancelled(own) - before == 2
    assert log(own) == []


def test_a_connection_that_takes_all_the_time(own: Postgres) -> None:
    """Nothing is sent over it any more, which could be stored after the client was told otherwise."""
    with running(settings_for(own, DATABASE), {"database": {"query_timeout": 200}}) as one, ExitStack() as stack:
        wait_until(lambda: one.ask("/readyz").status == 200, "a connection")
        before = cancelled(own)
        with locked(own, DATABASE):
            with frozen(one.pid):
                own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and usename = %s",
                        DATABASE, WEB_ROLE)
                [connection] = send(one, stack, [request(event(1))])
            # The checks on the next connection wait, and have a second for it.
            wait_for_lock(own, DATABASE)
            assert select.select([connection.socket], [], [], 0.3)[0] == []
        assert connection.reply().status == 504
        assert one.ask("/readyz").status == 200
    assert cancelled(own) == before and log(own) == []


def test_slow_events_are_recorded_in_the_end(fresh: Worker, own: Postgres) -> None:
    own.sql("""
        create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(0.15); return new; end';
        create trigger dawdle before insert on resource_usage_log for each row execute function dawdle()""", dbname=DATABASE)
    try:
        left = [event(number) for number in range(1, MOST + 1)]
        while left:
            replies = together(fresh, *left)
            assert set(statuses(replies)) <= {200, 504} and 200 in statuses(replies)
            left = [one for one, reply in zip(left, replies) if reply.status != 200]
    finally:
        own.sql("drop function dawdle cascade", dbname=DATABASE)
    assert log(own) == list(range(1, MOST + 1))


def test_what_takes_nearly_all_the_time_has_it_when_it_comes_again(fresh: Worker, own: Postgres) -> None:
    own.sql(f"""
        create function dawdle() returns trigger language plpgsql as
          'begin perform pg_sleep({QUERY_TIMEOUT * 0.6}); return null; end';
        create trigger dawdle after insert on resource_usage_log for each statement execute function dawdle()""", dbname=DATABASE)
    try:
        assert statuses(together(fresh, event(1), event(2))) == [504, 504]
        assert log(own) == []
        assert statuses(together(fresh, event(1), event(2))) == [200, 200]
    finally:
        own.sql("drop function dawdle cascade", dbname=DATABASE)
    assert transactions(own) == [1, 1]


def test_one_that_is_refused_makes_nobody_wait_for_something_else(worker: Worker, own: Postgres, choosy: None) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(own.connect(DATABASE))
        other.execute("begin")
        other.execute("lock table tally_rollup in access exclusive mode")  # as statistics do, and events do not
        connections = send(worker, stack, [request(event(3)), request(event(7)), STATS_REQUEST])
        assert statuses([connection.reply() for connection in connections[:2]]) == [200, 400]
        wait_for_lock(own, DATABASE)
        other.execute("rollback")
        assert connections[2].reply().status == 200


def test_a_large_body_has_all_the_time_to_arrive(worker: Worker, own: Postgres) -> None:
    large = request([event(number, thread_id="x" * 500) for number in range(10, 1000)])
    with ExitStack() as stack:
        connections = send(worker, stack, [request(event(1)), request(event(2)), large[:2000]])
        assert statuses([connection.reply() for connection in connections[:2]]) == [200, 200]
        # Longer than it might have taken while the events waited.
        assert select.select([connections[2].socket], [], [], 1.5)[0] == []
        connections[2].send(large[2000:])
        assert counts(connections[2].reply()) == (990, 0, 0)


def test_what_became_of_the_transaction_is_not_known(fresh: Worker, own: Postgres) -> None:
    """Nobody is told that an event was recorded, or that it is a duplicate, before that is sure."""
    bodies = [event(1), event(2), event(3)]
    together(fresh, event(4))
    with ExitStack() as stack:
        with ExitStack() as cold:
            for pid in backends(own, DATABASE):
                cold.enter_context(frozen(pid))
            connections = send(fresh, stack, [request(body) for body in (*bodies, [], {"resource_type": 7})])
            # The last two have nothing to store.
            assert statuses([connection.reply() for connection in connections]) == [504, 504, 504, 200, 400]
    wait_until(lambda: not backends(own, DATABASE, "state <> 'idle'"), "the transaction to end")
    replies = together(fresh, *bodies)
    assert [sum(counts(reply)) for reply in replies] == [1, 1, 1] and log(own) == [1, 2, 3, 4]


@pytest.mark.parametrize("part", [0, 30, -10])
def test_a_peer_that_stalls_holds_nobody_for_long(worker: Worker, own: Postgres, part: int) -> None:
    start = time.monotonic()
    with ExitStack() as stack:
        whole = request(event(2))
        sent = [request(event(1)), *[whole[:part]] * 2, request(event(3))]
        connections = send(worker, stack, sent)
        assert connections[0].reply().status == 200
        # A second while it is held, once more for a body, and no more.
        assert time.monotonic() - start < 4
        assert connections[3].reply().status == 200
    assert log(own) == [1, 3]


def test_database_that_ends_the_session(worker: Worker, own: Postgres) -> None:
    """The one try more goes for all of them."""
    with ExitStack() as stack:
        with ExitStack() as holding:
            hold(own, holding, 2)
            connections = send(worker, stack, [request(event(1)), request(event(2)), request(event(3))])
            wait_for_lock(own, DATABASE)
            for pid in backends(own, DATABASE):
                own.sql("select pg_terminate_backend(%s)", pid)
        assert statuses([connection.reply() for connection in connections]) == [200, 200, 200]
    assert log(own) == [1, 2, 3]


@pytest.mark.parametrize("number, is_finished", [(signal.SIGTERM, True), (signal.SIGKILL, False)])
def test_a_worker_that_is_ended_in_the_middle(fresh: Worker, own: Postgres, number: signal.Signals,
                                              is_finished: bool) -> None:
    """What is in hand is finished, or nothing of it was stored and the clients send again."""
    bodies = [event(1), event(2), event(3)]
    with ExitStack() as stack:
        with ExitStack() as holding:
            hold(own, holding, 2)
            connections = send(fresh, stack, [request(body) for body in bodies])
            wait_for_lock(own, DATABASE)
            fresh.signal(number)
            if number == signal.SIGKILL:
                fresh.ended()
        if is_finished:
            assert [counts(connection.reply()) for connection in connections] == [(1, 0, 0)] * 3
            assert fresh.ended() == 0
        else:
            assert all(connection.closed() for connection in connections)
    wait_until(lambda: not backends(own, DATABASE, "state <> 'idle'"), "the transaction to end")
    stored = log(own)
    assert stored == [1, 2, 3] or stored == [] and not is_finished
    again = (0, 1, 0) if stored else (1, 0, 0)
    with running(settings_for(own, DATABASE)) as next_one:
        assert [counts(reply) for reply in together(next_one, *bodies)] == [again] * 3
    assert log(own) == [1, 2, 3]


def test_database_away(own: Postgres) -> None:
    with running(settings_for(own, DATABASE), {"database": {"dbname": "nowhere"}}) as one:
        assert statuses(together(one, event(1), event(2), event(3))) == [503, 503, 503]


def test_a_worker_that_ends_after_so_many(own: Postgres) -> None:
    settings = {"service": {"max_requests": 4}}
    # The first one asks whether it runs.
    with running(settings_for(own, DATABASE), settings) as one, ExitStack() as stack:
        connections = send(one, stack, [request(event(number)) for number in range(1, 5)])
        assert statuses([connection.reply() for connection in connections[:3]]) == [200, 200, 200]
        assert one.ended() == 0
        assert log(own) == [1, 2, 3]


def line_of(worker: Worker, status: int, path: str) -> Optional[str]:
    return wait_for_log(worker, f'path="{path}" status={status} ')


def test_each_has_its_line_in_the_log(own: Postgres) -> None:
    with running(settings_for(own, DATABASE), {"log": {"level": "info"}}) as one:
        together(one, event(1), "{", event(2), STATS_REQUEST)
        line_of(one, 400, ROUTE)
        line_of(one, 200, "/v1/usage/stats")
        wait_until(lambda: one.output().count(f'path="{ROUTE}" status=200 rows=2 ') == 2, "two lines")
