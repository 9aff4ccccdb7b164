"""GET /healthz and GET /readyz: who may ask, and what they say when something is wrong."""

import json
import re
import socket
import time
from pathlib import Path
from typing import Iterator, Optional

import pytest

from apache import Apache
from client import Endpoint, Reply, ask, check_error, parse, request_bytes
from nginx import Nginx
from postgres import WEB_ROLE, Postgres
from process import ROOT
from sample import STATS
from shipped import USER
from wait import wait_until
from worker import Worker, backends, frozen, running, settings_for, wait_for_log

NOBODY: dict[str, str] = {}
OK = b'{"status":"ok"}'
READY = b'{"status":"ready"}'


@pytest.fixture(scope="module")
def dbname(postgres: Postgres) -> str:
    return postgres.create_database("health")


@pytest.fixture
def worker(postgres: Postgres, dbname: str) -> Iterator[Worker]:
    with running(settings_for(postgres, dbname)) as one:
        yield one


def check_ready(worker: Worker, reason: Optional[str]) -> None:
    """/readyz says so, within its second, and /healthz is as ever."""
    start = time.monotonic()
    reply = worker.ask("/readyz", identity=NOBODY)
    assert time.monotonic() - start < 2.5
    if reason is None:
        assert reply.status == 200 and reply.body == READY
    else:
        check_error(reply, 503)
        assert reply.json() == {"error": reason}
        assert reply.header("Retry-After") == "1"
    assert worker.ask("/healthz", identity=NOBODY).body == OK


def test_well(worker: Worker) -> None:
    check_ready(worker, None)
    for path in ("/healthz", "/readyz"):
        assert worker.ask(path, "HEAD", NOBODY).body == b""
        reply = worker.ask(path, "POST", NOBODY)
        assert reply.status == 405 and reply.header("Allow") == "GET, HEAD"
        assert worker.ask(f"{path}/", identity=NOBODY).status == 404


def test_alive_asks_no_database(postgres: Postgres, dbname: str, worker: Worker) -> None:
    assert worker.ask("/readyz", identity=NOBODY).status == 200
    [pid] = backends(postgres, dbname)
    changed = f"select state_change from pg_stat_activity where pid = {pid}"
    before = postgres.sql(changed)
    assert worker.ask("/healthz", identity=NOBODY).status == 200
    assert postgres.sql(changed) == before
    assert worker.ask("/readyz", identity=NOBODY).status == 200
    assert postgres.sql(changed) != before


def test_database_away(tmp_path: Path) -> None:
    with running({"database": {"host": tmp_path, "dbname": "none"}}) as worker:
        check_ready(worker, "database_unavailable")


LOGINS = {  # what stands in tally.ini and pg_hba.conf, and what PostgreSQL says
    "no such role": ({"user": "nobody_at_all"}, "", "28000"),
    "no such database": ({"dbname": "nowhere"}, "", "3D000"),
    "no line in pg_hba.conf": ({}, "local health_of_logins all reject", "28000"),
    "no password": ({}, "local health_of_logins all scram-sha-256", "no password supplied"),
    "another account": ({}, "local health_of_logins all peer", "28000"),
    "no right to connect": ({"user": "shut_out"}, "", "42501"),
}


@pytest.fixture
def guarded(postgres: Postgres) -> Iterator[Path]:
    """pg_hba.conf, which a test changes; a database that not every role may connect to."""
    rules = postgres.data / "pg_hba.conf"
    before = rules.read_text()
    postgres.create_database("health_of_logins")
    postgres.sql("create role shut_out login")
    postgres.sql("revoke connect on database health_of_logins from public")
    postgres.sql(f"grant connect on database health_of_logins to {WEB_ROLE}")
    yield rules
    rules.write_text(before)
    postgres.sql("select pg_reload_conf()")
    postgres.sql("drop database health_of_logins with (force)")
    postgres.sql("drop role shut_out")


@pytest.mark.parametrize("name", LOGINS)
def test_login_refused(postgres: Postgres, guarded: Path, name: str) -> None:
    """It is another matter than a server that is away: nobody but the operator mends it."""
    given, rule, told = LOGINS[name]
    settings = settings_for(postgres, "health_of_logins")
    before = guarded.read_text()
    guarded.write_text(f"{rule}\n{before}")
    postgres.sql("select pg_reload_conf()")
    with running(settings, {"database": given}) as worker:
        wait_until(lambda: worker.ask("/readyz", identity=NOBODY).json()["error"] == "database_refused", "the code")
        check_ready(worker, "database_refused")
        check_error(worker.ask("/admin/usage"), 503)
        assert told in wait_for_log(worker, "no database: ") and "LOCATION" not in worker.output()
        if rule:
            guarded.write_text(before)
            postgres.sql("select pg_reload_conf()")
            wait_until(lambda: worker.ask("/readyz", identity=NOBODY).status == 200, "the worker to be ready", 6)


def test_database_frozen(postgres: Postgres, dbname: str, worker: Worker) -> None:
    check_ready(worker, None)
    [pid] = backends(postgres, dbname)
    with frozen(pid):
        check_ready(worker, "database_slow")
    check_ready(worker, None)


CHANGES = {
    "another version": ("update tally_schema set version = 99", "update tally_schema set version = 4"),
    "no table of versions": ("alter table tally_schema rename to away", "alter table away rename to tally_schema"),
    "no right": (f"revoke select on tally_schema from {WEB_ROLE}", f"grant select on tally_schema to {WEB_ROLE}"),
}


