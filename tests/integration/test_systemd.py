"""The units: what systemd thinks of them, and whether the program can live in their sandbox."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

import fastcgi
from pool import Settings, merged, runs, write_ini
from process import (ROOT, Process, check_sanitizers, children, scratch_directory, service_user,
                     worker_binary)
from sample import OVERVIEW, STATS
from wait import wait_until

UNITS = ROOT / "conf" / "systemd"
SERVICES = ("tally@.service", "tally-spawn-fcgi@.service")
PROGRAM = "/usr/local/libexec/tally/tally.fcgi"
CONFIGURATION = "/usr/local/etc/tally/tally.ini"
EXPOSURE_MOST = "15"  # tenths, as systemd-analyze wants it


def values(unit: str, key: str) -> list[str]:
    """What a unit says under a key, in order."""
    return re.findall(rf"^{key}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units in a folder, leading to programs that this machine has."""
    folder = tmp_path_factory.mktemp("units")
    for path in UNITS.iterdir():
        text = path.read_text().replace(PROGRAM, "/bin/true").replace("Documentation=man:tally.fcgi(8)\n", "")
        (folder / path.name).write_text(text)
    return folder


@pytest.mark.parametrize("unit", SERVICES + ("tally@.socket",))
def test_systemd_understands_the_unit(installed: Path, unit: str) -> None:
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"./{unit}"], cwd=installed,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES)
def test_exposure_is_low(installed: Path, unit: str) -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MOST}",
                           f"./{unit}"], cwd=installed, capture_output=True, text=True, check=False)
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


def test_the_two_services_have_one_sandbox() -> None:
    def sandbox(unit: str) -> str:
        return (UNITS / unit).read_text().split("# What a worker needs")[1].split("[Install]")[0]

    assert sandbox(SERVICES[0]) == sandbox(SERVICES[1])


def test_sockets_are_where_nginx_looks() -> None:
    [template] = values("tally@.socket", "ListenStream")
    expected = {template.replace("%i", pool) for pool in ("tally", "tally-admin")}
    site = (ROOT / "nginx" / "tally.conf").read_text()
    assert set(re.findall(r"server unix:(\S+)", site)) == expected
    for unit in (SERVICES[1], "tally@.socket"):
        assert "0660" in (UNITS / unit).read_text()


def test_deadlines_nest() -> None:
    """The role's, the worker's, the web server's and the unit's, each longer than the one before."""
    def number(pattern: str, path: str) -> float:
        found = re.search(pattern, (ROOT / path).read_text(), re.MULTILINE)
        assert found, (pattern, path)
        return float(found[1])

    role = number(r"'statement_timeout', '(\d+)s'", "sql/grants.sql")
    worker = number(r"^query_timeout = (\d+)", "conf/tally.ini") / 1000
    stop = min(float(*values(unit, "TimeoutStopSec")) for unit in SERVICES)
    for web in (number(r"fastcgi_read_timeout\s+(\d+)s", "nginx/tally_locations"),
                number(r"FcgidIOTimeout\s+(\d+)", "conf/apache/tally.conf")):
        assert role < worker < web < stop


class Activated:
    """The service as its unit starts it: systemd's own helper holds the socket, on standard input."""

    def __init__(self, settings: Settings, before: tuple[object, ...] = (), asan_options: str = ""):
        account = service_user("www-data")
        self.directory = scratch_directory("activated", account)
        self.socket = self.directory / "tally.sock"
        self.program = Path(shutil.copy(worker_binary(), self.directory / "tally.fcgi"))
        ini = write_ini(self.directory / "tally.ini", settings)
        [command] = values("tally@.service", "ExecStart")
        for shipped, here in ((PROGRAM, self.program), (CONFIGURATION, ini), ("$WORKERS", "2")):
            assert shipped in command
            command = command.replace(shipped, str(here))
        self.process = Process(
            ["systemd-socket-activate", "--inetd", f"--listen={self.socket}", f"--setenv=ASAN_OPTIONS={asan_options}",
             *before, *command.split()],
            self.directory / "log", account, env={"PATH": "/usr/bin:/bin"})
        wait_until(lambda: self.process.alive() and self.socket.exists(), "the socket")

    def workers(self) -> list[int]:
        return [pid for pid in children(self.process.pid) if runs(pid, self.program)]

    def stop(self) -> None:
        self.process.stop()
        check_sanitizers(self.process.log)


