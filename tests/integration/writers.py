"""Everyone who works on a log at once: writers of every kind, readers who compare, the upkeep of sums."""

import json
import random
import re
import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Optional
from uuid import UUID

import psycopg

import fastcgi
from pool import Pool
from postgres import Postgres
from process import ROOT

Connection = psycopg.Connection[Any]

COLLECTIONS = [f"c0000000-0000-4000-8000-{n:012d}" for n in range(4)]
USERS = [f"a0000000-0000-4000-8000-{n:012d}" for n in range(6)]
AGENTS = ["writer", "", "x" * 500]

COLUMNS = ("id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id,"
           " detail")
INSERT = f"insert into resource_usage_log ({COLUMNS}) values "
PLACES = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"

# Each filter of a statistic, and the number of its parameter.
FILTERS = {"": 0, "_by_user": 4, "_by_bot": 5, "_by_channel": 6, "_by_agent": 8}
PARTS = ("by_collection", "ai_drilldown", "daily")
STATS_TYPES = "timestamptz, timestamptz, text, uuid, uuid, uuid, text, text"
OVERVIEW_TYPES = "int, uuid, int"


def statement(name: str) -> str:
    """The text of a statement with the parts that it includes."""
    return re.sub(r"^\\ir (\S+)\.sql$", lambda match: statement(match[1]),
                  (ROOT / "sql" / f"{name}.sql").read_text(), flags=re.MULTILINE)


def event(numbers: random.Random) -> tuple[Any, ...]:
    now = datetime.now(timezone.utc)
    created_at = now - numbers.choice([
        timedelta(), timedelta(minutes=numbers.random() * 30), timedelta(days=numbers.random() * 3),
        timedelta(days=numbers.random() * 400), -timedelta(days=numbers.random() * 40)])
    detail = {"tokens_in": numbers.choice([numbers.randrange(1000), 0.5, "7", None, "odd"]),
              "tokens_out": numbers.randrange(9), "tokens_cached": 1, "cost_usd": numbers.choice([0.1, 0.000001]),
              "job_type": numbers.choice(["chat", "search", None]), "model_level": numbers.choice(["fast", "deep"]),
              "size_bytes": numbers.randrange(1000)}
    return (UUID(int=numbers.getrandbits(128), version=4), created_at, numbers.choice(["ai", "ai", "cas", "other"]),
            numbers.choice([*COLLECTIONS, None]), numbers.choice([*USERS, None]), numbers.choice([*USERS, None]),
            numbers.choice([*USERS, None]), numbers.choice(["t", None]), numbers.choice([*AGENTS, None]),
            json.dumps(detail))


class Crowd:
    """Threads that work until they are told to stop, or one of them fails."""

    def __init__(self, postgres: Postgres, dbname: str, seed: int):
        self.postgres, self.dbname, self.seed = postgres, dbname, seed
        self.stop = threading.Event()
        self.failure: Optional[BaseException] = None
        self.done: Counter[str] = Counter()
        self.threads: list[threading.Thread] = []
        self.lock = threading.Lock()

    def connect(self) -> Connection:
        return psycopg.connect(f"{self.postgres.conninfo(self.dbname)} connect_timeout=5", autocommit=True,
                               options="-c statement_timeout=60s -c lock_timeout=10s")

    def count(self, what: str) -> None:
        with self.lock:
            self.done[what] += 1

    def start(self, work: Callable[[Connection, random.Random], None], pause: float = 0) -> None:
        """Do this again and again, on a new connection after the old one broke."""
        numbers = random.Random(f"{self.seed} {len(self.threads)}")

        def run() -> None:
            connection: Optional[Connection] = None
            try:
                while not self.stop.is_set():
                    try:
                        connection = connection if connection and not connection.closed else self.connect()
                        work(connection, numbers)
                    except psycopg.OperationalError:
                        self.count("operational error")
                        if connection:
                            connection.close()
                        self.stop.wait(0.05)
                    self.stop.wait(pause * numbers.random())
            except BaseException as failure:  # pylint: disable=broad-except
                self.failure = self.failure or failure
                self.stop.set()
            finally:
                if connection:
                    connection.close()

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def join(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), f"a thread hangs; seed {self.seed}"
        if self.failure:
            raise AssertionError(f"seed {self.seed}") from self.failure


