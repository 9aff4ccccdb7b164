"""What goes into the log, and that nothing but the log writes to standard error, and nobody waits for it."""

import fcntl
import os
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

import pytest

import fastcgi
from hosts import started
from pool import Settings, merged, write_ini
from postgres import WEB_ROLE, Postgres
from process import ROOT
from sample import STATS
from test_worker_start import started as started_with
from worker import running, settings_for, wait_for_log

WARNING = "has group or world access"


@pytest.fixture
def careless(settings: Settings, tmp_path: Path) -> Settings:
    """With a password file that others may read, of which libpq warns at each connection."""
    passfile = tmp_path / "pgpass"
    passfile.write_text("*:*:*:*:secret\n")
    passfile.chmod(0o644)
    return merged(settings, {"database": {"passfile": passfile, "connection_lifetime": 1}})


def test_warnings_of_libpq_are_logged(careless: Settings, tmp_path: Path) -> None:
    with started(merged(careless, {"log": {"target": tmp_path / "tally.log"}}), tmp_path) as worker:
        assert worker.ask(STATS).status == 200
        log = (tmp_path / "tally.log").read_text()
        assert WARNING in log and " warning: " in log
        assert worker.output() == ""


def test_warnings_are_told_once(careless: Settings, tmp_path: Path, postgres: Postgres) -> None:
    with started(careless, tmp_path) as worker:
        for _ in range(5):
            assert worker.ask(STATS).status == 200
            postgres.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", WEB_ROLE)
        assert worker.output().count(WARNING) == 1


CHANGES = {
    "pg_database": ("update pg_database set datcollversion = '0' where datname = 'warning'",
                    'database "warning" has a collation version mismatch'),
    "pg_db_role_setting": ("update pg_db_role_setting set setconfig = setconfig || '{work_mem=plenty}'::text[]"
                           " where setdatabase = (select oid from pg_database where datname = 'warning')",
                           'invalid value for parameter "work_mem": "plenty"'),
}


@pytest.mark.parametrize("table", CHANGES)
def test_warnings_of_the_server_are_logged(postgres: Postgres, table: str) -> None:
    """Its system's library was replaced; a role has a setting that it cannot take any more."""
    change, told = CHANGES[table]
    postgres.sql("drop database if exists warning")
    postgres.sql("create database warning template template0 locale_provider icu icu_locale 'en-US'")
    postgres.psql("warning", ROOT / "sql" / "schema.sql")
    postgres.psql("warning", ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")
    postgres.sql(change)
    with running(settings_for(postgres, "warning")) as worker:
        assert worker.ask(STATS).status == 200
        assert f" warning: while connecting to the database: {told}" in wait_for_log(worker, told)
        assert "HINT" not in worker.output()


def fill(fd: int) -> None:
    """Until there is no room for a byte."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    os.set_blocking(fd, False)
    try:
        for size in (4096, 1):
            try:
                while os.write(fd, b"x" * size):
                    pass
            except BlockingIOError:
                pass
    finally:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags)


@contextmanager
def stuck(kind: str) -> Iterator[int]:
    """A standard error that is full and that nobody reads."""
    if kind == "pipe":
        reading, writing = os.pipe()
    else:
        pair = socket.socketpair()
        reading, writing = pair[0].detach(), pair[1].detach()
    try:
        fill(writing)
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_standard_error_that_nobody_reads(careless: Settings, tmp_path: Path, kind: str) -> None:
    ini = write_ini(tmp_path / "tally.ini", careless)
    with stuck(kind) as full, started_with(ini, tmp_path, stderr=full):
        assert fastcgi.ask(tmp_path / "sock", STATS, seconds=5).status == 200
        assert fastcgi.ask(tmp_path / "sock", "/healthz", seconds=5).status == 200


def serve(path: Path, count: int, failures: list[Exception]) -> None:
    try:
        for _ in range(count):
            assert fastcgi.ask(path, "/healthz", seconds=5).status == 200
    except Exception as failure:  # the test must see it
        failures.append(failure)


def test_workers_that_share_a_pipe(settings: Settings, tmp_path: Path) -> None:
    """Each sees that there is room; only one finds it."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    fill(writing)
    failures: list[Exception] = []
    ini = write_ini(tmp_path / "tally.ini", settings)
    with started_with(ini, tmp_path, stderr=writing):
        other = tmp_path / "other"
        other.mkdir()
        with started_with(ini, other, stderr=writing):
            asking = [threading.Thread(target=serve, args=(path / "sock", 400, failures)) for path in (tmp_path, other)]
            for thread in asking:
                thread.start()
            while any(thread.is_alive() for thread in asking):
                with suppress(BlockingIOError):
                    os.read(reading, 4096)
                asking[0].join(0.002)
    os.close(reading)
    os.close(writing)
    assert not failures, failures
