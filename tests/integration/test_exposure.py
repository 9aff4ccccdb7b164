"""What an error tells: the client nothing about the set-up, the log all, in lines that nobody can forge."""

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

import fastcgi
from client import Reply, ask, check_error
from nginx import Nginx
from pool import Pool, Settings, merged
from postgres import WEB_ROLE, Postgres
from sample import OVERVIEW, STATS
from shipped import ADMIN, USER
from wait import wait_until
from worker import running, settings_for, wait_for_log

# What the workers' set-up consists of, in any error of PostgreSQL, libpq or the system.
SECRETS = re.compile(rb"/tmp|\.s\.PGSQL|5432|" + WEB_ROLE.encode() + rb"|resource_usage_log|tally_schema|nodes|select |sql|"
                     rb"psycopg|libpq|SQLSTATE|FATAL|permission|relation|192\.0\.2|socket|passw", re.IGNORECASE)

LOG_LINE = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z tally\[\d+\] info: request="([0-9a-f]{32}|)" user="[^"]*"'
                      r' method="[A-Z]*" path="[^"]*" status=\d{3} rows=\d+ database_ms=\d+\.\d{3} total_ms=\d+\.\d{3}'
                      r' bytes=\d+$')


@contextmanager
def served(settings: Settings) -> Iterator[tuple[Pool, Nginx]]:
    pool = Pool(settings, 1)
    nginx = Nginx(pool.socket, pool.socket)
    try:
        yield pool, nginx
    finally:
        nginx.stop()
        pool.stop()


def check_silent(reply: Reply, status: int) -> None:
    check_error(reply, status)
    assert not SECRETS.search(reply.body), reply.body


@pytest.fixture
def dbname(postgres: Postgres) -> Iterator[str]:
    name = postgres.create_database("exposed")
    yield name
    postgres.sql(f"drop database {name} with (force)")


AWAY = {
    "no such socket": {"host": "/tmp/tally-nowhere"},
    "no such server": {"host": "127.0.0.1", "port": "1"},
    "no such database": {"dbname": "nowhere"},
    "no such role": {"user": "nobody_here"},
}


@pytest.mark.case(36, 37)
@pytest.mark.parametrize("name", AWAY)
def test_database_away(postgres: Postgres, dbname: str, name: str) -> None:
    with served(merged(settings_for(postgres, dbname), {"database": AWAY[name]})) as (pool, nginx):
        for path in (STATS, OVERVIEW, "/readyz"):
            check_silent(ask(nginx.tls, path, user=ADMIN), 503)
        # The operator learns which it is.
        assert re.search(r"error: no database: .*(nowhere|port 1 |nobody_here)", pool.output())


CHANGES = {
    "right missing": (f"revoke select on resource_usage_log from {WEB_ROLE}", "42501 .*permission denied"),
    "table missing": ("drop table nodes cascade", "42P01 .*nodes"),
    "function missing": ("drop function tally_total_member(text)", "42883 .*tally_total_member"),
}


@pytest.mark.case(36, 37)
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("connected", [False, True], ids=["before it connects", "while it is connected"])
def test_schema_unfit(postgres: Postgres, dbname: str, name: str, connected: bool) -> None:
    change, told = CHANGES[name]
    with served(settings_for(postgres, dbname)) as (pool, nginx):
        if connected:
            assert ask(nginx.plain, OVERVIEW, user=ADMIN).status == 200
        else:
            postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s and datname = %s",
                         WEB_ROLE, dbname)
        postgres.sql(change, dbname=dbname)
        for _ in range(3):
            check_silent(ask(nginx.plain, OVERVIEW, user=ADMIN), 503)
        wait_until(lambda: re.search(told, pool.output()), told)


@pytest.mark.case(36)
def test_faulty_identity(settings: Settings) -> None:
    """What the web server should not send is its fault, and is told to nobody but the operator."""
    with running(settings) as worker:
        for parameters in ({"TALLY_ROLE": "secret-role"}, {"TALLY_USER_ID": "secret-id"}):
            reply = worker.ask(STATS, identity={**fastcgi.ADMIN, **parameters})
            check_silent(reply, 500)
            assert b"secret" not in reply.body
        wait_for_log(worker, "secret-role")


