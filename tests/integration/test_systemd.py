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
POOLS = ("tally", "tally-admin", "tally-events", "tally-health")
EXPOSURE_MOST = "15"  # tenths, as systemd-analyze wants it


def values(unit: str, key: str) -> list[str]:
    """What a unit says under a key, in order."""
    return re.findall(rf"^{key}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units in a folder, leading to programs that this machine has."""
    folder = tmp_path_factory.mktemp("units")
    shutil.copytree(UNITS, folder, dirs_exist_ok=True)
    for path in folder.glob("*@.*"):
        path.write_text(path.read_text().replace(PROGRAM, "/bin/true").replace("Documentation=man:tally.fcgi(8)\n", ""))
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
    expected = {template.replace("%i", pool) for pool in POOLS}
    site = (ROOT / "nginx" / "tally.conf").read_text()
    assert set(re.findall(r"server unix:(\S+)", site)) == expected
    for unit in (SERVICES[1], "tally@.socket"):
        assert "0660" in (UNITS / unit).read_text()


def test_every_pool_is_enabled_by_the_line_in_its_unit() -> None:
    for unit, names in (("tally@.socket", [f"tally@{pool}.socket" for pool in POOLS]),
                        (SERVICES[1], [f"tally-spawn-fcgi@{pool}" for pool in POOLS])):
        line = re.search(r"systemctl enable --now ((?:\\\n#|.)*)", (UNITS / unit).read_text())
        assert line and line[1].replace("\\\n#", "").split() == names


@pytest.mark.parametrize("unit", SERVICES)
def test_health_has_one_worker(installed: Path, unit: str) -> None:
    instance = unit.replace("@", "@tally-health")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"./{instance}"], cwd=installed,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    [drop_in] = (UNITS / f"{instance}.d").iterdir()
    assert values(f"{instance}.d/{drop_in.name}", "Environment") == ["WORKERS=1"]
    assert values(unit, "Environment") == ["WORKERS=4"]


def size(text: str) -> int:
    return int(text[:-1]) * {"M": 1 << 20, "G": 1 << 30}[text[-1]]


@pytest.mark.parametrize("unit", SERVICES)
def test_a_worker_that_grows_ends_alone(unit: str) -> None:
    [workers] = values(unit, "Environment")
    [each], [all_of_them] = values(unit, "LimitDATA"), values(unit, "MemoryMax")
    assert int(workers.removeprefix("WORKERS=")) * size(each) <= size(all_of_them)
    assert values(unit, "OOMPolicy") == ["continue"]


def test_a_worker_has_enough_memory(settings: Settings) -> None:
    """The program lives within its limit; the sanitizers' does not."""
    if b"__asan_init" in worker_binary().read_bytes():
        pytest.skip("sanitizers take memory of their own")
    [limit] = values("tally@.service", "LimitDATA")
    service = Activated(settings, ("prlimit", f"--data={size(limit)}", "--"))
    try:
        for target in (STATS, OVERVIEW, "/readyz"):
            assert fastcgi.ask(service.socket, target).status == 200
    finally:
        service.stop()


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


def listens(path: Path) -> bool:
    """Whether a unix socket takes connections; to try would be one."""
    accepting = "00010000"
    return any(line.endswith(f" {path}") and line.split()[3] == accepting
               for line in Path("/proc/net/unix").read_text().splitlines())


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
        wait_until(lambda: self.process.alive() and listens(self.socket), "the socket")

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