# What is wrong with the rights, what mends it, and what is told; requests are answered as far as they can be.
RIGHTS = {
    "no right to a column": (f"revoke select (seq) on resource_usage_log from {WEB_ROLE}", "schema_unfit", "resource_usage_log"),
    "no right to a table": (f"revoke select on tally_group from {WEB_ROLE}", "schema_unfit", "tally_group"),
    "no right to record": (f"revoke execute on function tally_record from {WEB_ROLE}", "schema_unfit", "tally_record"),
    "everybody may record": (f"grant execute on function tally_record to public", "rights_unfit", "tally_record"),
    "everybody may reprice": ("grant execute on function tally_reprice to public", "rights_unfit", "tally_reprice"),
    "everybody may rebuild": ("grant execute on procedure tally_rebuild to public", "rights_unfit", "tally_rebuild"),
    "a search path of the caller's": ("alter function tally_upkeep reset search_path", "rights_unfit", "tally_upkeep"),
}


@pytest.mark.parametrize("name", RIGHTS)
def test_rights_unfit(postgres: Postgres, dbname: str, worker: Worker, name: str) -> None:
    change, reason, told = RIGHTS[name]
    check_ready(worker, None)
    postgres.sql(change, dbname=dbname)
    try:
        check_ready(worker, reason)
        with running(settings_for(postgres, dbname)) as late:
            check_ready(late, reason)
            assert late.ask(f"{STATS}&thread_id=x").status == 200
            wait_for_log(late, f"{told}; run sql/grants.sql")
    finally:
        postgres.psql(dbname, ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")
    wait_until(lambda: worker.ask("/readyz", identity=NOBODY).status == 200, "the worker to be ready", 3)


def test_rights_are_told_once(postgres: Postgres, dbname: str) -> None:
    """And not at each new connection."""
    postgres.sql("grant execute on function tally_reprice to public", dbname=dbname)
    try:
        with running(settings_for(postgres, dbname)) as worker:
            assert worker.ask(STATS).status == 200
            for _ in range(3):
                for pid in backends(postgres, dbname):
                    postgres.sql("select pg_terminate_backend(%s, 5000)", pid)
                assert worker.ask(STATS).status == 200
            assert worker.output().count("tally_reprice; run sql/grants.sql") == 1
    finally:
        postgres.psql(dbname, ROOT / "sql" / "grants.sql", "-v", f"role={WEB_ROLE}")


@pytest.mark.parametrize("name", CHANGES)
def test_schema_unfit(postgres: Postgres, dbname: str, worker: Worker, name: str) -> None:
    """Also where it was fit when the worker connected."""
    change, repair = CHANGES[name]
    check_ready(worker, None)
    postgres.sql(change, dbname=dbname)
    try:
        check_ready(worker, "schema_unfit")
        with running(settings_for(postgres, dbname)) as late:
            check_ready(late, "schema_unfit")
    finally:
        postgres.sql(repair, dbname=dbname)
    wait_until(lambda: worker.ask("/readyz", identity=NOBODY).status == 200, "the worker to be ready", 3)
    check_ready(worker, None)


def test_every_code_is_documented() -> None:
    codes = set(re.findall(r'"((?:database|schema|rights)_\w+)"', (ROOT / "src" / "health.c").read_text()))
    api = set(re.findall(r"\| `(\w+)` \|", (ROOT / "doc" / "api.md").read_text().split("## GET /readyz")[1]))
    paths = json.loads((ROOT / "doc" / "openapi.json").read_text())["paths"]
    schema = paths["/readyz"]["get"]["responses"]["503"]["content"]["application/json"]["schema"]
    assert codes == api == set(schema["properties"]["error"]["enum"])


# Who reaches them through the shipped configurations.

@pytest.mark.parametrize("path, body", [("/healthz", OK), ("/readyz", READY)])
def test_this_machine_needs_no_password(nginx: Nginx, apache: Apache, path: str, body: bytes) -> None:
    for endpoint in (nginx.plain, nginx.tls, apache.tls):
        for user in (None, USER):
            reply = ask(endpoint, path, user=user)
            assert (reply.status, reply.body) == (200, body), endpoint
            assert reply.header("Cache-Control") == "private, no-store"


def test_shared_hosting_needs_a_password(apache: Apache) -> None:
    assert ask(apache.folder, "/healthz").status == 401
    assert ask(apache.folder, "/readyz", user=USER).body == READY


def ask_from(address: str, endpoint: Endpoint, path: str, user: Optional[str] = None) -> Reply:
    """Ask from another of this machine's own addresses."""
    with socket.create_connection(("127.0.0.1", endpoint.port), 10, source_address=(address, 0)) as peer:
        peer.sendall(request_bytes(endpoint, path, user=user))
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
    return parse(answer)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_elsewhere_needs_a_password(nginx: Nginx, path: str) -> None:
    """nginx allows 127.0.0.1 alone, so that 127.0.0.2 stands for another machine."""
    check_error(ask_from("127.0.0.2", nginx.plain, path), 401)
    assert ask_from("127.0.0.2", nginx.plain, path, USER).status == 200
    assert ask_from("127.0.0.1", nginx.plain, path).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_no_identity_is_handed_on(echo_nginx: Nginx, path: str) -> None:
    """Without a password, the user's name is whatever the client says."""
    parameters = dict(ask(echo_nginx.plain, path, user="mallory").json()["parameters"])
    assert set(parameters) == {"REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REQUEST_ID"}