# ---- Writers ----

def insert_one(connection: Connection, numbers: random.Random) -> None:
    connection.execute(INSERT + PLACES, event(numbers))


def insert_many(connection: Connection, numbers: random.Random) -> None:
    events = [event(numbers) for _ in range(numbers.randint(2, 20))]
    connection.execute(INSERT + ", ".join([PLACES] * len(events)), [value for row in events for value in row])


def insert_again(connection: Connection, numbers: random.Random) -> None:
    row = event(numbers)
    for _ in range(2):
        connection.execute(f"{INSERT}{PLACES} on conflict (id) do nothing", row)


def insert_or_update(connection: Connection, numbers: random.Random) -> None:
    row = event(numbers)
    for _ in range(2):
        connection.execute(f"{INSERT}{PLACES} on conflict (id) do update set resource_type = 'ai', detail = '{{}}'", row)


def copy(connection: Connection, numbers: random.Random) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(f"copy resource_usage_log ({COLUMNS}) from stdin") as rows:
            for _ in range(numbers.randint(1, 50)):
                rows.write_row(event(numbers))


def some_events(connection: Connection, numbers: random.Random) -> list[UUID]:
    rows = connection.execute("select id from resource_usage_log where created_at >= %s order by created_at limit %s",
                              [event(numbers)[1], numbers.randint(1, 8)]).fetchall()
    return sorted(row[0] for row in rows)


def update(connection: Connection, numbers: random.Random) -> None:
    change = numbers.choice(["detail = detail || '{\"tokens_in\": 5}'", "created_at = created_at - interval '17 min'",
                             "resource_type = 'ai'", f"collection_id = '{numbers.choice(COLLECTIONS)}'",
                             "seq = seq", "agent_id = 'changed'"])
    connection.execute(f"update resource_usage_log set {change} where id = any (%s)", [some_events(connection, numbers)])


def delete(connection: Connection, numbers: random.Random) -> None:
    connection.execute("delete from resource_usage_log where id = any (%s)", [some_events(connection, numbers)])


SIMPLE = [insert_one, insert_many, insert_again, insert_or_update, copy, update, delete]


def several(connection: Connection, numbers: random.Random) -> None:
    """In one transaction, with what is undone to a savepoint among it."""
    with connection.transaction():
        for _ in range(numbers.randint(1, 4)):
            try:
                with connection.transaction():
                    numbers.choice(SIMPLE)(connection, numbers)
                    if numbers.random() < 0.4:
                        raise psycopg.Rollback()
            except psycopg.Rollback:
                pass


def roll_back(connection: Connection, numbers: random.Random) -> None:
    # Not by raising Rollback: that comes out of the block where the server is killed while it rolls back.
    with connection.transaction(force_rollback=True):
        for _ in range(numbers.randint(1, 3)):
            numbers.choice(SIMPLE)(connection, numbers)


def finish(connection: Connection, name: str, numbers: random.Random) -> None:
    try:
        connection.execute(f"{numbers.choice(['commit', 'commit', 'rollback'])} prepared '{name}'")
    except (psycopg.errors.UndefinedObject, psycopg.errors.ObjectNotInPrerequisiteState):
        pass  # another one finishes it


def prepare(connection: Connection, numbers: random.Random) -> None:
    """In two phases, with other work of the same session between them. Some are left for whoever comes later."""
    name = f"{numbers.getrandbits(64):x}"
    connection.execute("begin")
    for _ in range(numbers.randint(1, 3)):
        numbers.choice([insert_one, insert_many, update, delete])(connection, numbers)
    connection.execute(f"prepare transaction '{name}'")
    insert_one(connection, numbers)
    if numbers.random() < 0.8:
        finish(connection, name, numbers)
    for old, in connection.execute("select gid from pg_prepared_xacts where prepared < now() - random() * interval '4 s'"
                                   " order by random() limit 3").fetchall():
        finish(connection, old, numbers)


