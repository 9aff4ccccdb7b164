"""Running the SQL files as the README says: psql, as the owner of a database."""

import os
import subprocess
from dataclasses import dataclass
from typing import Any

import psycopg

from postgres import Postgres
from process import ROOT


@dataclass(frozen=True)
class Done:
    status: int
    output: str
    errors: str


def psql(cluster: Postgres, dbname: str, path: str, *arguments: str, user: str = "owner",
         options: str = "") -> Done:
    """Run a file of sql/; `options` are settings of the session."""
    done = subprocess.run(
        ["psql", "-X", "-d", cluster.conninfo(dbname, user), *arguments, "-f", str(ROOT / "sql" / path)],
        capture_output=True, text=True, env={**os.environ, "PGOPTIONS": options}, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def install(cluster: Postgres, dbname: str, user: str = "owner", options: str = "") -> Done:
    done = psql(cluster, dbname, "schema.sql", user=user, options=options)
    assert done == Done(0, "", ""), done
    return done


def sql(cluster: Postgres, dbname: str, query: str, *parameters: Any, user: str = "owner") -> list[tuple[Any, ...]]:
    with psycopg.connect(cluster.conninfo(dbname, user), autocommit=True) as connection:
        cursor = connection.execute(query, parameters or None)
        return cursor.fetchall() if cursor.description else []
