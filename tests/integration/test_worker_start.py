"""The command line, the configuration and everything that keeps a worker from starting."""

import os
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

import fastcgi
from pool import Settings, merged, write_ini
from process import Process, scratch_directory, service_user, worker_binary
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import running

USAGE, CONFIG = 64, 78  # sysexits.h


def run(*arguments: object, stdin: Any = subprocess.DEVNULL, program: Optional[Path] = None,
        user: Optional[str] = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "TALLY_CONFIG"}
    return subprocess.run([str(program or worker_binary()), *map(str, arguments)], stdin=stdin, text=True, user=user,
                          capture_output=True, timeout=10, env={**environment, **variables}, check=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_ini(tmp_path / "good.ini", {"database": {"dbname": "x"}})


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.ini"
    path.write_text("[database]\nhots = x\n")
    return path


# ---- Options ----

def test_version() -> None:
    done = run("-V")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith("tally.fcgi ") and done.stdout.split()[1][0].isdigit()


def test_help() -> None:
    done = run("-h")
    assert done.returncode == 0 and done.stderr == ""
    for option in ("-c FILE", "-t", "-T", "-V", "-h"):
        assert option in done.stdout


@pytest.mark.case(9)
@pytest.mark.parametrize("arguments", [["-x"], ["-c"], ["extra"], ["-t", "extra"], ["-T", "extra"], ["--frobnicate"]])
def test_wrong_use(arguments: list[str]) -> None:
    start = time.monotonic()
    done = run(*arguments)
    assert done.returncode == USAGE and done.stdout == ""
    assert "usage: tally.fcgi" in done.stderr
    # Whoever starts it again and again must not do so in a storm.
    assert time.monotonic() - start >= 1


# ---- Started by hand ----

@pytest.fixture(params=["terminal", "file", "null", "pipe", "closed", "unlistening", "connected"])
def not_a_listening_socket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "file").write_text("x")
    left, right = socket.socketpair()
    if request.param == "terminal":
        master, slave = pty.openpty()
        yield slave
        os.close(master)
        os.close(slave)
    elif request.param == "pipe":
        yield subprocess.PIPE
    elif request.param == "file":
        with (tmp_path / "file").open() as file:
            yield file
    elif request.param == "unlistening":
        with socket.socket(socket.AF_UNIX) as unbound:
            yield unbound
    elif request.param == "connected":
        yield left
    else:
        yield subprocess.DEVNULL if request.param == "null" else None
    left.close()
    right.close()


@pytest.mark.case(10)
def test_started_by_hand(good: Path, not_a_listening_socket: Any) -> None:
    if not_a_listening_socket is None:
        done = subprocess.run(["sh", "-c", '"$0" -c "$1" <&-', str(worker_binary()), str(good)], text=True,
                              capture_output=True, timeout=30, check=False)
    else:
        done = run("-c", good, stdin=not_a_listening_socket)
    assert done.returncode == USAGE and done.stdout == ""
    assert "standard input is not a listening socket" in done.stderr
    assert "spawn-fcgi" in done.stderr


# ---- Finding the configuration ----

def test_order_of_places(good: Path, bad: Path, tmp_path: Path) -> None:
    program = Path(shutil.copy(worker_binary(), tmp_path / "tally.fcgi"))
    beside = tmp_path / "tally.ini"
    assert str(good) in run("-t", "-c", good, program=program, TALLY_CONFIG=str(bad)).stdout
    assert str(bad) in run("-t", program=program, TALLY_CONFIG=str(bad)).stderr
    beside.write_text("[log]\nlevel = debug\n")
    assert str(beside) in run("-t", program=program).stdout
    assert str(beside) in run("-t", program=program, TALLY_CONFIG="").stdout
    beside.unlink()
    assert "/tally/tally.ini" in run("-t", program=program).stderr


IN_THE_WAY: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file of others": (lambda path: (path.write_text("[log]\n"), path.chmod(0o600)), "Permission denied"),
    "a folder of others": (lambda path: (path.write_text("[log]\n"), path.parent.chmod(0o600)), "Permission denied"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "a link that leads nowhere"),
    "a link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "a folder": (lambda path: path.mkdir(), "Is a directory"),
}