ACTIONS = [*SIMPLE, several, roll_back, prepare]


def writer(crowd: Crowd) -> Callable[[Connection, random.Random], None]:
    def work(connection: Connection, numbers: random.Random) -> None:
        action = numbers.choice(ACTIONS)
        action(connection, numbers)
        crowd.count(action.__name__)
    return work


def holder(crowd: Crowd) -> Callable[[Connection, random.Random], None]:
    """Keeps a transaction open; two of these, whose pauses differ, leave no moment without one."""
    def work(connection: Connection, numbers: random.Random) -> None:
        connection.execute("begin")
        insert_many(connection, numbers)
        crowd.stop.wait(1 + 3 * numbers.random())
        connection.execute(numbers.choice(["commit", "commit", "rollback"]))
        crowd.count("held open")
    return work


# ---- Upkeep and readers ----

def upkeep(crowd: Crowd) -> Callable[[Connection, random.Random], None]:
    def work(connection: Connection, numbers: random.Random) -> None:
        [(said,)] = connection.execute("select tally_upkeep(%s)", [numbers.choice([1, 10, 100, 5000])]).fetchall()
        crowd.count(f"upkeep: {said}")
    return work


def literal(value: object) -> str:
    return "null" if value is None else f"'{value}'"


def run(connection: Connection, name: str, types: str, values: list[object]) -> list[tuple[Any, ...]]:
    if not connection.execute("select from pg_prepared_statements where name = %s", [name]).fetchall():
        connection.execute(f"prepare {name} ({types}) as {statement(name)}")
    return connection.execute(f"execute {name} ({', '.join(map(literal, values))})").fetchall()


def compare_statistics(connection: Connection, numbers: random.Random) -> None:
    instants = [None, event(numbers)[1], event(numbers)[1].replace(minute=15, second=0, microsecond=0)]
    suffix = numbers.choice(list(FILTERS))
    values: list[object] = [numbers.choice(instants), numbers.choice(instants),
                            numbers.choice(["day", "week", "month", "none"]), None, None, None, None, None]
    if suffix:
        values[FILTERS[suffix] - 1] = numbers.choice(AGENTS if suffix == "_by_agent" else USERS)
    plain = run(connection, f"stats{suffix}", STATS_TYPES, values)
    rolled = run(connection, f"rolled_stats{suffix}", STATS_TYPES, values)
    assert plain == rolled, (suffix, values, plain, rolled)


def compare_overview(connection: Connection, numbers: random.Random) -> None:
    collection = numbers.choice([None, *COLLECTIONS])
    values: list[object] = [numbers.choice([1, 2, 30, 365]), collection, None]
    for part in PARTS:
        plain = run(connection, f"overview_{part}", OVERVIEW_TYPES, values)
        rolled = run(connection, f"rolled_overview_{part}{'_of_one' if collection else ''}", OVERVIEW_TYPES, values)
        assert plain == rolled, (part, values, set(plain) ^ set(rolled))


def reader(crowd: Crowd) -> Callable[[Connection, random.Random], None]:
    def work(connection: Connection, numbers: random.Random) -> None:
        connection.execute("begin isolation level repeatable read read only")
        [(in_use,)] = connection.execute("select in_use from tally_rollup_status").fetchall()
        compare_statistics(connection, numbers)
        compare_overview(connection, numbers)
        connection.execute("commit")
        crowd.count("compared, sums in use" if in_use else "compared, sums not in use")
    return work


def asker(crowd: Crowd, pool: Pool) -> Callable[[Connection, random.Random], None]:
    """Asks the workers, who then take a step of the upkeep themselves."""
    def work(_connection: Connection, numbers: random.Random) -> None:
        target = numbers.choice(["/v1/usage/stats", "/admin/usage?days=2", "/admin/usage?days=365"])
        try:
            status = fastcgi.ask(pool.socket, target).status
        except (OSError, fastcgi.NoReply):
            status = 0  # the worker that had it was killed
        assert status in (0, 200, 503, 504), (target, status)
        crowd.count(f"asked: {status}")
    return work
