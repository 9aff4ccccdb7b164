"""A cluster of PostgreSQL, and the databases with Tally's schema in it."""

import re
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Mapping

from services import ROOT, Service, as_service, postgres_program, start_postgres

DATABASE = "tally"


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_included(name: str) -> str:
    """A file of SQL with the files that it includes."""
    path = ROOT / name
    return re.sub(r"^\\ir (\S+)$", lambda match: (path.parent / match[1]).read_text(), path.read_text(),
                  flags=re.MULTILINE)


class Server:
    """A cluster in `data`, with the sockets in `run`."""

    def __init__(self, data: Path, run: Path):
        self.data, self.run = data, run

    def make(self) -> None:
        as_service(["mkdir", "-p", self.data.parent])
        as_service([postgres_program("initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "-N",
                    "-E", "UTF8", "--locale=C.UTF-8"])

    def start(self, **settings: str) -> Service:
        return start_postgres(self.data, self.run, settings)

    def command(self, *arguments: object, database: str = DATABASE, user: str = "postgres") -> list[object]:
        return ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.run, "-U", user, "-d", database, *arguments]

    def psql(self, *arguments: object, database: str = DATABASE, user: str = "postgres", text: str = "") -> str:
        """Runs commands given as arguments or, where there are none, as text."""
        return as_service(self.command(*arguments, database=database, user=user), input=text).stdout.strip()

    def create(self, database: str = DATABASE) -> None:
        """A database with the schema; its file is sent as text, for the services' account may not reach it."""
        self.psql("-c", f"create database {database}", database="postgres")
        self.psql(text=with_included("sql/schema.sql"), database=database)

    def fill(self, variables: Mapping[str, object], database: str = DATABASE) -> None:
        """Loads the log of data.sql."""
        settings = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        self.psql(*settings, database=database, text=(ROOT / "bench/data.sql").read_text())

    def timed(self, *arguments: object, database: str = DATABASE) -> float:
        """Seconds that psql takes, from its start to its end."""
        begun = time.monotonic()
        self.psql(*arguments, database=database)
        return time.monotonic() - begun
