"""One worker without multiwatch, so that a test sees how it ends; and what goes on behind it."""

import os
import re
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Optional

import fastcgi
from client import Reply
from pool import Settings, merged, write_ini
from postgres import WEB_ROLE, Postgres
from process import Process, check_sanitizers, scratch_directory, service_user, worker_binary
from wait import wait_until


class Worker:
    """tally.fcgi itself, started by spawn-fcgi on a unix socket."""

    def __init__(self, settings: Settings):
        account = service_user("www-data")
        self.directory = scratch_directory("worker", account)
        self.socket = self.directory / "tally.sock"
        self.log = self.directory / "log"
        program = shutil.copy(worker_binary(), self.directory / "tally.fcgi")
        ini = write_ini(self.directory / "tally.ini", settings)
        self.process = Process(
            ["spawn-fcgi", "-n", "-s", self.socket, "-M", "0660", "--", program, "-c", ini],
            self.log, account)
        wait_until(self._answers, "the worker to answer")

    def _answers(self) -> bool:
        assert self.process.alive()
        try:
            return fastcgi.ask(self.socket, "/nowhere").status == 404
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, target: str, method: str = "GET", identity: Mapping[str, str] = fastcgi.ADMIN,
            seconds: float = 30) -> Reply:
        return fastcgi.ask(self.socket, target, method, identity, seconds)

    def connect(self, seconds: float = 30) -> fastcgi.Connection:
        return fastcgi.Connection(self.socket, seconds)

    def begin(self, target: str) -> fastcgi.Connection:
        """A connection with a whole request on its way."""
        connection = self.connect()
        connection.send(fastcgi.request_bytes(fastcgi.parameters_for(target)))
        return connection

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self, seconds: float = 5) -> int:
        """Wait for the worker to end by itself; its exit status."""
        return self.process.popen.wait(seconds)

    def runs(self) -> bool:
        return self.process.popen.poll() is None

    def output(self) -> str:
        return self.process.output()

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def sockets(self) -> set[str]:
        """Its open sockets, each under a name that no other one ever gets."""
        found = set()
        for path in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found.add(os.readlink(path))
            except FileNotFoundError:
                pass  # closed since it was listed
        return {link for link in found if link.startswith("socket:")}

    def memory(self) -> int:
        return memory(self.pid)

    def stop(self) -> int:
        status = self.process.stop()
        check_sanitizers(self.log)
        return status


def memory(pid: int) -> int:
    """A process's proportional share of memory, in bytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss: +(\d+) kB$", text, re.MULTILINE)
    assert found, text
    return int(found[1]) * 1024


@contextmanager
def running(*settings: Settings) -> Iterator[Worker]:
    """A worker that ends with the test; later settings go before earlier ones."""
    worker = Worker(merged(*settings))
    try:
        yield worker
    finally:
        worker.stop()


def settings_for(postgres: Postgres, dbname: str) -> Settings:
    return {"database": {"host": postgres.directory, "dbname": dbname, "user": WEB_ROLE}}


def lift_limits(postgres: Postgres, dbname: str) -> None:
    """Let only the worker's own deadline end a query in this database."""
    for setting in ("statement_timeout", "lock_timeout", "client_connection_check_interval"):
        postgres.sql(f"alter role {WEB_ROLE} in database {dbname} set {setting} = 0")


@contextmanager
def locked(postgres: Postgres, dbname: str) -> Iterator[None]:
    """Every query of the log waits meanwhile."""
    with postgres.connect(dbname) as connection:
        connection.execute("begin")
        connection.execute("lock table resource_usage_log in access exclusive mode")
        yield
        connection.execute("rollback")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """This process does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def backends(postgres: Postgres, dbname: str, condition: str = "true") -> list[int]:
    """The process ids of the workers' sessions that meet a condition on pg_stat_activity."""
    rows = postgres.sql(f"select pid from pg_stat_activity where datname = %s and usename = %s and {condition}",
                        dbname, WEB_ROLE)
    return [row[0] for row in rows]


def wait_for_lock(postgres: Postgres, dbname: str) -> None:
    wait_until(lambda: backends(postgres, dbname, "wait_event_type = 'Lock'"), "a query to wait for the lock")


def wait_for_log(worker: Worker, pattern: str, seconds: float = 5) -> str:
    def find() -> Optional[str]:
        found = re.search(f"^.*(?:{pattern}).*$", worker.output(), re.MULTILINE)
        return found and found[0]

    return wait_until(find, f"{pattern!r} in the log", seconds) or ""
