"""A worker under valgrind: no error, and no memory lost, however many requests. For a plain build."""

import socket
import subprocess
from pathlib import Path

import fastcgi
from conversations import MALFORMED
from long import short_or_full
from pool import Settings, write_ini
from process import worker_binary
from sample import OVERVIEW, STATS

REQUESTS = short_or_full(1000, 10_000)

TARGETS = (STATS, f"{STATS}&thread_id=thread%201", f"{STATS}&bucket=none&agent_id=%ff", OVERVIEW, "/healthz", "/readyz",
           "/v1/usage/caller", "/v1/usage/stats?since=9999-01-01T00:00:00Z", "/admin/usage?days=x", "/nowhere")


def test_no_error_and_no_leak(settings: Settings, tmp_path: Path) -> None:
    ini = write_ini(tmp_path / "tally.ini", settings)
    log = tmp_path / "valgrind"
    path = tmp_path / "sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(16)
        worker = subprocess.Popen(
            ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
             "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=99",
             f"--log-file={log}", worker_binary(), "-c", ini], stdin=listening, stderr=subprocess.DEVNULL)
        try:
            statuses = {target: fastcgi.ask(path, target, seconds=60).status for target in TARGETS}
            for number in range(REQUESTS):
                target = TARGETS[number % len(TARGETS)]
                assert fastcgi.ask(path, target).status == statuses[target]
                if number % 50 == 0:
                    with fastcgi.Connection(path) as leaver:
                        leaver.send(fastcgi.request_bytes(fastcgi.parameters_for(OVERVIEW)))
            with fastcgi.Connection(path) as nonsense:
                nonsense.send(MALFORMED["http"])
        finally:
            worker.terminate()
            status = worker.wait(60)
        assert (status, log.read_text()) == (0, "")
