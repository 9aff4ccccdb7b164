"""What is measured: the request that wrk sends, and the same statements for pgbench."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]

# The ids of users are made by a query, since pgbench's own variables are numbers. One query serves
# this many runs of the statement, so that it hardly counts; each of them is prepared for itself.
USERS_PER_QUERY = 8

# What $1, $2 … of the statements are called in a script. pgbench sends null for a variable that is
# not defined, just as the worker does for a parameter that was not given.
STATS_PARAMETERS = ("since", "until", "bucket", "user_id", "bot_id", "channel_id", "thread_id", "agent_id")
USER_ID = "00000000-0000-4000-8001-%012d"  # of data.sql
OVERVIEW_PARAMETERS = ("days", "collection_id", "max_reply")
OVERVIEW_STATEMENTS = ("overview_by_collection", "overview_ai_drilldown", "overview_daily")


@dataclass(frozen=True)
class Case:
    """One kind of request."""

    name: str
    path: str  # with a place for a number from 1 to `count`
    count: int
    script: str  # for pgbench
    statements: Sequence[str]
    parameters: Sequence[str]  # their names
    variables: Mapping[str, str]  # those with the same value in all requests
    sample: Mapping[str, str]  # the others, for a look at the plan
    replies_per_script: int = 1
    planned_once: bool = True  # as the worker has it
    lengthening: int = 1  # of the rounds, for slow replies
    most_clients: int = 1000
    is_long: bool = False

    def plan_kind(self) -> str:
        """The plan that costs PostgreSQL least here. The worker's statements come to the same one after
        a few calls; pgbench has it from the first, since its connections are new in each round."""
        return "generic" if self.planned_once else "custom"

    def explain(self) -> str:
        """Commands that show how PostgreSQL carries out the statements."""
        values = {**self.variables, **self.sample}
        arguments = ", ".join(f"'{values[name]}'" if name in values else "null" for name in self.parameters)
        return f"set plan_cache_mode = force_{self.plan_kind()}_plan;\n" + "".join(
            f"prepare {name} as {statement(name)};\n"
            f"explain (analyze, buffers, costs off, timing off) execute {name}({arguments});\n"
            for name in self.statements)


def statement(name: str) -> str:
    """The text of sql/NAME.sql as it is compiled into the worker, taken out of the C literal."""
    made = subprocess.run(["awk", "-f", ROOT / "sql/embed.awk", ROOT / f"sql/{name}.sql"],
                          check=True, capture_output=True, text=True).stdout
    literals = [line.strip().removesuffix(";") for line in made.splitlines() if line.startswith('    "')]
    return "".join(json.loads(literal) for literal in literals)


def compiled_in() -> list[str]:
    """The names of all statements of the worker."""
    return re.findall(r"const char (\w+)_sql\[\]", (ROOT / "src/statements_sql.h").read_text())


def with_variables(name: str, parameters: Sequence[str], **renamed: str) -> str:
    """A statement with pgbench's variables in place of its parameters."""
    def variable(match: re.Match[str]) -> str:
        parameter = parameters[int(match[1]) - 1]
        return ":" + renamed.get(parameter, parameter)
    return re.sub(r"\$(\d+)", variable, statement(name)).rstrip() + ";\n"


def thread_case(name: str, events: int, since: str, bucket: str) -> Case:
    threads = max(1, events // 50)
    statement_name = "stats_by_thread"
    script = f"\\set thread_id random(1, {threads})\n" + with_variables(statement_name, STATS_PARAMETERS)
    return Case(name, f"/v1/usage/stats?since={since}&bucket={bucket}&thread_id=%d", threads, script,
                [statement_name], STATS_PARAMETERS, {"since": since, "bucket": bucket}, {"thread_id": "1"})


def user_case(events: int, since: str) -> Case:
    users = max(1, events // 1100)
    statement_name = "stats_by_user"
    # The first user is drawn; the others follow at a distance.
    ids = ",\n".join(
        f"  '{USER_ID[:24]}' || lpad((1 + (:first + {n * 37}) % {users})::text, 12, '0') as user_{n}"
        for n in range(USERS_PER_QUERY))
    statements = (with_variables(statement_name, STATS_PARAMETERS, user_id=f"user_{n}")
                  for n in range(USERS_PER_QUERY))
    script = f"\\set first random(1, {users})\nselect\n{ids} \\gset\n" + "".join(statements)
    return Case("user by month", f"/v1/usage/stats?since={since}&bucket=month&user_id={USER_ID}", users, script,
                [statement_name], STATS_PARAMETERS, {"since": since, "bucket": "month"},
                {"user_id": USER_ID % 1}, replies_per_script=USERS_PER_QUERY)


def overview_case(days: int, **others: Any) -> Case:
    statements = (with_variables(name, OVERVIEW_PARAMETERS) for name in OVERVIEW_STATEMENTS)
    script = ("\\startpipeline\nbegin isolation level repeatable read read only;\n"
              + "".join(statements) + "commit;\n\\endpipeline\n")
    return Case(f"overview {days} days", f"/admin/usage?days={days}", 1, script, OVERVIEW_STATEMENTS,
                OVERVIEW_PARAMETERS, {"days": str(days)}, {}, planned_once=False, **others)


def all_cases(events: int, since: str) -> list[Case]:
    """The numbers of threads and users in the cases are those of data.sql."""
    return [
        thread_case("thread by day", events, since, "day"),
        thread_case("thread, no bucket", events, since, "none"),
        user_case(events, since),
        overview_case(30, lengthening=3),
        # More clients than workers would wait for longer than nginx does.
        overview_case(365, lengthening=6, most_clients=4, is_long=True),
    ]
