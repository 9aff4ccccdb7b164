"""The secret of web server and workers: whoever opens the socket without it is nobody."""

from typing import Iterator

import pytest

import fastcgi
from apache import Apache
from client import Endpoint, Reply, ask, parameters
from nginx import Nginx
from pool import Pool, Settings, merged
from process import scratch_directory, service_user, worker_binary
from sample import OVERVIEW, STATS
from shipped import ADMIN, USER, hand_over
from wait import wait_until
from worker import Worker, running, wait_for_log

SECRET = "0123456789 abc+/="
ROUTES = (STATS, OVERVIEW, "/v1/usage/caller")
TOLD = "the web server sent no or another TALLY_SECRET"


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Settings:
    file = scratch_directory("secret", service_user("www-data")) / "secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    hand_over(file.parent, service_user("www-data"))
    return merged(settings, {"auth": {"secret_file": file}})


@pytest.fixture(scope="module")
def worker(guarded: Settings) -> Iterator[Worker]:
    with running(guarded) as one:
        yield one


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "x" * len(SECRET)])
def test_without_the_secret_nobody_has_an_identity(worker: Worker, secret: str | None) -> None:
    sent = {} if secret is None else {"TALLY_SECRET": secret}
    for path in ROUTES:
        reply = worker.ask(path, identity={**fastcgi.ADMIN, **sent})
        assert (reply.status, reply.json()) == (500, {"error": "internal error"})
    assert fastcgi.call(worker.socket, {**fastcgi.parameters_for("/v1/usage/events", "POST"), **sent}).status == 500
    # Not even what a stranger is told.
    assert worker.ask(STATS, identity=sent).status == 500
    wait_for_log(worker, TOLD)
    assert SECRET not in worker.output() and (not secret or secret not in worker.output())


def test_with_the_secret(worker: Worker) -> None:
    for path in ROUTES:
        assert worker.ask(path, identity={**fastcgi.ADMIN, "TALLY_SECRET": SECRET}).status == 200
    assert worker.ask(STATS, identity={"TALLY_SECRET": SECRET}).status == 401


def test_health_needs_none(worker: Worker) -> None:
    for path in ("/healthz", "/readyz"):
        assert worker.ask(path, identity={}).status == 200


def forged(endpoint: Endpoint, path: str) -> Reply:
    names = ("Tally-Secret", "TALLY_SECRET", "Redirect-Tally-Secret", "Http-Tally-Secret")
    return ask(endpoint, path, user=ADMIN, headers=[(name, SECRET) for name in names])


def test_nginx_sends_it_from_one_file(guarded: Settings) -> None:
    pool = Pool(guarded)
    server = Nginx(pool.socket, pool.socket)
    try:
        for path in ROUTES:
            assert ask(server.plain, path, user=ADMIN).status == forged(server.plain, path).status == 500
        (server.directory / "tally_secret").write_text(f'map "" $tally_secret {{ default "{SECRET}"; }}\n')
        server.reload()
        for path in ROUTES:
            assert ask(server.plain, path, user=ADMIN).status == 200
        assert ask(server.plain, OVERVIEW, user=USER).status == 403
    finally:
        server.stop()
        pool.stop()


def test_apache_sends_it_from_one_file(guarded: Settings) -> None:
    server = Apache(guarded, worker_binary())
    try:
        for endpoint in (server.tls, server.folder, server.direct):
            for path in ROUTES:
                assert ask(endpoint, path, user=ADMIN).status == forged(endpoint, path).status == 500
        server.stop()
        rule = f'RewriteRule ^ - "[E=TALLY_SECRET:{SECRET}]"\n'
        (server.directory / "tally_secret").write_text(rule)
        htaccess = server.folder_path / ".htaccess"
        example = "#RewriteRule ^ - [E=TALLY_SECRET:the-secret]\n"
        assert example in htaccess.read_text()
        htaccess.write_text(htaccess.read_text().replace(example, rule))
        (server.directory / "pid").unlink(missing_ok=True)
        server.start()
        for endpoint in (server.tls, server.folder, server.direct):
            for path in ROUTES:
                wait_until(lambda endpoint=endpoint, path=path: ask(endpoint, path, user=ADMIN).status == 200, path)
            assert ask(endpoint, OVERVIEW, user=USER).status == 403
    finally:
        server.stop()


def test_without_a_secret_no_parameter_is_sent(echo_nginx: Nginx, echo_apache: Apache) -> None:
    for endpoint in (echo_nginx.plain, echo_apache.tls, echo_apache.folder):
        assert "TALLY_SECRET" not in parameters(ask(endpoint, "/v1/usage/stats", user=USER, headers=[("Tally-Secret", SECRET)]))
