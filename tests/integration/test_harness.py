"""The harness itself: nothing is left running, and a changed file is noticed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pool import Pool
from process import ROOT, children
from shipped import Change, adapt
from wait import wait_until

START_A_POOL = """
import sys, signal
import process
from pathlib import Path
from pool import Pool
process.end_on_termination()
pool = Pool({}, program=Path("echo_fcgi.py"))
print(pool.process.pid, *pool.worker_pids(), pool.directory, flush=True)
signal.pause()
"""


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_servers_end_with_the_tests(end: signal.Signals) -> None:
    here = Path(__file__).parent
    tests = subprocess.Popen([sys.executable, "-B", "-c", START_A_POOL], cwd=here, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert tests.stdout
    *pids, directory = tests.stdout.readline().split()
    assert len(pids) == 3
    tests.send_signal(end)
    tests.wait(15)
    for pid in pids:
        wait_until(lambda pid=pid: gone(int(pid)), f"process {pid} to end after {end.name}")
    if end == signal.SIGKILL:
        shutil.rmtree(directory)
    assert not Path(directory).exists()


def test_pool_heals_and_stops(echo_pool: Pool) -> None:
    before = echo_pool.worker_pids()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: before[0] not in echo_pool.worker_pids()
               and len(echo_pool.worker_pids()) == len(before), "a new worker")
    assert echo_pool.process and set(echo_pool.worker_pids()) <= set(children(echo_pool.process.pid))


def test_changed_file_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="stands there 0 times"):
        adapt(ROOT / "nginx/tally.conf", tmp_path / "copy", {"no such text": Change("")})
    with pytest.raises(AssertionError, match="stands there 2 times"):
        adapt(ROOT / "nginx/tally.conf", tmp_path / "copy", {"server_name usage.example.org;": Change("")})
