"""For well-formed details the overview is what a plain GROUP BY over the log gives."""

import json
import random
from typing import Any, Iterator

import pytest

from postgres import Postgres
from reference import TOTAL_MEMBERS, Event
from store import Store
from strategies import IDS
from wire import DAY
from worker import Worker, running, settings_for

NOW = "extract(epoch from now()) * 1000000"

BY_COLLECTION = """
select collection_id::text, title, resource_type, count(*),
  coalesce(sum(case resource_type
    when 'ai' then (detail->>'tokens_in')::numeric when 'whisper' then (detail->>'duration_seconds')::numeric
    when 'tts' then (detail->>'characters')::numeric when 'livekit' then (detail->>'participant_minutes')::numeric
    when 'cas' then (detail->>'size_bytes')::numeric when 'bandwidth' then (detail->>'size_bytes')::numeric
  end), 0)::float8 as total,
  coalesce(sum((detail->>'tokens_out')::numeric) filter (where resource_type = 'ai'), 0)::float8
from resource_usage_log left join nodes on nodes.id = collection_id
where created_at >= now() - interval '{days} days' and {condition}
group by collection_id, title, resource_type
order by total desc, collection_id nulls last, resource_type collate "C"
"""

AI_DRILLDOWN = """
select collection_id::text, title, job_type, model_level, sum(tokens_in)::bigint, sum(tokens_out)::bigint, count(*)
from (
  select *, detail->>'job_type' as job_type, detail->>'model_level' as model_level,
    (detail->>'tokens_in')::numeric as tokens_in, (detail->>'tokens_out')::numeric as tokens_out
  from resource_usage_log
) log left join nodes on nodes.id = collection_id
where resource_type = 'ai' and created_at >= now() - interval '{days} days' and {condition}
group by collection_id, title, job_type, model_level
order by sum(tokens_in) desc, collection_id nulls last, job_type collate "C" nulls last,
  model_level collate "C" nulls last
"""

DAILY = """
select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T00:00:00Z"') as day, resource_type, count(*),
  coalesce(sum(case resource_type
    when 'ai' then (detail->>'tokens_in')::numeric when 'whisper' then (detail->>'duration_seconds')::numeric
    when 'tts' then (detail->>'characters')::numeric when 'livekit' then (detail->>'participant_minutes')::numeric
    when 'cas' then (detail->>'size_bytes')::numeric when 'bandwidth' then (detail->>'size_bytes')::numeric
  end), 0)::float8
from resource_usage_log
where created_at >= now() - interval '{days} days' and {condition}
group by 1, 2 order by 1 desc, resource_type collate "C"
"""

PARTS = {"by_collection": BY_COLLECTION, "ai_drilldown": AI_DRILLDOWN, "daily": DAILY}


def well_formed(numbers: random.Random, now: int) -> Event:
    """An event in the last half year, hours away from the windows' moving edges."""
    kind = numbers.choice([*TOTAL_MEMBERS, "ai", "ai", "other"])
    members: dict[str, Any] = {}
    if kind == "ai":
        members = {"tokens_in": numbers.randrange(5000), "tokens_out": numbers.randrange(2000), "cost_usd": 0.01,
                   "job_type": numbers.choice(["chat", "search", "Title", None]),
                   "model_level": numbers.choice(["fast", "smart", "deep"])}
    elif kind in TOTAL_MEMBERS:
        members = {TOTAL_MEMBERS[kind]: numbers.choice([numbers.randrange(10**9), numbers.random() * 1000])}
    created_at = now - numbers.randrange(180) * DAY - numbers.randrange(DAY // 3, DAY // 2)
    return Event(created_at, kind, numbers.choice([None, *IDS]), detail=json.dumps(members))


@pytest.fixture(scope="module")
def store(postgres: Postgres) -> Iterator[Store]:
    filled = Store(postgres, "plain", frozen=False)
    numbers = random.Random(11)
    [[now]] = postgres.sql(f"select ({NOW})::bigint")
    filled.fill([well_formed(numbers, now) for _ in range(3000)], {IDS[1]: "One", IDS[2]: None})
    yield filled
    filled.close()


@pytest.fixture(scope="module")
def worker(postgres: Postgres, store: Store) -> Iterator[Worker]:
    with running(settings_for(postgres, store.dbname)) as one:
        yield one


@pytest.mark.parametrize("only", ["", IDS[0], IDS[1]])
@pytest.mark.parametrize("days", [1, 7, 30, 90, 365])
def test_overview_is_plain_sql(store: Store, worker: Worker, days: int, only: str) -> None:
    reply = worker.ask(f"/admin/usage?days={days}" + (f"&collection_id={only}" if only else "")).json()
    assert list(reply) == list(PARTS)
    condition = f"collection_id = '{only}'" if only else "true"
    for part, query in PARTS.items():
        rows = store.connection.execute(query.format(days=days, condition=condition)).fetchall()
        assert [tuple(row.values()) for row in reply[part]] == rows, part
