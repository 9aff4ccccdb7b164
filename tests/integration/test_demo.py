"""./demo: it shows both routes, stops in order, and gets over whatever became of an earlier run."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from ports import free_port
from process import ROOT, scratch_directory
from wait import wait_until

COPY = """
set -euo pipefail
program=copy log_dir=/tmp tree=$1
. "$tree/tools/progress.sh"
. "$tree/tools/build.sh"
list_sources >"$2.list"
copy_listed "$2.list" "$2"
"""


class Demo:
    """The demo of a copy of the tree: the developer's own may be running."""

    def __init__(self, checkout: Path):
        self.checkout = checkout
        checkout.mkdir(parents=True)
        subprocess.run(["bash", "-c", COPY, "copy", ROOT, checkout], check=True)

    def start(self, *options: object) -> subprocess.Popen[str]:
        def answer_to_interrupt() -> None:  # whatever the shell that started the tests set
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        return subprocess.Popen(
            [self.checkout / "demo", *map(str, options)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=answer_to_interrupt)

    def run(self, *options: object) -> tuple[int, str]:
        process = self.start(*options)
        output, _ = process.communicate(timeout=240)
        return process.returncode, output

    def serve(self, port: int) -> tuple[subprocess.Popen[str], str]:
        """A demo that is ready, and what it has printed."""
        process = self.start("--port", port)
        output = ""
        assert process.stdout
        for line in process.stdout:
            output += line
            if "Ctrl-C stops it all" in line:
                return process, output
        raise AssertionError(f"the demo ended with {process.wait()}:\n{output}")

    def state(self) -> Path:
        return (self.checkout / "var" / "demo").resolve()

    def processes(self) -> list[str]:
        """What runs in its folder, be it a part of the demo or not."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if Path(os.readlink(process / "cwd")).is_relative_to(self.state()):
                    found.append(f"{process.name} {(process / 'comm').read_text().strip()}")
            except OSError:  # gone, or another user's
                pass
        return found

    def check_nothing_is_left(self) -> None:
        assert self.processes() == []
        assert not (self.state() / "sockets").is_symlink()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    # Deeper than the path of a unix socket may be long.
    demo = Demo(scratch_directory("demo") / "deep" / ("folder-" * 20) / "tally")
    yield demo
    assert demo.run("--reset")[0] == 0
    assert not (demo.checkout / "var" / "demo").exists()


def test_check(demo: Demo) -> None:
    status, output = demo.run("--check")
    assert status == 0, output
    assert '{"totals":{"messages":' in output and '{"by_collection":[' in output
    assert '{"accepted":1,"duplicates":0,' in output and '{"accepted":0,"duplicates":1,' in output
    assert output.endswith("All is right.\n")
    demo.check_nothing_is_left()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_runs_until_it_is_stopped(demo: Demo, end: signal.Signals) -> None:
    process, output = demo.serve(free_port())
    commands = re.findall(r"^  (curl .*)$", output, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        reply = subprocess.run(f"{command} --silent --fail", shell=True, capture_output=True,
                               text=True, check=True)
        assert reply.stdout.startswith("{") and reply.stdout.endswith("}\n")

    status, refusal = demo.run("--check")
    assert status == 1 and f"a demo runs in this checkout already (process {process.pid})" in refusal

    process.send_signal(end)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and rest.strip() == "Stopping nginx, the workers and PostgreSQL"
    demo.check_nothing_is_left()


def test_busy_port(demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, output = demo.run("--port", port)
    assert status == 1 and f"port {port} is in use; choose another with --port" in output
    demo.check_nothing_is_left()


def test_service_that_ends_stops_the_demo(demo: Demo) -> None:
    process, _ = demo.serve(free_port())
    nginx = min(int(line.split()[0]) for line in demo.processes() if line.endswith(" nginx"))
    os.kill(nginx, signal.SIGKILL)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1 and "nginx has ended, and nobody asked it to" in output
    demo.check_nothing_is_left()


def test_killed_demo_leaves_nothing_running(demo: Demo) -> None:
    process, _ = demo.serve(free_port())
    process.kill()
    process.communicate()
    wait_until(lambda: not demo.processes(), "the services of a killed demo to end")


def test_starts_after_everything_was_killed(demo: Demo) -> None:
    process, _ = demo.serve(free_port())
    process.kill()
    for line in demo.processes():
        try:
            os.kill(int(line.split()[0]), signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()
    # As after a loss of power: a process of that number runs, and it is somebody else's.
    pid_file = demo.state() / "database" / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join(["1", *lines[1:]]) + "\n")

    status, output = demo.run("--check")
    assert status == 0, output
    demo.check_nothing_is_left()


def test_half_made_cluster_is_made_again(demo: Demo) -> None:
    cluster = demo.state() / "database" / "cluster"
    half_made = cluster.rename(cluster.with_name("cluster.new"))
    (half_made / "PG_VERSION").unlink()

    status, output = demo.run("--check")
    assert status == 0 and "Making a PostgreSQL cluster" in output, output
    demo.check_nothing_is_left()


def test_sample_that_was_cut_off_is_loaded_again(demo: Demo) -> None:
    assert demo.run("--reset")[0] == 0
    log = demo.checkout / "build" / "demo" / "log" / "sample.log"
    log.unlink()
    process = demo.start("--port", free_port())
    wait_until(log.exists, "the sample to be loaded", seconds=60)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 143 and output.splitlines()[-2] == "demo: interrupted"
    demo.check_nothing_is_left()

    status, output = demo.run("--check")
    assert status == 0 and "Making a PostgreSQL cluster" not in output, output


@pytest.mark.parametrize("options, message", [
    (["--port"], "--port takes a number from 1 to 65535"),
    (["--port", "0"], "--port takes a number from 1 to 65535"),
    (["--port=65536"], "--port takes a number from 1 to 65535"),
    (["--fast"], "unknown option: --fast"),
])
def test_wrong_options(demo: Demo, options: list[str], message: str) -> None:
    status, output = demo.run(*options)
    assert status == 1 and output.endswith(f"demo: {message}\n")