@pytest.fixture
def activated(settings: Settings) -> Iterator[Activated]:
    service = Activated(settings)
    yield service
    service.stop()


def test_a_request_starts_the_service(activated: Activated) -> None:
    assert children(activated.process.pid) == []
    assert fastcgi.ask(activated.socket, STATS).status == 200
    wait_until(lambda: len(activated.workers()) == 2, "two workers")
    assert fastcgi.ask(activated.socket, OVERVIEW).status == 200


def test_reload_starts_every_worker_anew(activated: Activated) -> None:
    check, tell = values("tally@.service", "ExecReload")
    assert check == f"{PROGRAM} -c {CONFIGURATION} -t"
    expected = fastcgi.ask(activated.socket, STATS)
    wait_until(lambda: len(activated.workers()) == 2, "two workers")
    before = activated.workers()
    command = tell.removeprefix("+").replace("$MAINPID", str(activated.process.pid))
    subprocess.run(command.split(), check=True)
    wait_until(lambda: not set(before) & set(activated.workers()), "other workers")
    assert fastcgi.ask(activated.socket, STATS) == expected


@pytest.mark.parametrize("unit", SERVICES)
def test_the_start_says_what_is_wrong_and_goes_on(unit: str) -> None:
    """Without the hyphen a database that is away for a moment would keep the pool down."""
    assert values(unit, "ExecStartPre") == [f"-{PROGRAM} -c {CONFIGURATION} -T"]


def system_calls(names: str) -> set[str]:
    """The members of a set of system calls, as systemd has it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", names], capture_output=True, text=True,
                            check=True).stdout.split("\n")[1:]
    words = [line.strip() for line in listed if not line.strip().startswith("#")]
    found: set[str] = set()
    for word in filter(None, words):
        found |= system_calls(word) if word.startswith("@") else {word}
    return found


def test_system_calls_are_allowed(settings: Settings) -> None:
    """The whole chain makes no call that the filter of the unit forbids."""
    allowed, denied = values("tally@.service", "SystemCallFilter")
    assert denied.startswith("~")
    permitted = system_calls(allowed) - set().union(*map(system_calls, denied[1:].split()))
    # The sanitizers make calls of their own.
    if b"__asan_init" in worker_binary().read_bytes():
        permitted |= {"personality", "ptrace", "sched_getaffinity"}
    directory = scratch_directory("strace", service_user("www-data"))
    trace = directory / "calls"
    ini = write_ini(directory / "all.ini", merged(settings, {"log": {"target": directory / "log"}}))
    before = subprocess.run(["strace", "-f", "-qq", "-o", directory / "before", worker_binary(), "-c", ini, "-T"], check=True,
                            capture_output=True, env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert before.stdout.count(b"ok ") >= 6
    short = merged(settings, {"database": {"query_timeout": 100}})
    service = Activated(short, ("strace", "-D", "-f", "-qq", "-o", trace), "detect_leaks=0")
    try:
        for target in (STATS, OVERVIEW, "/readyz", "/nowhere"):
            assert fastcgi.ask(service.socket, target).status in (200, 404, 504)
    finally:
        service.stop()
    traces = "\n".join(path.read_text(errors="replace") for path in (directory / "before", trace))
    called = set(re.findall(r"^\d+ +(\w+)\(", traces, re.MULTILINE))
    assert {"epoll_pwait", "accept", "sendto"} <= called
    assert called <= permitted, called - permitted
