"""What each benchmark begins with: its programs, a folder of its own, and what it says meanwhile."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterable, Optional

from services import ROOT, BenchError, service_account

PACKAGES = {"multiwatch": "multiwatch", "nginx": "nginx", "pgbench": "postgresql-contrib", "psql": "postgresql-client",
            "readelf": "binutils", "setpriv": "util-linux", "spawn-fcgi": "spawn-fcgi", "wrk": "wrk"}


def check_programs(names: Iterable[str] = PACKAGES) -> None:
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        raise BenchError(f"{', '.join(missing)} missing: apt-get install "
                         + " ".join(sorted({PACKAGES[name] for name in missing})))


def find_program(given: Optional[Path]) -> Path:
    program = (given or Path(os.environ.get("TALLY_FCGI", ROOT / "fcgi/tally.fcgi"))).resolve()
    if not os.access(program, os.X_OK):
        raise BenchError(f"{program} is missing: run make, or name another with --program")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    if "libasan" in linked or "libubsan" in linked:
        raise BenchError(f"{program} was built with sanitizers")
    return program


def open_folder() -> Path:
    """The clusters lie here, and while a benchmark runs its sockets and logs; one run at a time."""
    folder = Path(f"/tmp/tally-bench-{os.getuid()}")
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise BenchError(f"{folder} is somebody else's")
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BenchError("another benchmark is under way") from error
    shutil.rmtree(folder / "run", ignore_errors=True)
    for name in ("run", "clusters"):
        make_folder(folder / name)
    return folder


def make_folder(path: Path) -> Path:
    """One for the account of the services."""
    path.mkdir(mode=0o700, exist_ok=True)
    if service_account():
        shutil.chown(path, service_account(), service_account())
    return path


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def run(name: str, benchmark: Callable[[], None]) -> int:
    """The status that the program ends with. A signal ends the services too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    try:
        benchmark()
    except BenchError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0
