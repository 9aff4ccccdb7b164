"""PostgreSQL, the pool of workers and nginx: started for a run, and ended however the run ends."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 4
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None)

# Of the shipped nginx files: limits would measure themselves, and so would the check of a password.
LEFT_OUT = ("limit_req_zone", "limit_req", "limit_req_status", "limit_conn_zone", "limit_conn",
            "limit_conn_status", "auth_basic", "auth_basic_user_file")
NOBODY = {"$remote_user": "bench"}
SHIPPED = ("tally_http", "tally_errors", "tally_locations", "tally_page", "tally_params", "tally_request_params",
           "tally_body_params", "tally_same_site", "tally_sign_on")

POSTGRES_SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",  # the log does not change, and was vacuumed after it was loaded
}

# For tally.ini: the statements that pgbench sends too, and nothing beside them.
FROM_EVENTS = "[reports]\nrollups = no\nupkeep = no\n"


class BenchError(Exception):
    """The run cannot go on; the text says why."""


def service_account() -> Optional[str]:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def environment() -> dict[str, str]:
    """Without what libpq, or a worker, would take from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "TALLY_"))}
    return {**kept, "LC_ALL": "C.UTF-8"}


def as_service(argv: Sequence[object], **options: object) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end under the account of the services."""
    account = service_account()
    prefix = ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", "--"] if account else []
    done = subprocess.run([*prefix, *map(str, argv)], env=environment(), cwd="/", text=True,
                          capture_output=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise BenchError(f"{argv[0]} failed:\n{done.stdout}{done.stderr}")
    return done


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what} took longer than {seconds:.0f} s")
        time.sleep(0.05)


class Service:
    """A server in a session of its own: Ctrl-C reaches bench/run alone, which then ends it."""

    def __init__(self, argv: Sequence[object], log: Path, end: signal.Signals):
        self.name, self.log, self.end = Path(str(argv[0])).name, log, end
        account = pwd.getpwnam(service_account() or pwd.getpwuid(os.getuid()).pw_name)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd="/", env=environment(), start_new_session=True, preexec_fn=self._end_with_parent,
                **identity)  # type: ignore[call-overload]

    def _end_with_parent(self) -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(self.end))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        def alive_and_ready() -> bool:
            if self.process.poll() is not None:
                raise BenchError(f"{self.name} ended by itself:\n{self.log.read_text()[-4000:]}")
            return condition()
        wait_until(alive_and_ready, f"the start of {self.name}")

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> None:
        try:
            self.process.send_signal(self.end)
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def postgres_program(name: str) -> Path:
    """One that Debian keeps out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise BenchError(f"PostgreSQL's {name} is missing: apt-get install postgresql")
    return found[-1]


def start_postgres(data: Path, run: Path, others: Mapping[str, str]) -> Service:
    settings = {**POSTGRES_SETTINGS, **others, "listen_addresses": "", "unix_socket_directories": run}
    argv: list[object] = [postgres_program("postgres"), "-D", data]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    service = Service(argv, run / "postgres.log", signal.SIGINT)
    service.wait_until(lambda: subprocess.run([postgres_program("pg_isready"), "-q", "-h", run],
                                              env=environment(), check=False).returncode == 0)
    return service


def start_pool(program: Path, run: Path, folder: Path, count: int = WORKERS, settings: str = FROM_EVENTS) -> Service:
    """Workers in `folder`, for the database whose socket is in `run`. The program is copied to where the
    account of the services can reach it."""
    copy, ini, end = folder / "tally.fcgi", folder / "tally.ini", folder / "tally.sock"
    shutil.copy(program, copy)
    ini.write_text(f"[database]\nhost = {run}\ndbname = tally\nuser = tally_web\n{settings}")
    service = Service(["spawn-fcgi", "-n", "-s", end, "-M", "0660", "--", shutil.which("multiwatch"),
                       "-f", count, "-t", "0", "--", copy, "-c", ini], folder / "pool.log", signal.SIGTERM)
    service.wait_until(lambda: end.exists() and len(service.children()) == count)
    return service


def adapt(name: str, target: Path, fixed: Mapping[str, str]) -> None:
    """Copy a shipped file less the directives that are left out, and with fixed values for variables."""
    lines = (ROOT / "nginx" / name).read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if (line.split() or [""])[0] not in LEFT_OUT)
    for variable, value in fixed.items():
        text = text.replace(variable, value)
    target.write_text(text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_nginx(run: Path, port: int, fixed: Mapping[str, str] = NOBODY) -> Service:
    for name in SHIPPED:
        adapt(name, run / name, fixed)
    text = (ROOT / "bench/nginx.conf").read_text().replace("@RUN@", str(run)).replace("@PORT@", str(port))
    (run / "nginx.conf").write_text(text)
    service = Service(["nginx", "-e", run / "nginx.log", "-c", run / "nginx.conf"], run / "nginx.out",
                      signal.SIGTERM)
    service.wait_until((run / "nginx.pid").exists)
    return service
