"""A server that is there and refuses: no connection left, a wrong password, no writing, nobody to answer."""

import os
import shutil
import signal
from contextlib import ExitStack
from typing import Iterator

import psycopg
import pytest

import sample
from pool import Settings, merged
from postgres import SETTINGS, WEB_ROLE, Postgres
from process import scratch_directory, service_user
from sample import OVERVIEW, STATS
from test_worker_database import check_unavailable
from test_worker_deadline import frozen, timed
from wait import wait_until
from worker import Worker, backends, running, settings_for, wait_for_log

pytestmark = pytest.mark.case(39)

RESERVED = 3  # connections that PostgreSQL keeps for superusers


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A cluster whose rules of access these tests may change."""
    cluster = Postgres()
    cluster.create_database("refusing")
    sample.load(cluster, "refusing")
    yield cluster
    cluster.stop("immediate")


@pytest.fixture
def own_settings(own: Postgres) -> Settings:
    return settings_for(own, "refusing")


def end_sessions(own: Postgres) -> None:
    own.sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", WEB_ROLE)


def check_refused(worker: Worker) -> None:
    """At once, without a word about the cause."""
    for target in (STATS, OVERVIEW):
        reply, took = timed(lambda target=target: worker.ask(target))  # type: ignore[misc]
        check_unavailable(reply)
        assert took < 1


def check_recovery(own: Postgres, worker: Worker) -> None:
    for target in (STATS, OVERVIEW):
        wait_until(lambda target=target: worker.ask(target).status == 200, "an answer", 2)
    assert worker.runs()
    assert not backends(own, "refusing", "state like 'idle in transaction%%'")


@pytest.mark.parametrize("relation", [f"role {WEB_ROLE}", "database refusing"])
def test_limit_of_connections(own: Postgres, own_settings: Settings, relation: str) -> None:
    own.sql(f"alter {relation} connection limit 0")
    try:
        with running(own_settings) as worker:
            check_refused(worker)
            wait_for_log(worker, "no database: .*too many connections")
            own.sql(f"alter {relation} connection limit -1")
            check_recovery(own, worker)
    finally:
        own.sql(f"alter {relation} connection limit -1")


def test_no_slot_is_left(own: Postgres, own_settings: Settings) -> None:
    with ExitStack() as taken:
        for _ in range(int(SETTINGS["max_connections"]) - RESERVED):
            taken.enter_context(psycopg.connect(own.conninfo("postgres", WEB_ROLE)))
        with running(own_settings) as worker:
            check_refused(worker)
            wait_for_log(worker, "no database: .*(?:too many clients|reserved)")
            taken.close()
            check_recovery(own, worker)


def test_wrong_password(own: Postgres, own_settings: Settings) -> None:
    """A failed connection is no verdict: the password may be put right at either end."""
    rules = own.data / "pg_hba.conf"
    before = rules.read_text()
    passfile = scratch_directory("passfile", service_user("www-data")) / "passfile"
    own.sql(f"alter role {WEB_ROLE} password 'right'")
    rules.write_text(f"local refusing {WEB_ROLE} scram-sha-256\n{before}")
    own.sql("select pg_reload_conf()")
    passfile.write_text(f"*:*:*:{WEB_ROLE}:secret-but-wrong\n")
    passfile.chmod(0o600)
    shutil.chown(passfile, service_user("www-data"))
    try:
        with running(merged(own_settings, {"database": {"passfile": passfile}})) as worker:
            check_refused(worker)
            told = wait_for_log(worker, "no database: .*password authentication failed")
            assert "secret" not in told
            passfile.write_text(f"*:*:*:{WEB_ROLE}:right\n")
            check_recovery(own, worker)
            # Somebody changes it again: those who are connected stay, new connections fail.
            own.sql(f"alter role {WEB_ROLE} password 'other'")
            assert worker.ask(STATS).status == 200
            end_sessions(own)
            wait_until(lambda: worker.ask(STATS).status == 503, "the refusal", 2)
            own.sql(f"alter role {WEB_ROLE} password 'right'")
            check_recovery(own, worker)
    finally:
        rules.write_text(before)
        own.sql(f"alter role {WEB_ROLE} password null")
        own.sql("select pg_reload_conf()")


def test_role_that_may_not_log_in(own: Postgres, own_settings: Settings) -> None:
    own.sql(f"alter role {WEB_ROLE} nologin")
    try:
        with running(own_settings) as worker:
            check_refused(worker)
            own.sql(f"alter role {WEB_ROLE} login")
            check_recovery(own, worker)
    finally:
        own.sql(f"alter role {WEB_ROLE} login")


@pytest.mark.parametrize("subject", [f"role {WEB_ROLE}", "database refusing"])
@pytest.mark.parametrize("setting", ["default_transaction_read_only = on",
                                     "default_transaction_isolation = serializable"])
def test_read_only_role(own: Postgres, own_settings: Settings, subject: str, setting: str) -> None:
    with running(own_settings) as worker:
        right = {target: worker.ask(target) for target in (STATS, OVERVIEW)}
    name = setting.split(" ", maxsplit=1)[0]
    own.sql(f"alter {subject} set {setting}")
    try:
        with running(own_settings) as worker:
            assert {target: worker.ask(target) for target in (STATS, OVERVIEW)} == right
            check_recovery(own, worker)
    finally:
        own.sql(f"alter {subject} reset {name}")


def test_frozen_postmaster_behind_a_session(own: Postgres, own_settings: Settings) -> None:
    """A session needs it no more; once that is lost, requests are refused until it goes on."""
    assert own.process
    with running(own_settings) as worker:
        right = {target: worker.ask(target) for target in (STATS, OVERVIEW)}
        [session] = backends(own, "refusing")
        with frozen(own.process.pid):
            for target, reply in right.items():
                assert worker.ask(target) == reply
            os.kill(session, signal.SIGTERM)
            for target in (OVERVIEW, STATS):
                reply, took = timed(lambda target=target: worker.ask(target))  # type: ignore[misc]
                if reply != right[target]:  # it may come before the session has gone
                    check_unavailable(reply)
                assert took < 1.5
        check_recovery(own, worker)
        assert {target: worker.ask(target) for target in (STATS, OVERVIEW)} == right


@pytest.mark.parametrize("prepared", ["yes", "no"])
@pytest.mark.parametrize("target", [STATS, f"{STATS}&thread_id=thread%201", OVERVIEW])
def test_failure_within_a_query(own: Postgres, own_settings: Settings, target: str, prepared: str) -> None:
    """A right that is lost while workers are connected: no transaction stays behind."""
    with running(own_settings, {"database": {"prepared": prepared}}) as worker:
        right = worker.ask(target)
        assert right.status == 200
        own.sql("alter function tally_number(jsonb) rename to moved", dbname="refusing")
        try:
            reply = worker.ask(target)
            assert reply.status == 503 and "not set up" in reply.json()["error"]
            assert not backends(own, "refusing", "state like 'idle in transaction%%'")
        finally:
            own.sql("alter function moved(jsonb) rename to tally_number", dbname="refusing")
        check_recovery(own, worker)
        assert worker.ask(target) == right
