"""What bench/writers measures of a database: writes of some kinds, and the upkeep of the sums."""

import re
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Iterator, Mapping

from server import Server
from services import ROOT, BenchError, Service, as_service

CLIENTS = 4
COPIED = 100_000
COLUMNS = "created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail"

# A round has a range of the events of data.sql for itself; the factor, a prime, scatters them without repetition.
NEXT_EVENT = "\\set i :i + 1\n\\set n 1 + ((:first + :i * :clients + :client_id) * 7919) % :events\n"
THIS_EVENT = "where id = md5('event ' || :n::text)::uuid;\n"

CHANGE = "set detail = detail || '{\"tokens_out\": 7}'"

SCRIPTS = {
    "INSERT of one event": (ROOT / "bench/insert.sql").read_text(),
    "UPDATE of one event": f"{NEXT_EVENT}update resource_usage_log {CHANGE} {THIS_EVENT}",
    "DELETE of one event": f"{NEXT_EVENT}delete from resource_usage_log {THIS_EVENT}",
}
COPY = f"COPY of {COPIED:,}"
KINDS = ("INSERT of one event", COPY, "UPDATE of one event", "DELETE of one event")

# Events in a step of the upkeep, and how many steps: together those of a COPY.
STEPS = {1_000: 10, 10_000: 9}


@dataclass(frozen=True)
class Log:
    """A database of the server, with `events` events of data.sql and perhaps sums."""

    server: Server
    database: str
    events: int
    has_sums: bool

    def title(self) -> str:
        return "with sums" if self.has_sums else "without sums"

    def psql(self, *arguments: object, text: str = "") -> str:
        return self.server.psql(*arguments, database=self.database, text=text)

    def rows_file(self) -> Path:
        return self.server.run / "rows.copy"

    def write_rows(self) -> None:
        """The file that is copied: events as the log has them, in the hour that ends now."""
        self.psql("-c", f"""
            copy (
              select now() - interval '1 hour' * (1 - row_number() over () / {COPIED}.0), {COLUMNS.partition(', ')[2]}
              from resource_usage_log, generate_series(1, {1 + COPIED // self.events})
              limit {COPIED}
            ) to '{self.rows_file()}'""")

    def copy(self) -> float:
        """Seconds."""
        return self.server.timed("-c", f"\\copy resource_usage_log ({COLUMNS}) from '{self.rows_file()}'",
                                 database=self.database)

    def rate(self, kind: str, seconds: int, first: int, count: int) -> float:
        """Events per second; a range of `count` events from `first` on is this round's own."""
        if kind == COPY:
            return COPIED / self.copy()
        script = self.server.run / "script.sql"
        script.write_text(SCRIPTS[kind])
        variables = {"first": first, "i": 0, "clients": CLIENTS, "events": self.events,
                     "threads": max(1, self.events // 50)}
        rate = pgbench(self.server, self.database, script, seconds, variables)
        if NEXT_EVENT in SCRIPTS[kind] and rate * seconds > count:
            raise BenchError(f"{kind}: a round needs {rate * seconds:,.0f} events and has {count:,}; take a larger log")
        return rate

    @contextmanager
    def kept_up(self) -> Iterator[None]:
        """A step of the upkeep each second, and all that is left of it at the end."""
        if not self.has_sums:
            yield
            return
        script = self.server.run / "upkeep.sql"
        script.write_text("select tally_upkeep() \\watch 1\n")
        upkeep = Service(self.server.command("-f", script, database=self.database),
                         self.server.run / "upkeep.log", signal.SIGTERM)
        try:
            yield
            if upkeep.process.poll() is not None:
                raise BenchError(f"the upkeep ended by itself:\n{upkeep.log.read_text()[-4000:]}")
        finally:
            upkeep.stop()
        self.catch_up()

    def catch_up(self) -> None:
        while self.psql("-c", "select tally_upkeep(50000)") != "done":
            pass

    def upkeep_ms(self) -> dict[int, float]:
        """Milliseconds for 1,000 events that are folded, by the size of a step. The first step, which is also the
        session's, is left out."""
        self.catch_up()
        self.copy()
        steps = [size for size, count in STEPS.items() for _ in range(count)]
        said = self.psql(text="select tally_upkeep(1);\n\\timing on\n"
                         + "".join(f"select tally_upkeep({size});\n" for size in steps))
        taken = [float(time) for time in re.findall(r"^Time: ([0-9.]+) ms", said, re.MULTILINE)]
        if len(taken) != len(steps) or re.findall(r"^[a-z]+$", said, re.MULTILINE) != ["more"] * len(steps) + ["done"]:
            raise BenchError(f"the upkeep did not fold all events in these steps:\n{said}")
        return {size: mean(time for step, time in zip(steps, taken) if step == size) * 1000 / size for size in STEPS}


def pgbench(server: Server, database: str, script: Path, seconds: int, variables: Mapping[str, int],
            clients: int = CLIENTS, mode: str = "prepared") -> float:
    """Transactions per second; `mode` is pgbench's -M."""
    settings = [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
    done = as_service(["pgbench", "-h", server.run, "-U", "postgres", "-n", "-M", mode, "-c", clients, "-j", "1",
                       "-T", seconds, "-f", script, *settings, database])
    rate = re.search(r"^tps = ([0-9.]+) \(without initial connection time\)", done.stdout, re.MULTILINE)
    if not rate or not re.search(r"^number of failed transactions: 0 ", done.stdout, re.MULTILINE):
        raise BenchError(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return float(rate[1])
