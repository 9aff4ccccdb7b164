"""A database whose events are replaced at will, and in which a test says what time it is."""

from typing import Any, Iterable, Mapping, Optional, Union

from postgres import WEB_ROLE, Postgres
from reference import Event
from wire import DAY, civil

COLUMNS = ("created_at", "resource_type", "collection_id", "user_id", "bot_id", "channel_id",
           "thread_id", "agent_id", "detail")

# The workers' statements find this now() before PostgreSQL's own.
CLOCK = f"""
create schema clock;
create table clock.instant (now timestamptz not null);
insert into clock.instant values (now());
create function clock.now() returns timestamptz stable language sql
  as 'select instant.now from clock.instant';
grant usage on schema clock to {WEB_ROLE};
grant select on clock.instant to {WEB_ROLE};
"""


def timestamptz(created_at: Union[int, str]) -> str:
    """Microseconds since 1970 as PostgreSQL reads them in any year; it has no year 0."""
    if isinstance(created_at, str):
        return created_at
    days, rest = divmod(created_at, DAY)
    seconds, microseconds = divmod(rest, 1_000_000)
    year, month, day = civil(days)
    era = "" if year > 0 else " BC"
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{microseconds:06d}+00"
    return f"{year if year > 0 else 1 - year:04d}-{month:02d}-{day:02d} {clock}{era}"


class Store:
    """Events and titles of one database; `frozen`: with a clock that a test sets."""

    def __init__(self, postgres: Postgres, dbname: str, frozen: bool = True):
        self.dbname = postgres.create_database(dbname)
        self.frozen = frozen
        self.connection = postgres.connect(dbname)
        # An adopted log may have no such constraint.
        self.connection.execute("alter table resource_usage_log alter column detail drop not null")
        if frozen:
            self.connection.execute(CLOCK)
            self.connection.execute(f"alter role {WEB_ROLE} in database {dbname}"
                                    " set search_path = clock, pg_catalog, public")

    def close(self) -> None:
        self.connection.close()

    def add(self, events: Iterable[Event]) -> None:
        self._copy("resource_usage_log", COLUMNS, (_row(event) for event in events))

    def upkeep(self, events: int = 10_000, steps: int = 1_000_000) -> None:
        """Take steps of the upkeep of sums, up to the end where there are no fewer."""
        for _ in range(steps):
            [(said,)] = self.connection.execute("select tally_upkeep(%s)", [events]).fetchall()
            assert said in ("done", "more"), said
            if said == "done":
                break

    def differences(self) -> list[tuple[Any, ...]]:
        """Between the sums and the events that they should hold."""
        return self.connection.execute("select * from tally_verify()").fetchall()

    def fill(self, events: Iterable[Event], titles: Optional[Mapping[str, Optional[str]]] = None,
             now: Optional[int] = None) -> None:
        """Replace what is there, and set the clock where `now` is given, in microseconds."""
        with self.connection.transaction():
            self.connection.execute("truncate resource_usage_log, nodes")
            if now is not None:
                self.connection.execute("update clock.instant set now = %s", [timestamptz(now)])
            self._copy("nodes", ("id", "title"), (titles or {}).items())
            self.add(events)

    def _copy(self, table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
        with self.connection.cursor() as cursor:
            with cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin") as copy:
                for row in rows:
                    copy.write_row(row)


def _row(event: Event) -> tuple[Optional[str], ...]:
    return (timestamptz(event.created_at), *(getattr(event, name) for name in COLUMNS[1:]))
