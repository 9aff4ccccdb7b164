"""A PostgreSQL cluster of the tests' own: on a unix socket, no TCP, gone afterwards."""

import getpass
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Mapping, Optional

import psycopg

from process import ROOT, Process, children, is_running, scratch_directory, service_user
from wait import wait_until

WEB_ROLE = "tally_web"

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "60",
    "logging_collector": "off",
    "timezone": "UTC",
}


def program(name: str) -> Path:
    """A program of PostgreSQL's server, which Debian keeps out of the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
                      key=lambda path: float(path.parts[-3]))
    if not versions:
        raise FileNotFoundError(f"{name} is missing: install postgresql")
    return versions[-1]


class Postgres:
    """One cluster, started; databases are made in it on demand."""

    def __init__(self, settings: Mapping[str, str] = {}) -> None:
        self.settings = {**SETTINGS, **settings}
        self.account = service_user("postgres")
        self.superuser = self.account or getpass.getuser()
        self.directory = scratch_directory("postgres", self.account)
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self.process: Optional[Process] = None
        initdb = Process(
            [program("initdb"), "-D", self.data, "-U", self.superuser, "--auth=trust", "-N",
             "--encoding=UTF8", "--locale=C.UTF-8"],
            self.log, self.account)
        if initdb.popen.wait(60) != 0:
            raise RuntimeError(f"initdb failed:\n{initdb.output()}")
        initdb.stop()
        self._start_first()

    def _start_first(self) -> None:
        self.start()
        self.sql(f"create role {WEB_ROLE} login")

    def start(self) -> None:
        argv: list[object] = [program("postgres"), "-D", self.data, "-k", self.directory]
        for name, value in self.settings.items():
            argv += ["-c", f"{name}={value}"]
        # A backend that waits for one of its own would hold back a fast stop: quit at once.
        self.process = Process(argv, self.log, self.account, end=signal.SIGQUIT)
        wait_until(self._answers, "PostgreSQL to start", 30)

    def _answers(self) -> bool:
        assert self.process and self.process.alive()
        try:
            self.sql("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, mode: str = "fast") -> None:
        """Stop as pg_ctl does in this mode: smart, fast or immediate."""
        modes = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        if self.process:
            self.process.stop(modes[mode], seconds=30)
            self.process = None

    def kill(self) -> None:
        """End all of its processes at once, as the kernel does when it runs out of memory."""
        if self.process:
            # One that stands still starts no more of them meanwhile.
            os.kill(self.process.pid, signal.SIGSTOP)
            pids = [*children(self.process.pid), self.process.pid]
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self.stop("immediate")
            # A server does not start on data that a process of the last one still has in use.
            wait_until(lambda: not any(map(is_running, pids)), "the killed processes to end", 30)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def conninfo(self, dbname: str = "postgres", user: Optional[str] = None) -> str:
        return f"host={self.directory} dbname={dbname} user={user or self.superuser}"

    def connect(self, dbname: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(self.conninfo(dbname), autocommit=True)

    def sql(self, query: str, *parameters: Any, dbname: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser; return its rows, if it has any."""
        with self.connect(dbname) as connection:
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def psql(self, dbname: str, path: Path, *arguments: str) -> None:
        """Run a file of SQL as its header says: psql -f FILE."""
        done = subprocess.run(
            ["psql", "-X", "-d", self.conninfo(dbname), *arguments, "-f", str(path)],
            capture_output=True, text=True, env={**os.environ, "PGOPTIONS": ""}, check=False)
        assert done.returncode == 0, f"psql -f {path} failed:\n{done.stdout}{done.stderr}"

    def create_database(self, name: str) -> str:
        """A database with Tally's schema and the grants of the web role."""
        self.sql(f"create database {name}")
        self.psql(name, ROOT / "sql" / "schema.sql")
        self.psql(name, ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")
        return name
