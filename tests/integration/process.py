"""Servers as child processes that end with the tests, however these end."""

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Optional, Sequence

ROOT = Path(__file__).resolve().parents[2]

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_running: list["Process"] = []

SANITIZER_REPORTS = (
    "ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer", "ThreadSanitizer",
)


def worker_binary() -> Path:
    """The tally.fcgi under test: $TALLY_FCGI, or the one built in the source tree."""
    binary = Path(os.environ.get("TALLY_FCGI", ROOT / "fcgi" / "tally.fcgi")).resolve()
    if not os.access(binary, os.X_OK):
        raise FileNotFoundError(f"{binary} is missing: run make, or set TALLY_FCGI")
    return binary


def service_user(preferred: str) -> Optional[str]:
    """The account a server runs under: its own when the tests run as root, else the tests' own."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(preferred).pw_name
    except KeyError:
        return "nobody"


def scratch_directory(name: str, owner: Optional[str] = None) -> Path:
    """A new directory below /tmp that every account may enter, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix=f"tally-test-{name}-", dir="/tmp"))
    path.chmod(0o755)
    if owner:
        shutil.chown(path, owner)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


class Process:
    """A program in a process group of its own, its output in a log file."""

    def __init__(self, argv: Sequence[object], log: Path, user: Optional[str] = None,
                 end: signal.Signals = signal.SIGTERM, env: Optional[dict[str, str]] = None):
        self.argv = [str(word) for word in argv]
        self.log = log
        self.end = end
        account = pwd.getpwnam(user) if user else None
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd="/", env=env, start_new_session=True, preexec_fn=self._die_with_parent,
                user=account and account.pw_uid, group=account and account.pw_gid,
                extra_groups=[account.pw_gid] if account else None)
        _running.append(self)

    def _die_with_parent(self) -> None:
        # Runs in the child, after its change of user, which would forget this setting.
        _libc.prctl(PR_SET_PDEATHSIG, int(self.end), 0, 0, 0)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def alive(self) -> bool:
        if self.popen.poll() is not None:
            raise RuntimeError(f"{self.argv[0]} ended with {self.popen.returncode}:\n{self.output()}")
        return True

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, how: Optional[signal.Signals] = None, seconds: float = 20) -> int:
        """Ask the program to end and wait for it; then nothing of its process group is left."""
        try:
            if self.popen.poll() is None:
                self.popen.send_signal(how or self.end)
            return self.popen.wait(seconds)
        finally:
            _kill_group(self.pid)
            self.popen.wait()
            if self in _running:
                _running.remove(self)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended, though nobody may have asked yet how it did."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def check_sanitizers(log: Path) -> None:
    text = log.read_text(errors="replace") if log.exists() else ""
    for report in SANITIZER_REPORTS:
        assert report not in text, f"a sanitizer's report in {log}:\n{text[-4000:]}"


@atexit.register
def _stop_all() -> None:
    for process in list(_running):
        try:
            process.stop(seconds=5)
        except subprocess.TimeoutExpired:
            pass


def _end_by_signal(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def end_on_termination() -> None:
    """Let SIGTERM and SIGHUP end the tests as an exception does, with all their clean-up."""
    # What a shell runs in the background has SIGINT ignored, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_by_signal)
