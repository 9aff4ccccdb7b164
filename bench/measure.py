"""One round of load, by wrk and by pgbench, and what it costs the servers."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping, Sequence
from urllib.request import urlopen

from cases import ROOT, Case
from services import WORKERS, BenchError, Service, as_service

SERVERS = ("worker", "nginx", "PostgreSQL")
TICKS = os.sysconf("SC_CLK_TCK")
REPLIES_LOOKED_AT = 20


@dataclass(frozen=True)
class Stack:
    """All servers of a run."""

    postgres: Service
    pool: Service
    nginx: Service
    workers: Sequence[int]  # as they were at the start
    port: int
    run: Path

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def cpu_seconds(self) -> dict[str, float]:
        """What each server has used since its start."""
        return {"worker": run_time(self.pool.children()), "nginx": run_time(self.nginx.children()),
                "PostgreSQL": self.postgres_seconds()}

    def postgres_seconds(self) -> float:
        """The time of a backend or parallel worker that has ended has become the postmaster's. If one
        ends during a look, it is taken again: it would count twice, or not at all."""
        while True:
            ended = ended_children_time(self.postgres.process.pid)
            try:
                running = run_time(self.postgres.children())
            except (FileNotFoundError, ProcessLookupError):
                continue
            if ended_children_time(self.postgres.process.pid) == ended:
                return ended + running


@dataclass(frozen=True)
class WebRound:
    rate: float  # replies per second
    p50: float  # milliseconds
    p99: float
    cpu: Mapping[str, float]  # microseconds per reply, of each server


def run_time(pids: Iterable[int]) -> float:
    """Seconds on a processor; all of these processes have one thread."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e9


def ended_children_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICKS


def wrk(arguments: Sequence[object]) -> dict[str, int]:
    """One thread of it, to the end: the figures that its script reports. Any error ends the whole run."""
    done = subprocess.run(["wrk", "-t", "1", "--timeout", "60s", "--latency", *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    found = re.search(r"^measured (.*)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        raise BenchError(f"wrk failed:\n{done.stdout}{done.stderr}")
    figures = {name: int(value) for name, value in (pair.split("=") for pair in found[1].split())}
    if figures["status_errors"] or figures["socket_errors"] or not figures["requests"]:
        raise BenchError(f"not every request was answered with 200: {found[1]}")
    return figures


def web_round(stack: Stack, case: Case, clients: int, seconds: int) -> WebRound:
    """wrk for some seconds."""
    before = stack.cpu_seconds()
    figures = wrk(["-c", clients, "-d", f"{seconds}s", "-s", ROOT / "bench/request.lua", stack.url(), "--", case.path,
                   case.count])
    after = stack.cpu_seconds()
    if stack.pool.children() != stack.workers:
        raise BenchError(f"{case.name}, {clients} clients: a worker ended; see {stack.run}/pool.log")
    return WebRound(
        rate=figures["requests"] / figures["duration_us"] * 1e6,
        p50=figures["p50_us"] / 1000,
        p99=figures["p99_us"] / 1000,
        cpu={name: (after[name] - before[name]) / figures["requests"] * 1e6 for name in SERVERS})


def pgbench_round(stack: Stack, case: Case, seconds: int) -> float:
    """pgbench for some seconds, with a connection for each that the workers have: replies per second."""
    script = stack.run / "script.sql"
    script.write_text(case.script)
    variables = [word for name, value in case.variables.items() for word in ("-D", f"{name}={value}")]
    done = as_service(
        ["env", f"PGOPTIONS=-c plan_cache_mode=force_{case.plan_kind()}_plan", "pgbench", "-h", stack.run, "-U",
         "tally_web", "-n", "-M", "prepared", "-c", WORKERS, "-j", "1", "-T", seconds, "--random-seed=1",
         "-f", script, *variables, "tally"])
    rate = re.search(r"^tps = ([0-9.]+) \(without initial connection time\)", done.stdout, re.MULTILINE)
    if not rate or not re.search(r"^number of failed transactions: 0 ", done.stdout, re.MULTILINE):
        raise BenchError(f"{case.name}: pgbench failed:\n{done.stdout}{done.stderr}")
    return float(rate[1]) * case.replies_per_script


def reply_size(stack: Stack, case: Case) -> float:
    """The mean size of a few replies' bodies, after a look at whether there is anything in them."""
    sizes = []
    for number in range(1, min(case.count, REPLIES_LOOKED_AT) + 1):
        with urlopen(stack.url(case.path % number if case.count > 1 else case.path)) as reply:
            body = reply.read()
        if b'"messages":0,' in body or b'"by_collection":[]' in body:
            raise BenchError(f"{case.name}: a reply has no usage in it: {body[:300]!r}")
        sizes.append(len(body))
    return sum(sizes) / len(sizes)


def memory(pool: Service) -> list[dict[str, int]]:
    """Rss and Pss of each worker, in KiB."""
    found = []
    for pid in pool.children():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        found.append({name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)
                      if name in ("Rss", "Pss")})
    return found
