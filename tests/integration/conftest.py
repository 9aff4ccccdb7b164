"""The servers that tests share: one cluster, two pools, nginx and Apache."""

from typing import Iterator

import pytest

import process
import sample
from apache import Apache
from cases import CASES
from nginx import Nginx
from pool import ECHO, Pool, Settings
from postgres import WEB_ROLE, Postgres

process.end_on_termination()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "case(number, ...): the faults of cases.py that a test proves")


def pytest_itemcollected(item: pytest.Item) -> None:
    for mark in item.iter_markers("case"):
        assert set(mark.args) <= set(CASES), f"{item.nodeid}: {mark.args}"
        item.extra_keyword_matches.update(f"case{number}" for number in mark.args)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    cluster = Postgres()
    yield cluster
    cluster.stop("immediate")


@pytest.fixture(scope="session")
def settings(postgres: Postgres) -> Settings:
    """tally.ini for workers on a database with sample events, which no test changes."""
    name = postgres.create_database("sample")
    sample.load(postgres, name)
    return {
        "database": {"host": postgres.directory, "dbname": name, "user": WEB_ROLE},
        "log": {"level": "info"},
    }


@pytest.fixture(scope="session")
def pools(settings: Settings) -> Iterator[tuple[Pool, Pool]]:
    """The users' pool and the administrators'."""
    both = Pool(settings), Pool(settings)
    yield both
    for pool in both:
        pool.stop()


@pytest.fixture(scope="session")
def nginx(pools: tuple[Pool, Pool]) -> Iterator[Nginx]:
    server = Nginx(pools[0].socket, pools[1].socket)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def apache(settings: Settings) -> Iterator[Apache]:
    server = Apache(settings, process.worker_binary())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def echo_pool() -> Iterator[Pool]:
    """Workers that answer with the parameters that reach them."""
    pool = Pool({}, workers=4, program=ECHO)
    yield pool
    pool.stop()


@pytest.fixture(scope="session")
def echo_nginx(echo_pool: Pool) -> Iterator[Nginx]:
    server = Nginx(echo_pool.socket, echo_pool.socket)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def echo_apache() -> Iterator[Apache]:
    server = Apache({}, ECHO)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def down(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx with nobody behind it."""
    nowhere = tmp_path_factory.mktemp("down") / "nowhere.sock"
    server = Nginx(nowhere, nowhere)
    yield server
    server.stop()
