"""What bench/ingest measures: the same events by COPY and by POST, and single ones by INSERT and by POST."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

from measure import wrk
from server import Server
from services import ROOT, BenchError, Service
from writing import CLIENTS, pgbench

BATCH = 1000
COLUMNS = "id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail"


@dataclass(frozen=True)
class Target:
    """The log behind nginx, with `events` events of data.sql in it, and who watches over the workers."""

    server: Server
    pool: Service
    port: int
    events: int

    def rows(self, name: str, count: int) -> list[str]:
        """Events like those of the log, with ids that follow from the name, as rows of COPY; in the hour that ends now."""
        # The parentheses make an expression of what else would be a name of a psql variable.
        return self.server.psql("-c", f"""
            copy (
              select md5('{name} ' || row_number() over ())::uuid,
                now() - interval '1 hour' * (1 - row_number() over () / {count}.0), {COLUMNS.split(', ', 2)[2]}
              from resource_usage_log, generate_series(1, {1 + count // self.events})
              limit {count}
            ) to stdout""").splitlines()


def shares(rows: Sequence[str]) -> list[Sequence[str]]:
    """One for each client."""
    size = len(rows) // CLIENTS
    return [rows[number * size:(number + 1) * size] for number in range(CLIENTS)]


def together(work: Sequence[Callable[[], None]]) -> float:
    """Seconds until all is done, each by a client of its own."""
    begun = time.monotonic()
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(one) for one in work]:
            done.result()
    return time.monotonic() - begun


def copy(target: Target, rows: Sequence[str]) -> float:
    """Events per second."""
    files = []
    for number, share in enumerate(shares(rows)):
        files.append(target.server.run / f"rows{number}.copy")
        files[-1].write_text("\n".join(share) + "\n")
    return len(rows) / together([
        lambda path=path: target.server.psql("-c", f"\\copy resource_usage_log ({COLUMNS}) from '{path}'") and None
        for path in files])


def as_json(row: str) -> str:
    """An event from a row of COPY; its detail stands in it as it does in the row."""
    names, values = COLUMNS.split(", "), row.replace("\\\\", "\\").split("\t")
    members = [f"{json.dumps(name)}: {value if name == 'detail' else json.dumps(value)}"
               for name, value in zip(names, values) if value != "\\N"]
    return "{" + ", ".join(members).replace("+00\"", "Z\"") + "}"


def as_request(port: int, rows: Sequence[str]) -> bytes:
    body = ("[" + ",".join(map(as_json, rows)) + "]").encode()
    return (f"POST /v1/usage/events?results=errors HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def send_all(port: int, requests: Sequence[bytes]) -> None:
    """One after the other over one connection."""
    with socket.create_connection(("127.0.0.1", port)) as peer:
        for request in requests:
            peer.sendall(request)
            answer = b""
            while not (found := re.search(rb"Content-Length: (\d+)\r\n(?:.*\r\n)*?\r\n", answer)) \
                    or len(answer) < found.end() + int(found[1]):
                if not (piece := peer.recv(65536)):
                    raise BenchError(f"the connection ended: {answer[:300]!r}")
                answer += piece
            if f'"accepted":{BATCH},"duplicates":0,"rejected":0,'.encode() not in answer:
                raise BenchError(f"not all of a batch was recorded: {answer[:300]!r}")


def post(target: Target, rows: Sequence[str]) -> float:
    """Events per second, in batches."""
    requests = [[as_request(target.port, share[at:at + BATCH]) for at in range(0, len(share), BATCH)]
                for share in shares(rows)]
    return len(rows) / together([lambda mine=mine: send_all(target.port, mine) for mine in requests])


def insert_singles(target: Target, clients: int, seconds: int, mode: str) -> float:
    return pgbench(target.server, "tally", ROOT / "bench/insert.sql", seconds, {"threads": max(1, target.events // 50)},
                   clients, mode)


def post_singles(target: Target, clients: int, seconds: int) -> float:
    figures = wrk(["-c", clients, "-d", f"{seconds}s", "-s", ROOT / "bench/event.lua",
                   f"http://127.0.0.1:{target.port}/v1/usage/events"])
    return figures["requests"] / figures["duration_us"] * 1e6
