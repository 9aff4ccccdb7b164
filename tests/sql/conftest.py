"""A cluster for the tests of the SQL files; the harness is that of the integration tests."""

import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import process  # noqa: E402
from postgres import Postgres  # noqa: E402

process.end_on_termination()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    server = Postgres()
    server.sql("create role owner login")
    server.sql("create role web login")
    yield server
    server.stop("immediate")


@pytest.fixture
def dbname(cluster: Postgres) -> Iterator[str]:
    """An empty database of an ordinary owner."""
    cluster.sql("create database scratch owner owner")
    yield "scratch"
    cluster.sql("drop database scratch with (force)")
