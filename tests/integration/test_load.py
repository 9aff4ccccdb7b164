"""Two hundred clients, and everything goes wrong meanwhile: what is answered is right, and nothing is left."""

import os
import random
import signal
import threading
import time
from typing import Iterator

import pytest

import sample
from client import ask
from load import Load
from long import short_or_full
from nginx import NO_LIMITS, Change, Nginx
from pool import Pool, Settings
from postgres import Postgres
from process import worker_binary
from sample import OVERVIEW, STATS
from shipped import ADMIN
from wait import wait_until
from worker import backends, memory, settings_for

CLIENTS = 200
WORKERS = 4
SECONDS = short_or_full(12, 60)
LEFT_OVER_MOST = 1 << 20  # bytes of memory per worker

CHEAP = (STATS, f"{STATS}&thread_id=thread%201", f"{STATS}&bucket=none", "/healthz")
HEAVY = (OVERVIEW, "/admin/usage?days=365")

# All clients come from one address.
MANY_CLIENTS = {**NO_LIMITS, "tally_locations": {
    **NO_LIMITS["tally_locations"],
    "limit_conn tally_clients 32;": Change("limit_conn tally_clients 1000;", 4),
}}


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    cluster = Postgres()
    cluster.create_database("load")
    sample.load(cluster, "load")
    cluster.sql("insert into resource_usage_log (created_at, resource_type, collection_id, detail)"
                " select now() - interval '100 days' - n * interval '1 second', 'ai', md5((n %% 500)::text)::uuid,"
                " jsonb_build_object('tokens_in', n) from generate_series(1, 20000) n".replace("%%", "%"), dbname="load")
    yield cluster
    cluster.stop("immediate")


def kill_workers(pool: Pool, until: threading.Event) -> None:
    """One each second, whichever it is."""
    numbers = random.Random(1)
    while not until.wait(1):
        for pid in numbers.sample(pool.worker_pids(), 1):
            os.kill(pid, signal.SIGKILL)


def make_trouble(own: Postgres, pool: Pool) -> None:
    """PostgreSQL restarts twice, once as after a crash, and a worker is killed every second."""
    ended = threading.Event()
    killer = threading.Thread(target=kill_workers, args=(pool, ended))
    killer.start()
    start = time.monotonic()
    try:
        for part, mode in enumerate(("fast", "immediate"), 1):
            wait_until(lambda part=part: time.monotonic() - start > SECONDS * part / 3, "its time", SECONDS)
            own.restart(mode)
        wait_until(lambda: time.monotonic() - start > SECONDS, "the end", SECONDS)
    finally:
        ended.set()
        killer.join()


def workers_memory(pool: Pool) -> int:
    return max(memory(pid) for pid in pool.worker_pids())


def warm_up(nginx: Nginx, pool: Pool, expected: dict[str, bytes]) -> int:
    """What a worker takes once it has served everything."""
    with Load(nginx.plain, expected, clients=8) as load:
        load.wait_for(200)
    return workers_memory(pool)


def check_nothing_is_left(own: Postgres, pool: Pool) -> None:
    wait_until(lambda: not backends(own, "load", "state <> 'idle'"), "every query to end", 2)
    assert len(backends(own, "load")) <= WORKERS
    for pid in pool.worker_pids():
        wait_until(lambda pid=pid: len(os.listdir(f"/proc/{pid}/fd")) <= 7, "no descriptor of a client", 2)


def test_load(own: Postgres) -> None:
    settings: Settings = settings_for(own, "load")
    pool = Pool(settings, WORKERS)
    nginx = Nginx(pool.socket, pool.socket, MANY_CLIENTS)
    try:
        expected = {path: ask(nginx.plain, path, user=ADMIN).body for path in CHEAP + HEAVY}
        before = warm_up(nginx, pool, expected)
        with Load(nginx.plain, expected, CLIENTS, given_up=0.1) as load:
            make_trouble(own, pool)
            # Those that wait now are answered or give up before calm is said to have returned.
        calm = time.monotonic()
        assert ask(nginx.plain, STATS, user=ADMIN).body == expected[STATS]
        assert time.monotonic() - calm < 1.5
        print(dict(load.statuses), load.abandoned, "given up,", load.cut_off, "cut off")
        assert load.wrong == []
        assert load.cut_off <= SECONDS  # at the most one for each worker that was killed
        assert load.statuses[200] > 0 and load.abandoned > 0
        assert set(load.statuses) <= {200, 502, 503, 504}
        check_nothing_is_left(own, pool)
        after = warm_up(nginx, pool, expected)
        if b"__asan_init" not in worker_binary().read_bytes():
            assert after - before < LEFT_OVER_MOST
    finally:
        nginx.stop()
        pool.stop()