@pytest.mark.case(36)
def test_each_request_has_its_line(settings: Settings) -> None:
    asked = [(STATS, ADMIN, 200), (OVERVIEW, ADMIN, 200), (OVERVIEW, USER, 403), (f"{STATS}&bucket=secret", USER, 400),
             ("/healthz", None, 200), (f"{STATS}&thread_id=secret", USER, 200)]
    with served(settings) as (pool, nginx):
        replies = [ask(nginx.plain, path, user=user) for path, user, _ in asked]
        lines = wait_until(lambda: len(pool.output().splitlines()) >= len(asked) and pool.output().splitlines(), "its lines")
        assert len(lines) == len(asked)
        for line, reply, (path, user, status) in zip(lines, replies, asked):
            assert LOG_LINE.match(line), line
            assert f' user="{user or ""}" method="GET" path="{path.partition("?")[0]}" status={status} ' in line
            assert line.endswith(f" bytes={len(reply.body)}")
        # Each has an identifier of its own, and no value of a query is told.
        assert len({LOG_LINE.match(line)[1] for line in lines}) == len(lines)  # type: ignore[index]
        assert "secret" not in pool.output()


@pytest.mark.case(36)
def test_the_line_has_the_identifier_of_the_web_server(echo_nginx: Nginx, settings: Settings) -> None:
    parameters = dict(ask(echo_nginx.plain, "/v1/usage/stats", user=USER).json()["parameters"])
    with running(settings) as worker:
        fastcgi.call(worker.socket, {**fastcgi.parameters_for("/nowhere"), "REQUEST_ID": parameters["REQUEST_ID"]})
        wait_for_log(worker, f'info: request="{parameters["REQUEST_ID"]}" .* status=404 ')


FORGERIES = ["x\n2026-01-01T00:00:00.000Z tally[1] info: request=", "x\r\nforged", "\x1b[2J\x1b]0;owned\x07", '" status=200 x="',
             "\\", "\u2028forged", "\x9b31m", "\x85forged", "\udcff\udcfe", "%s%n%d", "x" * 5000]


@pytest.mark.case(36)
@pytest.mark.parametrize("text", FORGERIES)
@pytest.mark.parametrize("name", ["REQUEST_ID", "REMOTE_USER", "REQUEST_METHOD", "SCRIPT_NAME", "TALLY_ROLE"])
def test_no_text_forges_a_line(forged_worker_log: "ForgedLog", name: str, text: str) -> None:
    lines = forged_worker_log.lines_after({**fastcgi.parameters_for(STATS), name: text})
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z tally\[\d+\] (info|error|warning): ", line), line
        assert line.isprintable() and len(line) <= 4100
    # Outside of quotes no field comes twice.
    assert len([line for line in lines if re.match(r"\S+ tally\[\d+\] info: request=", line)]) == 1
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', '""', lines[-1])
    assert re.search(r' info: request="" user="" method="" path="" status=\d+ rows=', unquoted), lines[-1]


class ForgedLog:
    """The log of a worker, line by line."""

    def __init__(self, path: Path, log: Path):
        self.path, self.log = path, log

    def lines_after(self, parameters: dict[str, str]) -> list[str]:
        """What one request adds."""
        before = self.log.stat().st_size
        fastcgi.call(self.path, parameters)

        def added() -> list[str]:
            # Bytes that are not UTF-8 would show.
            text = self.log.read_bytes()[before:].decode("utf-8", "surrogateescape")
            ends_with_the_request = re.search(r"^\S+ tally\[\d+\] info: [^\n]*\n\Z", text, re.MULTILINE)
            return text.split("\n")[:-1] if ends_with_the_request else []

        return wait_until(added, "a line")


@pytest.fixture(scope="module")
def forged_worker_log(settings: Settings) -> Iterator[ForgedLog]:
    with running(settings) as worker:
        wait_for_log(worker, "status=404")  # of the request that showed that it runs
        yield ForgedLog(worker.socket, worker.log)


def test_a_fault_that_goes_on_is_summed_up(settings: Settings) -> None:
    with running(settings) as worker:
        for _ in range(50):
            worker.ask(STATS, identity={**fastcgi.ADMIN, "TALLY_ROLE": "wrong"})
        assert worker.output().count("] error: ") == 1
        worker.stop()
        assert len(re.findall(r"error: 49 more in \d+ s: .*wrong", worker.output())) == 1
        assert worker.output().count(" status=500 ") == 50
