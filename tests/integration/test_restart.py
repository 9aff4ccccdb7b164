"""Workers and whole services are replaced while clients ask, and the clients notice nothing."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

import fastcgi
from client import ask, check_error
from load import Load
from long import short_or_full
from nginx import Nginx
from pool import Pool, Settings, merged, runs, write_ini
from postgres import Postgres
from process import check_sanitizers, children, scratch_directory, service_user, worker_binary
from sample import OVERVIEW, STATS
from shipped import ADMIN
from wait import wait_until
from worker import lift_limits, locked, settings_for, wait_for_lock

WORKERS = 4


@contextmanager
def served(settings: Settings, workers: int = WORKERS) -> Iterator[tuple[Pool, Nginx]]:
    """A pool behind the shipped nginx."""
    pool = Pool(settings, workers)
    nginx = Nginx(pool.socket, pool.socket)
    try:
        yield pool, nginx
    finally:
        nginx.stop()
        pool.stop()


def right_bodies(nginx: Nginx) -> dict[str, bytes]:
    replies = {path: ask(nginx.plain, path, user=ADMIN) for path in (STATS, OVERVIEW)}
    assert all(reply.status == 200 for reply in replies.values())
    return {path: reply.body for path, reply in replies.items()}


def check_unnoticed(load: Load) -> None:
    assert load.wrong == [] and load.cut_off == 0
    assert set(load.statuses) == {200}


@pytest.mark.case(4)
def test_every_worker_is_replaced_again_and_again(settings: Settings) -> None:
    wanted = short_or_full(100, 500)
    with served(settings) as (pool, nginx):
        with Load(nginx.plain, right_bodies(nginx)) as load:
            sent = 0
            while sent < wanted:
                for pid in pool.worker_pids():
                    os.kill(pid, signal.SIGUSR1)
                    sent += 1
                    wait_until(lambda pid=pid: pid not in pool.worker_pids()
                               and len(pool.worker_pids()) == WORKERS, "a new worker")
            load.wait_for(50)
        check_unnoticed(load)


@pytest.mark.case(6)
def test_a_killed_worker_takes_one_request_with_it(postgres: Postgres) -> None:
    name = postgres.create_database("killed")
    lift_limits(postgres, name)
    with served(settings_for(postgres, name)) as (pool, nginx):
        expected = ask(nginx.plain, OVERVIEW, user=ADMIN).body
        with locked(postgres, name):
            busy = fastcgi.Connection(pool.socket)
            busy.send(fastcgi.request_bytes(fastcgi.parameters_for(OVERVIEW)))
            wait_for_lock(postgres, name)
            [pid] = [pid for pid in pool.worker_pids() if _serves(pid)]
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            assert busy.closed()
            wait_until(lambda: len(pool.worker_pids()) == WORKERS, "a full pool", 1)
            assert time.monotonic() - killed < 1
        with Load(nginx.plain, {OVERVIEW: expected}) as load:
            load.wait_for(100)
        check_unnoticed(load)


def _serves(pid: int) -> bool:
    """Whether a worker has a connection beside those of the idle ones."""
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(link.startswith("socket:") for link in links) > 2


@pytest.mark.case(6, 36)
def test_what_a_client_sees_of_a_killed_worker(postgres: Postgres) -> None:
    name = postgres.create_database("seen")
    lift_limits(postgres, name)
    with served(settings_for(postgres, name), 1) as (pool, nginx):
        assert ask(nginx.plain, STATS, user=ADMIN).status == 200
        with locked(postgres, name), Load(nginx.plain, {STATS: b""}, clients=1) as load:
            wait_for_lock(postgres, name)
            load.ending.set()
            [pid] = pool.worker_pids()
            os.kill(pid, signal.SIGKILL)
            load.wait_for(1)
        assert load.statuses == {502: 1} and load.wrong == []
        assert ask(nginx.plain, STATS, user=ADMIN).status == 200


@pytest.mark.case(8)
def test_workers_that_end_after_so_many_requests(settings: Settings) -> None:
    most = 50
    with served(merged(settings, {"service": {"max_requests": most}})) as (pool, nginx):
        with Load(nginx.plain, right_bodies(nginx)) as load:
            load.wait_for(short_or_full(1000, 20_000), 300)
            wait_until(lambda: len(pool.worker_pids()) == WORKERS, "a full pool", 1)
        check_unnoticed(load)
        running = set(pool.worker_pids())
        served_by = Counter(int(pid) for pid in re.findall(r"tally\[(\d+)\] info: request=", pool.output()))
        ended = {pid: count for pid, count in served_by.items() if pid not in running}
        assert ended and set(ended.values()) == {most}


class HeldSocket:
    """A listening socket that is handed to one multiwatch after another, as systemd does it."""

    def __init__(self, settings: Settings):
        self.account = service_user("www-data")
        self.directory = scratch_directory("held", self.account)
        self.path = self.directory / "tally.sock"
        self.program = Path(shutil.copy(worker_binary(), self.directory / "tally.fcgi"))
        self.ini = write_ini(self.directory / "tally.ini", settings)
        self.log = self.directory / "log"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.path.chmod(0o666)
        self.socket.listen(128)
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.multiwatch = subprocess.Popen(
                ["/usr/bin/multiwatch", "-f", str(WORKERS), "-t", "0", "--", self.program, "-c", self.ini],
                stdin=self.socket, stdout=log, stderr=log, start_new_session=True, user=self.account,
                group=self.account, extra_groups=[] if self.account else None)
        wait_until(lambda: len(self.workers()) == WORKERS, "a full pool")

    def workers(self) -> list[int]:
        return [pid for pid in children(self.multiwatch.pid) if runs(pid, self.program)]

    def stop(self) -> None:
        self.multiwatch.send_signal(signal.SIGTERM)
        try:
            assert self.multiwatch.wait(20) == 0
        finally:
            # Its workers are children of its own, in its process group.
            try:
                os.killpg(self.multiwatch.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        check_sanitizers(self.log)

    def close(self) -> None:
        self.stop()
        self.socket.close()


@pytest.mark.case(11)
def test_the_service_restarts_while_its_socket_is_held(settings: Settings) -> None:
    service = HeldSocket(settings)
    nginx = Nginx(service.path, service.path)
    try:
        with Load(nginx.plain, right_bodies(nginx)) as load:
            for _ in range(short_or_full(4, 13)):
                before = service.workers()
                service.stop()
                service.start()
                assert not set(before) & set(service.workers())
                load.wait_for(20)
        check_unnoticed(load)
    finally:
        nginx.stop()
        service.close()


@pytest.mark.case(11)
def test_without_the_socket_nginx_says_so_in_json(settings: Settings) -> None:
    """What the second way of starting costs at a restart: errors that a program can read."""
    with served(settings, 1) as (pool, nginx):
        expected = ask(nginx.plain, STATS, user=ADMIN)
        pool.stop()
        check_error(ask(nginx.plain, STATS, user=ADMIN), 502)
        pool.start()
        wait_until(lambda: ask(nginx.plain, STATS, user=ADMIN).body == expected.body, "an answer")
