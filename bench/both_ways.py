"""Each report from the events and from the sums: bench/run --both-ways."""

import json
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from adoption import adopt
from asking import DIFFERENT, WAYS, Answers, Client, Question, measure
from cluster import Cluster
from report import commit, database_surroundings, nginx_version, number, table, worker_version
from server import utc
from services import NOBODY, BenchError, Service, free_port, start_nginx, start_pool
from session import make_folder, say

DAYS = (1, 30, 365)
FILTERS = ("user", "agent", "thread")
BUCKETS = ("day", "week", "month", "none")

# One client never waits for another, and what a worker has prepared once it has for each request.
WORKERS_PER_WAY = 1
PATIENT_WORKER = "query_timeout = 3600000\n[reports]\nrollups = {rollups}\nupkeep = no\n"
PATIENT_NGINX = {**NOBODY, "fastcgi_read_timeout    12s": "fastcgi_read_timeout 3600s",
                 "keepalive_timeout 20s": "keepalive_timeout 3600s"}  # a way waits while the other answers

HEADINGS = ["case", *(f"{way} ms" for way in WAYS), "ratio", "bytes", "same bytes"]


@dataclass(frozen=True)
class Shape:
    """What a log is of; `variables` are those of data.sql."""

    title: str
    variables: Mapping[str, int]
    has_statistics: bool  # or the overview alone

    def kinds(self) -> int:
        return self.variables["jobs"] * 3


SHAPES = {
    "usual": Shape("100 collections, 1,000 users, 36 kinds of AI job in each collection",
                   {"collections": 100, "users": 1000, "jobs": 12}, True),
    "wide": Shape("1,000 collections, 1,000 users, 60 kinds of AI job in each collection",
                  {"collections": 1000, "users": 1000, "jobs": 20}, False),
}


def make_cluster(folder: Path, events: int, shape: Shape) -> Cluster:
    return Cluster(folder / "clusters" / f"{events}-{shape.kinds()}", folder / "run", events, shape.variables)


def questions(cluster: Cluster, shape: Shape) -> list[Question]:
    end, ids = cluster.loaded_at(), last_event(cluster)
    asked = [Question(f"overview{of}, {span(days)}", f"/admin/usage?days={days}{more}", False)
             for of, more in (("", ""), (" of a collection", f"&collection_id={ids['collection']}")) for days in DAYS]
    for by, more in ("", ""), *((f" by {name}", f"&{name}_id={ids[name]}") for name in FILTERS):
        asked += [Question(f"stats{by}, {span(days)}, {bucket}",
                           f"/v1/usage/stats?since={utc(end - days * 86400)}&until={utc(end)}&bucket={bucket}{more}",
                           True)
                  for days in DAYS for bucket in BUCKETS]
    return [question for question in asked if shape.has_statistics or question.name.startswith("overview")]


def span(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def last_event(cluster: Cluster) -> dict[str, str]:
    """The ids of the last event that has all of them, so that each window has usage in it."""
    ids: dict[str, str] = json.loads(cluster.psql("-c", """
        select json_build_object('collection', collection_id, 'user', user_id, 'agent', agent_id, 'thread', thread_id)
        from resource_usage_log where resource_type = 'ai' and agent_id is not null
        order by created_at desc limit 1"""))
    return ids


def start_ways(ending: ExitStack, cluster: Cluster, program: Path) -> dict[str, Client]:
    """A pool behind an nginx of its own for each way, and who asks it."""
    def begin(service: Service) -> None:
        ending.callback(service.stop)
    cluster.psql("-c", "alter role tally_web in database tally set statement_timeout = 0")
    clients = {}
    for way in WAYS:
        folder, port = make_folder(cluster.run / way), free_port()
        rollups = "yes" if way == "sums" else "no"
        begin(start_pool(program, cluster.run, folder, WORKERS_PER_WAY, PATIENT_WORKER.format(rollups=rollups)))
        begin(start_nginx(folder, port, PATIENT_NGINX))
        clients[way] = ending.enter_context(closing(Client(port)))
    return clients


def cells(answers: Answers) -> list[str]:
    events, sums = (answers.median_ms(way) for way in WAYS)
    return [answers.question.name, number(events), number(sums), number(events / sums), f"{answers.size:,}",
            answers.agreement]


def compare_ways(cluster: Cluster, shape: Shape, program: Path, wanted: str) -> tuple[str, list[str]]:
    """Measures the cases whose names contain `wanted`: the results, and the cases whose replies differ."""
    with ExitStack() as ending:
        cluster.prepare()
        ending.callback(cluster.start().stop)
        adoption = adopt(cluster)
        asked = [question for question in questions(cluster, shape) if wanted in question.name]
        if not asked:
            raise BenchError(f"no case has {wanted!r} in its name")
        clients = start_ways(ending, cluster, program)
        age = (time.time() - cluster.loaded_at()) / 60
        rows = []
        for question in asked:
            rows.append(cells(measure(clients, question)))
            say(" | ".join(rows[-1]))
    results = "\n\n".join([
        "\n".join([*database_surroundings({}, "for the role, sql/grants.sql without its statement_timeout"),
                   f"- {nginx_version()}, 2 processes for each way",
                   f"- {worker_version(program)}, {WORKERS_PER_WAY} worker for each way", commit()]),
        f"{cluster.events:,} events, {shape.title}. {adoption.line(cluster.events)} The first request came "
        f"{age:.0f} min after the end of the log.",
        table(HEADINGS, rows)])
    return results, [row[0] for row in rows if row[-1] == DIFFERENT]