@pytest.mark.parametrize("where", ["beside", "-c", "TALLY_CONFIG"])
@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_is_there_is_never_passed_over(name: str, where: str) -> None:
    """A file that cannot be read is told by its name, and no other one is taken for it."""
    directory = scratch_directory("search")
    program = directory / "tally.fcgi"
    shutil.copy(worker_binary(), program)
    path = directory / "tally.ini"
    if where != "beside":
        path = directory / "apart" / "tally.ini"
        path.parent.mkdir()
    elif name == "a folder of others":
        return  # the program could not be started there
    make, told = IN_THE_WAY[name]
    make(path)
    done = run("-t", *(["-c", path] if where == "-c" else []), program=program, user=service_user("nobody"),
               **({"TALLY_CONFIG": str(path)} if where == "TALLY_CONFIG" else {}))
    assert done.returncode == CONFIG and done.stdout == ""
    assert done.stderr.startswith(f"{path}: cannot be ") and told in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_path_from_here(good: Path) -> None:
    done = subprocess.run([worker_binary(), "-t", "-c", good.name], cwd=good.parent, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0 and done.stdout == f"{good.name}: the configuration is fine\n"


@pytest.mark.case(9)
def test_missing_file(tmp_path: Path) -> None:
    for arguments in (["-t"], []):
        done = run(*arguments, "-c", tmp_path / "nowhere.ini")
        assert done.returncode == CONFIG
        assert done.stderr == f"{tmp_path}/nowhere.ini: cannot be opened: No such file or directory\n"


def test_directory_as_file(tmp_path: Path) -> None:
    done = run("-t", "-c", tmp_path)
    assert done.returncode == CONFIG and str(tmp_path) in done.stderr


# ---- Checking the configuration ----

def test_good_configuration(good: Path) -> None:
    done = run("-t", "-c", good)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{good}: the configuration is fine\n"


FAULTS = [  # each with what is said of it
    ("dbname = early", "dbname stands before the first section"),
    ("[databse]", "unknown section [databse]"),
    ("x = y", "unknown section"),
    ("[database]", None),
    ("hots = x", "unknown key hots in section [database]"),
    ("port = 1", None),
    ("port = 2", "port is given again; it stands in line 6 already"),
    ("query_timeout = 0", "query_timeout must be a whole number from 100 to 3600000"),
    ("connect_timeout = 5 s", "connect_timeout must be a whole number"),
    ("prepared = maybe", "prepared must be yes or no"),
    ("dbname = x ; the usual one", "dbname must not have a comment behind it"),
    ("; a comment", None),
    ("sslmode", "neither a section, nor a key = value, nor a comment"),
    ("host = " + "x" * 2000, "the line is longer than"),
    ("[service] ; comment", "a section is a name in brackets and nothing else"),
    ("tenancy = both", "tenancy must be single or multi"),
    ("base_path = api/", "base_path must begin with a slash"),
    ("max_requests = -1", "max_requests must be a whole number"),
    ("[auth]", None),
    ("user_param = HTTP_X_USER", "user_param must not begin with HTTP_"),
    ("role_param =", "role_param must not be empty"),
    ("user_id_param = A-B", "user_id_param must consist of letters"),
    ("[log]", None),
    ("level = loud", "level must be error, warning, info or debug"),
    ("target = log.txt", "target must be stderr, syslog or the full path of a file"),
    ("[log", "a section is a name in brackets and nothing else"),
]


@pytest.mark.case(9, 35)
def test_every_fault_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "faulty.ini"
    path.write_text("".join(f"{line}\n" for line, _ in FAULTS))
    done = run("-t", "-c", path)
    assert done.returncode == CONFIG and done.stdout == ""
    told = done.stderr.splitlines()
    for number, (line, fault) in enumerate(FAULTS, 1):
        here = [text for text in told if text.startswith(f"{path}:{number}: ")]
        if fault is None:
            assert not here, here
        elif fault != "unknown section":  # its keys need not be told as well
            assert any(fault in text for text in here), f"{line!r}: {here}"
    assert all(text.startswith(f"{path}:") for text in told)


def test_check_is_quick(bad: Path) -> None:
    start = time.monotonic()
    assert run("-t", "-c", bad).returncode == CONFIG
    assert time.monotonic() - start < 1


@pytest.mark.case(9)
def test_bad_configuration_stops_the_start(bad: Path) -> None:
    start = time.monotonic()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bad.parent / "sock"))
        listening.listen()
        done = run("-c", bad, stdin=listening)
    assert done.returncode == CONFIG
    assert done.stderr == f"{bad}:2: unknown key hots in section [database]\n"
    assert time.monotonic() - start >= 1


@pytest.mark.case(9)
def test_unwritable_log(tmp_path: Path) -> None:
    ini = write_ini(tmp_path / "tally.ini", {"log": {"target": tmp_path / "no" / "such" / "folder"}})
    start = time.monotonic()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        listening.listen()
        done = run("-c", ini, stdin=listening)
    assert done.returncode == CONFIG
    assert f"cannot open the log file {tmp_path}/no/such/folder: No such file" in done.stderr
    assert time.monotonic() - start >= 1


# ---- What a worker starts with ----

def test_log_to_a_file(settings: Settings) -> None:
    directory = scratch_directory("log")
    directory.chmod(0o777)
    with running(settings, {"log": {"target": directory / "tally.log", "level": "warning"}}) as worker:
        assert worker.ask(STATS, identity={**fastcgi.ADMIN, "TALLY_ROLE": "none"}).status == 500
        log = wait_until(lambda: (directory / "tally.log").read_text(), "a line")
        assert " error: request=" in log and f"[{worker.pid}]" in log
        assert worker.output() == ""


