"""The database of a run: made and loaded once for a size, and kept while it is still good."""

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any, Mapping, Optional

from server import Server, utc, with_included
from services import ROOT, Service, postgres_program

# An overview of 30 days looks back from now: with an older log it would see less than 99 % of them.
KEPT_HOURS = 6


class Cluster(Server):
    """A cluster in `folder`, and a log of `events` events; `shape` is for the variables of data.sql."""

    def __init__(self, folder: Path, run: Path, events: int, shape: Optional[Mapping[str, int]] = None):
        super().__init__(folder / "data", run)
        self.folder, self.events, self.shape = folder, events, shape or {}
        self.note = folder / "loaded.json"

    def source(self) -> str:
        """What the content follows from, besides the moment of loading."""
        files = ("sql/schema.sql", "sql/grants.sql", "bench/data.sql")
        text = "".join(map(with_included, files))
        return hashlib.sha256(f"{postgres_program('postgres')} {self.events} {dict(self.shape)} {text}"
                              .encode()).hexdigest()

    def noted(self) -> dict[str, Any]:
        """What is known of the log, if it can still be used."""
        try:
            note: dict[str, Any] = json.loads(self.note.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        age = time.time() - note["loaded_at"]
        return note if note["source"] == self.source() and 0 <= age < KEPT_HOURS * 3600 else {}

    def write_note(self, **note: Any) -> None:
        self.note.write_text(json.dumps(note) + "\n")

    def loaded_at(self) -> float:
        """When the log was loaded that can still be used; 0 if there is none."""
        return float(self.noted().get("loaded_at", 0))

    def since(self) -> str:
        """The instant at which the log begins."""
        return utc(self.loaded_at() - 365 * 86400)

    def start(self, **settings: str) -> Service:
        """The server, with all that the requests touch in its memory."""
        service = super().start(**settings)
        try:
            if not self.loaded_at():
                self.load()
            self.warm()
        except BaseException:
            service.stop()
            raise
        return service

    def warm(self) -> None:
        self.psql("-c", "select pg_prewarm(c.oid) from pg_class c where relkind in ('r', 'i') "
                  "and relnamespace = 'public'::regnamespace")

    def prepare(self) -> None:
        """Make an empty cluster, unless there is one with a log that can be used."""
        if self.loaded_at():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.make()

    def load(self) -> None:
        started = int(time.time())
        self.create()
        self.psql("-c", "create role tally_web login")
        self.psql("-v", "role=tally_web", text=with_included("sql/grants.sql"))
        self.fill({"events": self.events, "until": utc(started), **self.shape})
        self.psql("-c", "create extension pg_prewarm", "-c", "checkpoint")
        self.write_note(source=self.source(), loaded_at=started)
