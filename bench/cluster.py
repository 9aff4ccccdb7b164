"""The database of a run: made and loaded once for a size, and kept while it is still good."""

import hashlib
import json
import re
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path

from services import ROOT, Service, as_service, postgres_program, start_postgres

# An overview of 30 days looks back from now: with an older log it would see less than 99 % of them.
KEPT_HOURS = 6


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_included(name: str) -> str:
    """A file of SQL with the files that it includes."""
    path = ROOT / name
    return re.sub(r"^\\ir (\S+)$", lambda match: (path.parent / match[1]).read_text(), path.read_text(),
                  flags=re.MULTILINE)


class Cluster:
    """A cluster in `folder`, with the sockets in `run`, and a log of `events` events."""

    def __init__(self, folder: Path, run: Path, events: int):
        self.folder, self.run, self.events = folder, run, events
        self.data, self.note = folder / "data", folder / "loaded.json"

    def source(self) -> str:
        """What the content follows from, besides the moment of loading."""
        files = ("sql/schema.sql", "sql/grants.sql", "bench/data.sql")
        text = "".join(map(with_included, files))
        return hashlib.sha256(f"{postgres_program('postgres')} {self.events} {text}".encode()).hexdigest()

    def loaded_at(self) -> float:
        """When the log was loaded that can still be used; 0 if there is none."""
        try:
            note = json.loads(self.note.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return 0
        age = time.time() - note["loaded_at"]
        return note["loaded_at"] if note["source"] == self.source() and 0 <= age < KEPT_HOURS * 3600 else 0

    def since(self) -> str:
        """The instant at which the log begins."""
        return utc(self.loaded_at() - 365 * 86400)

    def start(self) -> Service:
        """The server, with all that the requests touch in its memory."""
        service = start_postgres(self.data, self.run)
        try:
            if not self.loaded_at():
                self.load()
            self.psql("-c", "select pg_prewarm(c.oid) from pg_class c where relkind in ('r', 'i') "
                      "and relnamespace = 'public'::regnamespace")
        except BaseException:
            service.stop()
            raise
        return service

    def prepare(self) -> None:
        """Make an empty cluster, unless there is one with a log that can be used."""
        if self.loaded_at():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        as_service(["mkdir", "-p", self.folder])
        as_service([postgres_program("initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "-N",
                    "-E", "UTF8", "--locale=C.UTF-8"])

    def psql(self, *arguments: object, database: str = "tally", user: str = "postgres", text: str = "") -> str:
        """Runs commands given as arguments or, where there are none, as text."""
        return as_service(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.run, "-U", user,
                           "-d", database, *arguments], input=text).stdout.strip()

    def load(self) -> None:
        started = int(time.time())
        self.psql("-c", "create database tally", "-c", "create role tally_web login", database="postgres")
        # As text: the account of the services may not be able to reach the files.
        self.psql(text=with_included("sql/schema.sql"))
        self.psql("-v", "role=tally_web", text=(ROOT / "sql/grants.sql").read_text())
        self.psql("-v", f"events={self.events}", "-v", f"until={utc(started)}",
                  text=(ROOT / "bench/data.sql").read_text())
        self.psql("-c", "create extension pg_prewarm", "-c", "checkpoint")
        note = {"source": self.source(), "loaded_at": started}
        self.note.write_text(json.dumps(note) + "\n")
