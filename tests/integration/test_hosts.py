"""Several hosts, several addresses: each has its time, and a worker goes on where it was well before."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

import sample
from hosts import Listening, Refusing, at, silent, started, swallowing
from postgres import WEB_ROLE
from process import scratch_directory, service_user
from sample import STATS
from test_outage import connections
from test_worker_database import check_unavailable
from test_worker_deadline import timed
from wait import wait_until
from worker import backends, running, wait_for_log

pytestmark = pytest.mark.case(38)

TIMEOUT = 1  # seconds for each host

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="replaces files of the system, for one process")


@pytest.fixture(scope="module")
def own() -> Iterator[Listening]:
    cluster = Listening({"log_connections": "on"})
    cluster.create_database("hosts")
    sample.load(cluster, "hosts")
    yield cluster
    cluster.stop("immediate")


@pytest.mark.parametrize("dead", [swallowing, silent])
def test_first_host_is_dead(own: Listening, dead: object) -> None:
    """It costs its time once; whoever asks meanwhile is told at once."""
    with dead() as place:  # type: ignore[operator]
        settings = at(place, ("127.0.0.1", own.port), dbname="hosts", connect_timeout=2 * TIMEOUT)
        with running(settings) as worker:
            begun = time.monotonic()
            check_unavailable(worker.ask(STATS))
            assert time.monotonic() - begun < 1.5
            check_unavailable(timed(lambda: worker.ask(STATS))[0])
            wait_until(lambda: worker.ask(STATS).status == 200, "the second host", 2 * TIMEOUT + 1)
            line = wait_for_log(worker, "some hosts were passed over")
            assert f'host "{place[0]}", port {place[1]}: no answer within connect_timeout' in line
            # From now on the worker begins with the second one.
            for _ in range(3):
                own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", WEB_ROLE)
                reply, took = timed(lambda: worker.ask(STATS))
                assert reply.status == 200 and took < TIMEOUT
            assert worker.output().count("passed over") == 1


def test_all_hosts_are_dead(own: Listening) -> None:
    """The log names each of them; the pauses begin after a whole round."""
    with swallowing() as first, silent("127.0.0.3") as second:
        with running(at(first, second, dbname="hosts", connect_timeout=TIMEOUT)) as worker:
            line = wait_for_log(worker, "no database: ")
            for host, port in (first, second):
                assert f'host "{host}", port {port}: no answer within connect_timeout' in line
            check_unavailable(worker.ask(STATS))


def test_server_that_starts_or_stops_is_passed_over(own: Listening) -> None:
    with Refusing("57P03", "the database system is starting up") as other:
        with running(at(other.place, ("127.0.0.1", own.port), dbname="hosts")) as worker:
            assert worker.ask(STATS).status == 200
            wait_for_log(worker, "57P03: the database system is starting up")


@pytest.mark.parametrize("sqlstate, message", [
    ("28P01", "password authentication failed"), ("3D000", "database does not exist"), ("53300", "too many clients"),
])
def test_server_that_does_not_let_us_in_ends_the_round(own: Listening, sqlstate: str, message: str) -> None:
    """As with libpq: whoever has a wrong password learns of it."""
    before = connections(own)
    with Refusing(sqlstate, message) as other:
        with running(at(other.place, ("127.0.0.1", own.port), dbname="hosts")) as worker:
            wait_until(lambda: other.tries > 2, "some tries")
            check_unavailable(worker.ask(STATS))
            wait_for_log(worker, f"no database: .*{sqlstate}: {message}")
    assert connections(own) == before


def test_hosts_of_the_environment(own: Listening, tmp_path: Path) -> None:
    with silent() as place:
        settings = {"database": {"dbname": "hosts", "user": WEB_ROLE, "connect_timeout": TIMEOUT}}
        with started(settings, tmp_path, PGHOST=f"{place[0]},127.0.0.1", PGPORT=f"{place[1]},{own.port}") as worker:
            wait_until(lambda: worker.ask(STATS).status == 200, "the second host", TIMEOUT + 2)


def test_hosts_of_a_service(own: Listening, tmp_path: Path) -> None:
    (tmp_path / "services").write_text(f"[usage]\nhostaddr=127.0.0.2,127.0.0.1\nport={own.port}\ndbname=hosts\nuser={WEB_ROLE}\n")
    with started({"database": {"service": "usage"}}, tmp_path, PGSERVICEFILE=f"{tmp_path}/services") as worker:
        assert worker.ask(STATS).status == 200
        assert f'127.0.0.2", port {own.port} failed: Connection refused' in worker.output()


@contextmanager
def mute_name_server() -> Iterator[None]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as questions:
        questions.bind(("127.0.0.9", 53))
        yield


@needs_root
def test_name_with_a_dead_first_address(own: Listening, tmp_path: Path) -> None:
    settings = at(("usage.test", own.port), dbname="hosts", connect_timeout=TIMEOUT)
    with silent("::1", own.port):
        with started(settings, tmp_path, {"/etc/hosts": "::1 usage.test\n127.0.0.1 usage.test\n"}) as worker:
            check_unavailable(worker.ask(STATS))
            wait_until(lambda: worker.ask(STATS).status == 200, "the second address", TIMEOUT + 2)
            assert f'host "usage.test" (::1), port {own.port}: no answer within connect_timeout' in worker.output()
            for _ in range(2):
                own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", WEB_ROLE)
                assert timed(lambda: worker.ask(STATS))[1] < TIMEOUT
            assert backends(own, "hosts")


@needs_root
def test_name_server_that_is_silent(own: Listening, tmp_path: Path) -> None:
    """Nobody waits for it, nor does the host after it."""
    settings = at(("usage.test", own.port), ("127.0.0.1", own.port), dbname="hosts", connect_timeout=2 * TIMEOUT)
    files = {"/etc/resolv.conf": "nameserver 127.0.0.9\noptions timeout:30\n", "/etc/nsswitch.conf": "hosts: files dns\n"}
    with mute_name_server(), started(settings, tmp_path, files) as worker:
        check_unavailable(worker.ask(STATS))
        reply, took = timed(lambda: worker.ask("/healthz"))
        assert reply.status == 200 and took < 0.5
        wait_until(lambda: worker.ask(STATS).status == 200, "the second host", 2 * TIMEOUT + 2)
        assert 'host "usage.test", port' in worker.output()
        assert "its name was not found within connect_timeout" in worker.output()


def test_name_that_nobody_has(own: Listening) -> None:
    with running(at(("nobody.invalid", own.port), ("127.0.0.1", own.port), dbname="hosts")) as worker:
        wait_until(lambda: worker.ask(STATS).status == 200, "the second host")
        wait_for_log(worker, 'host "nobody.invalid", port [0-9]+: ')


def test_lists_that_do_not_match(own: Listening) -> None:
    settings = at(("127.0.0.1", own.port), dbname="hosts")
    settings["database"]["port"] = "1,2,3"  # type: ignore[index]
    with running(settings) as worker:
        wait_for_log(worker, "no database: could not match 3 port numbers to 1 hosts")


@pytest.fixture(scope="module")
def secure() -> Iterator[tuple[Listening, Path]]:
    """A cluster with a certificate for usage.test, and what shows that it is good."""
    directory = scratch_directory("certificate", service_user("postgres"))
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=usage.test", "-addext", "subjectAltName=DNS:usage.test",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    for path in (key, certificate):
        path.chmod(0o600)
        if service_user("postgres"):
            shutil.chown(path, service_user("postgres"))
    cluster = Listening({"ssl": "on", "ssl_key_file": str(key), "ssl_cert_file": str(certificate)})
    cluster.create_database("hosts")
    (directory / "root.pem").write_bytes(certificate.read_bytes())
    yield cluster, directory / "root.pem"
    cluster.stop("immediate")


@needs_root
@pytest.mark.parametrize("name, good", [("usage.test", True), ("other.test", False), ("127.0.0.1", False)])
def test_certificate_is_checked_against_the_name(secure: tuple[Listening, Path], tmp_path: Path, name: str,
                                                     good: bool) -> None:
    """And not against the address that it was found under."""
    cluster, root = secure
    settings = at((name, cluster.port), dbname="hosts", sslmode="verify-full")
    with started(settings, tmp_path, {"/etc/hosts": "127.0.0.1 usage.test other.test\n"},
                 PGSSLROOTCERT=str(root)) as worker:
        if good:
            assert worker.ask(STATS).status == 200
            assert cluster.sql("select ssl from pg_stat_ssl natural join pg_stat_activity where usename = %s",
                               WEB_ROLE) == [(True,)]
        else:
            check_unavailable(worker.ask(STATS))
            assert f'does not match host name "{name}"' in worker.output()
