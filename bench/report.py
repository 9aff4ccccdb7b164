"""The results of a run as a table, and the record of them."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Mapping, Sequence

from measure import SERVERS, WebRound
from services import POSTGRES_SETTINGS, ROOT, WORKERS, postgres_program

RESULTS = ROOT / "bench/RESULTS.md"


@dataclass(frozen=True)
class Row:
    """All rounds of one case with one number of clients; each web round has a neighbour by pgbench."""

    case: str
    clients: int
    web: Sequence[WebRound]
    pgbench: Sequence[float]
    reply_size: float

    def cells(self) -> list[str]:
        ratios = [web.rate / alone for web, alone in zip(self.web, self.pgbench)]
        cpu = [median(web.cpu[server] for web in self.web) for server in SERVERS]
        return [self.case, str(self.clients),
                number(median(web.rate for web in self.web)),
                number(median(web.p50 for web in self.web)), number(median(web.p99 for web in self.web)),
                number(median(self.pgbench)), f"{median(ratios):.2f}",
                *(f"{value:,.0f}" for value in cpu), f"{self.reply_size:,.0f}"]


HEADINGS = ["case", "clients", "replies/s", "p50 ms", "p99 ms", "pgbench/s", "ratio",
            *(f"{server} µs" for server in SERVERS), "bytes"]


def number(value: float) -> str:
    """Three digits or more."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown, and aligned for a terminal."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    aligned = [[cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths))] for line in lines]
    rule = ["-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [aligned[0], rule, *aligned[1:]])


def memory_line(workers: Sequence[dict[str, int]]) -> str:
    def mebibytes(values: Sequence[int]) -> str:
        return ", ".join(f"{value / 1024:.1f}" for value in values)
    pss, rss = [worker["Pss"] for worker in workers], [worker["Rss"] for worker in workers]
    return (f"Memory of the {WORKERS} workers after the run, in MiB: PSS {mebibytes(pss)}, together "
            f"{mebibytes([sum(pss)])}; RSS {mebibytes(rss)}.")


def output_of(*argv: object) -> str:
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def first_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def surroundings(program: Path) -> str:
    """The machine, the versions and the settings."""
    return "\n".join([
        *database_surroundings({}, "for the role, sql/grants.sql"),
        f"- {nginx_version()}, 2 processes; wrk {first_match(r'wrk (?:debian/)?([^ ]+)', output_of('wrk', '-v'))}",
        f"- {worker_version(program)}, {WORKERS} workers",
        commit(),
    ])


def database_surroundings(others: Mapping[str, str], *more: str) -> list[str]:
    processor = first_match(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())
    memory = int(first_match(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())) / 1024 ** 2
    settings = ", ".join(f"{name} = {value}" for name, value in {**POSTGRES_SETTINGS, **others}.items())
    database = "; ".join([output_of(postgres_program("postgres"), "--version"), settings, *more])
    return [
        f"- Machine: {processor}, {os.cpu_count()} processors, {memory:.0f} GiB of memory, Linux {platform.release()}",
        f"- {database}",
    ]


def nginx_version() -> str:
    return f"nginx {first_match(r'nginx/(.*)', output_of('nginx', '-v'))}"


def worker_version(program: Path) -> str:
    compiler = first_match(r"(GCC: .*|clang version .*)$", output_of("readelf", "-p", ".comment", program))
    return f"{output_of(program, '-V')}, built with {compiler}"


def commit() -> str:
    return f"- Commit: {output_of('git', '-c', 'safe.directory=*', '-C', ROOT, 'describe', '--always', '--dirty')}"


def record(command: str, results: str) -> None:
    """Appends results, with what they were measured on."""
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    with RESULTS.open("a") as file:
        file.write(f"\n## {today}\n\n`{command}`\n\n{results}\n")
