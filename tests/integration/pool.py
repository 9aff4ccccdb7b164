"""A pool of workers as it runs in production: spawn-fcgi, multiwatch, tally.fcgi."""

import shutil
import signal
from pathlib import Path
from typing import Mapping, Optional, Sequence

from process import (Process, check_sanitizers, children, scratch_directory, service_user,
                     worker_binary)
from wait import wait_until

Settings = Mapping[str, Mapping[str, object]]

# A program that answers with the parameters that reach it.
ECHO = Path(__file__).with_name("echo_fcgi.py")


def write_ini(path: Path, settings: Settings) -> Path:
    """tally.ini from {section: {key: value}}."""
    lines = []
    for section, keys in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in keys.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def merged(*layers: Settings) -> dict[str, dict[str, object]]:
    """Settings of several sources in one; a later one wins."""
    result: dict[str, dict[str, object]] = {}
    for layer in layers:
        for section, keys in layer.items():
            result.setdefault(section, {}).update(keys)
    return result


class Pool:
    """N workers on a unix socket; its program may also be another than tally.fcgi."""

    def __init__(self, settings: Settings, workers: int = 2, program: Optional[Path] = None,
                 before: Sequence[str] = ()):
        self.account = service_user("www-data")
        self.directory = scratch_directory("pool", self.account)
        self.socket = self.directory / "tally.sock"
        self.log = self.directory / "log"
        self.ini = write_ini(self.directory / "tally.ini", settings)
        self.workers = workers
        self.before = before  # what multiwatch is started by
        # A copy can be run by any account, wherever the build tree lies.
        self.program = Path(shutil.copy(program or worker_binary(), self.directory / "tally.fcgi"))
        self.process: Optional[Process] = None
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.process = Process(
            ["spawn-fcgi", "-n", "-s", self.socket, "-M", "0660", "--", *self.before,
             shutil.which("multiwatch") or "/usr/bin/multiwatch", "-f", self.workers, "-t", "0",
             "--", self.program, "-c", self.ini],
            self.log, self.account)
        wait_until(self._complete, f"{self.workers} workers to run", 30)

    def _complete(self) -> bool:
        assert self.process and self.process.alive()
        return self.socket.exists() and len(self.worker_pids()) == self.workers

    def worker_pids(self) -> list[int]:
        """The workers that run now; a child that has not yet become one does not count."""
        assert self.process
        return [pid for pid in children(self.process.pid) if runs(pid, self.program)]

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, seconds: float = 20) -> int:
        """End the pool gracefully; return multiwatch's status, and judge the workers' log."""
        status = 0
        if self.process:
            status = self.process.stop(signal.SIGTERM, seconds)
            self.process = None
        self.socket.unlink(missing_ok=True)
        check_sanitizers(self.log)
        return status


def runs(pid: int, program: Path) -> bool:
    """Whether a process is this program, and no longer what started it."""
    try:
        # A script has its interpreter before it; a child that is still multiwatch has an option.
        return str(program).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2]
    except (FileNotFoundError, ProcessLookupError):
        return False
