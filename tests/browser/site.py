"""A whole site for tests in a browser: started, told what shall go wrong, and ended, over its standard input.

It prints one line of JSON when the site is up. Each line that it reads is a command, {"command": NAME, ...},
and answered by one line once that is done: {"result": ...}, or {"error": TEXT}. It ends with its input.
"""

import argparse
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import psycopg
from psycopg.rows import dict_row

import process
import shipped
from client import PASSWORD, ask
from nginx import NO_LIMITS, Nginx
from pool import Pool
from postgres import WEB_ROLE, Postgres
from process import ROOT
from shipped import ADMIN, SERVICE, STRANGER, USER, Change
from wait import wait_until

# The first person of sql/sample.sql.
USER_ID = "00000000-0000-4000-8001-000000000001"

USERS = {
    "admin": {"name": ADMIN, "role": "admin", "id": None},
    "service": {"name": SERVICE, "role": "service", "id": None},
    "user": {"name": USER, "role": "user", "id": USER_ID},
    "stranger": {"name": STRANGER, "role": "user", "id": None},
}

OVERVIEW, STATS = "/admin/usage", "/v1/usage/stats?bucket=none"
DATABASE = "site"


class Site:
    """PostgreSQL with sample data, the users' pool, the administrators' pool, and nginx in front."""

    def __init__(self, tenancy: str, events: int):
        self.tenancy = tenancy
        self.postgres = Postgres()
        self.postgres.create_database(DATABASE)
        self.postgres.psql(DATABASE, ROOT / "sql" / "sample.sql", "-v", f"events={events}")
        while self.postgres.sql("select tally_upkeep(100000)", dbname=DATABASE) != [("done",)]:
            pass
        settings = {
            "database": {"host": self.postgres.directory, "dbname": DATABASE, "user": WEB_ROLE},
            "service": {"tenancy": tenancy},
        }
        self.pools = {"tally": Pool(settings), "admin": Pool(settings)}
        # The pages live with the limit of a user's requests that are under way.
        locations = {old: new for old, new in NO_LIMITS["tally_locations"].items() if "auth_delay" in old}
        self.nginx = Nginx(self.pools["tally"].socket, self.pools["admin"].socket,
                           {**NO_LIMITS, "tally_locations": locations, "tally.conf": {shipped.USER_ID: Change(USER_ID)}})
        self.lock: Optional["psycopg.Connection[Any]"] = None
        self.stalled: list[int] = []
        self.kept: dict[Path, str] = {}
        self._wait_for_service()

    def introduction(self) -> dict[str, object]:
        return {
            "url": f"http://127.0.0.1:{self.nginx.plain.port}",
            "tenancy": self.tenancy,
            "users": {key: {**user, "password": PASSWORD} for key, user in USERS.items()},
        }

    def stop_database(self) -> None:
        """Queries are answered with 503."""
        self.postgres.stop("fast")

    def start_database(self) -> None:
        self.postgres.start()
        self._wait_for_service()

    def freeze_database(self) -> None:
        """Queries wait for a lock, for 2 s, and are answered with 504."""
        if not self.lock:
            self.lock = self.postgres.connect(DATABASE)
            self.lock.execute("begin")
            self.lock.execute("lock table resource_usage_log in access exclusive mode")

    def stall_database(self) -> None:
        """Queries get nowhere until thaw; after 10 s they are answered with 504."""
        # The server's main process goes on: it ends with this one, and these with it.
        rows = self.postgres.sql("select pid from pg_stat_activity where usename = %s", WEB_ROLE)
        self.stalled = [pid for (pid,) in rows]
        self._signal_stalled(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.lock:
            self.lock.close()
            self.lock = None
        self._signal_stalled(signal.SIGCONT)
        self.stalled = []

    def stop_workers(self, pool: Optional[str] = None) -> None:
        """Requests of this pool, or of both, are answered with 502."""
        for one in self._chosen(pool):
            one.stop()

    def start_workers(self, pool: Optional[str] = None) -> None:
        for one in self._chosen(pool):
            if not one.process:
                one.start()
        self._wait_for_service()

    def limit(self) -> None:
        """Reports are answered with 429, but for one in a minute."""
        if not self.kept:
            self._edit("tally_http", r"(zone=tally_(?:reports|overviews):\S+) rate=\S+;", r"\1 rate=1r/m;", 2)
            self._edit("tally_locations", r"(limit_req zone=tally_(?:reports|overviews)) burst=.*;", r"\1;")
            self.nginx.reload()
        for target in (OVERVIEW, STATS):
            wait_until(lambda target=target: self._status(target) == 429, f"{target} to be limited")

    def unlimit(self) -> None:
        for path, text in self.kept.items():
            path.write_text(text)
        self.kept = {}
        self.nginx.reload()

    def expire_login(self) -> None:
        """Nobody's password is right any more: 401."""
        (self.nginx.directory / "tally.htpasswd").write_text("")

    def renew_login(self) -> None:
        shipped.make_htpasswd(self.nginx.directory / "tally.htpasswd")

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a statement that the owner of the tables runs."""
        with self.postgres.connect(DATABASE) as connection:
            # A frozen database must not hold up the one who is to thaw it.
            connection.execute("set lock_timeout = '5s'")
            cursor = connection.cursor(row_factory=dict_row)
            cursor.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def logs(self) -> dict[str, str]:
        """What the servers have written."""
        return {"nginx": self.nginx.error_log.read_text(errors="replace"),
                "postgres": self.postgres.log.read_text(errors="replace"),
                **{f"workers of {name}": pool.output() for name, pool in self.pools.items()}}

    def quit(self) -> None:
        """End everything, and find no alarm in what the servers wrote."""
        self.thaw()
        self.nginx.stop()
        for pool in self.pools.values():
            pool.stop()
        self.postgres.stop("immediate")

    def _chosen(self, pool: Optional[str]) -> list[Pool]:
        return [self.pools[pool]] if pool else list(self.pools.values())

    def _signal_stalled(self, number: signal.Signals) -> None:
        for pid in self.stalled:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def _status(self, target: str) -> int:
        return ask(self.nginx.plain, target, user=ADMIN).status

    def _edit(self, name: str, pattern: str, new: str, times: Optional[int] = None) -> None:
        path = self.nginx.directory / name
        text = path.read_text()
        edited, found = re.subn(pattern, new, text)
        assert found and times in (None, found), f"{name}: {pattern!r} stands there {found} times"
        self.kept[path] = text
        path.write_text(edited)

    def _wait_for_service(self) -> None:
        """Until every worker that runs has its database; where one part is stopped, nothing is waited for."""
        if self.postgres.process and all(pool.process for pool in self.pools.values()):
            wait_until(self._all_connected, "every worker to have its database", 30)

    def _all_connected(self) -> bool:
        sessions = self.postgres.sql("select count(*) from pg_stat_activity where usename = %s", WEB_ROLE)
        return (self._status(OVERVIEW) == 200 and self._status(STATS) == 200
                and sessions == [(sum(pool.workers for pool in self.pools.values()),)])


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command for command in (
        Site.stop_database, Site.start_database, Site.freeze_database, Site.stall_database, Site.thaw,
        Site.stop_workers, Site.start_workers, Site.limit, Site.unlimit, Site.expire_login,
        Site.renew_login, Site.sql, Site.logs, Site.quit)
}


def say(message: object) -> None:
    print(json.dumps(message, default=str), flush=True)


def obey(site: Site, line: str) -> object:
    try:
        arguments = json.loads(line)
        return {"result": COMMANDS[arguments.pop("command")](site, **arguments)}
    except Exception as error:  # pylint: disable=broad-except
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenancy", choices=("multi", "single"), default="multi")
    parser.add_argument("--events", type=int, default=20_000, help="how many events the sample has at least")
    options = parser.parse_args()
    process.end_on_termination()
    site = Site(options.tenancy, options.events)
    say(site.introduction())
    for line in sys.stdin:
        say(obey(site, line))
        if '"quit"' in line:
            break
    site.thaw()


if __name__ == "__main__":
    main()