def listening(directory: Path) -> socket.socket:
    """What spawn-fcgi or systemd hands to a worker as its standard input."""
    found = socket.socket(socket.AF_UNIX)
    found.bind(str(directory / "sock"))
    found.listen()
    return found


@contextmanager
def started(ini: Path, directory: Path, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in surroundings that a test chooses, on the socket directory/sock."""
    with listening(directory) as held:
        process = subprocess.Popen([worker_binary(), "-c", ini], **{"stdin": held, **options})
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(10) == 0


@pytest.mark.case(12)
def test_inherited_descriptors_are_closed(settings: Settings, tmp_path: Path) -> None:
    ini = write_ini(tmp_path / "tally.ini", merged(settings, {"log": {"target": tmp_path / "log"}}))
    with ExitStack() as stack:
        inherited = [stack.enter_context((tmp_path / f"secret{number}").open("w")) for number in range(12)]
        pid = stack.enter_context(started(ini, tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                          pass_fds=[file.fileno() for file in inherited])).pid
        assert fastcgi.ask(tmp_path / "sock", STATS).status == 200
        wait_until(lambda: len(descriptors(pid)) == 7, "the client's connection to be closed", 2)
        kinds = sorted(re.sub(r":.*", "", link) for link in descriptors(pid))
        # Standard ones; the log; what it waits with; the sockets it listens on and asks PostgreSQL by.
        assert kinds == sorted(["/dev/null", "/dev/null", str(tmp_path / "log"), "anon_inode", "anon_inode",
                                "socket", "socket"])


def descriptors(pid: int) -> list[str]:
    return [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]


# ---- Strange surroundings ----

def ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGPIPE, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM, signal.SIGCHLD})


STRANGE: dict[str, dict[str, Any]] = {
    "another time zone and language": {"env": {"TZ": "Pacific/Chatham", "LC_ALL": "de_DE.UTF-8",
                                               "PGTZ": "Asia/Kathmandu", "PGDATESTYLE": "German"}},
    "no environment at all": {"env": {}},
    "signals ignored and held": {"preexec_fn": ignore_signals},
    "few descriptors": {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))},
    "a full disk for the log": {"stderr": "/dev/full"},
    "no standard output or error": {"preexec_fn": lambda: (os.close(1), os.close(2))},
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_surroundings(settings: Settings, tmp_path: Path, name: str) -> None:
    ini = write_ini(tmp_path / "tally.ini", settings)
    with running(settings) as usual, ExitStack() as stack:
        options = dict(STRANGE[name])
        if isinstance(options.get("stderr"), str):
            options["stderr"] = stack.enter_context(open(options["stderr"], "wb"))
        stack.enter_context(started(ini, tmp_path, **options))
        for target in (STATS, OVERVIEW, f"{STATS}&bucket=week"):
            assert fastcgi.ask(tmp_path / "sock", target) == usual.ask(target)


def test_log_that_nobody_reads(settings: Settings, tmp_path: Path) -> None:
    """A full pipe holds up no request; what was lost is told once it is read again."""
    ini = write_ini(tmp_path / "tally.ini", settings)
    reading, writing = os.pipe()
    try:
        with started(ini, tmp_path, stderr=writing):
            for _ in range(600):
                assert fastcgi.ask(tmp_path / "sock", STATS).status == 200
            assert len(os.read(reading, 1 << 20)) > 10_000
            assert fastcgi.ask(tmp_path / "sock", STATS).status == 200
            wait_until(lambda: b"could not be written" in os.read(reading, 1 << 20), "the number of lost lines")
    finally:
        os.close(reading)
        os.close(writing)


def test_named_pipe_that_nobody_reads(tmp_path: Path) -> None:
    """It is refused; to open it would take until somebody does."""
    os.mkfifo(tmp_path / "fifo")
    ini = write_ini(tmp_path / "tally.ini", {"log": {"target": tmp_path / "fifo"}})
    with listening(tmp_path) as held:
        done = run("-c", ini, stdin=held)
    assert done.returncode == CONFIG and "cannot open the log file" in done.stderr


@pytest.mark.case(9)
@pytest.mark.parametrize("arguments, status_line", [
    (["-c", "/nonexistent/tally.ini"], "/nonexistent/tally.ini: cannot be opened: No such file or directory"),
    (["--wrong"], "usage: tally.fcgi"),
])
def test_no_fork_storm(arguments: list[str], status_line: str) -> None:
    """multiwatch starts again what ended, but each start takes a second."""
    directory = scratch_directory("storm", service_user("www-data"))
    program = shutil.copy(worker_binary(), directory / "tally.fcgi")
    process = Process(["spawn-fcgi", "-n", "-s", directory / "sock", "--", "/usr/bin/multiwatch", "-f", "2", "-t",
                       "0", "--", program, *arguments], directory / "log", service_user("www-data"))
    try:
        start = time.monotonic()
        wait_until(lambda: process.alive() and process.output().count(status_line) >= 4, "a second start of both")
        took = time.monotonic() - start
        assert took >= 1
        assert process.output().count(status_line) <= 2 * (took + 1)
    finally:
        process.stop()
