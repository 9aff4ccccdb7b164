"""doc/api.md shows real replies: each of its examples is asked and compared."""

import json
import re
from typing import Any, Iterator

import pytest

import fastcgi
from pool import Pool
from postgres import WEB_ROLE, Postgres
from process import ROOT

COLLECTION = "3b9f2c52-41f6-4c7b-9d7e-0c5a5f1f0a01"
SHOWN_DAY = "2026-03-02T00:00:00Z"

EVENTS = """
insert into nodes (id, title) values ('{collection}', 'Annual report');
insert into resource_usage_log (created_at, resource_type, collection_id, agent_id, detail) values
  ('2026-03-01 09:00+00', 'ai', null, 'writer',
   '{{"tokens_in": 1200, "tokens_out": 300, "cost_usd": 0.0105}}'),
  ('2026-03-03 09:00+00', 'ai', null, 'writer',
   '{{"tokens_in": 2000, "tokens_out": 250, "tokens_cached": 1024, "cost_usd": "0.009"}}'),
  ('2026-03-08 09:00+00', 'ai', null, 'writer',
   '{{"tokens_in": 2000, "tokens_out": 300, "cost_usd": 0.015}}'),
  (now(), 'ai', '{collection}', null,
   '{{"tokens_in": 2100, "tokens_out": 400, "job_type": "summary", "model_level": "deep"}}'),
  (now(), 'ai', '{collection}', null, '{{"tokens_in": 800, "tokens_out": 10, "model_level": "fast"}}'),
  (now(), 'cas', '{collection}', null, '{{"size_bytes": 1048576}}'),
  (now(), 'whisper', null, null, '{{"duration_seconds": 93.5}}')
"""


def examples() -> list[tuple[str, Any]]:
    """Each request of the document, with the reply below it."""
    text = (ROOT / "doc" / "api.md").read_text()
    found = re.findall(r"```http\nGET (\S+)\n```\n\n```json\n(.*?)\n```", text, re.DOTALL)
    return [(target, json.loads(reply)) for target, reply in found]


@pytest.fixture(scope="module")
def pool(postgres: Postgres) -> Iterator[Pool]:
    name = postgres.create_database("documentation")
    postgres.sql(EVENTS.format(collection=COLLECTION), dbname=name)
    pool = Pool({"database": {"host": postgres.directory, "dbname": name, "user": WEB_ROLE}},
                workers=1)
    yield pool
    pool.stop()


def test_every_route_has_an_example() -> None:
    assert len(examples()) == 2


@pytest.mark.parametrize("target, shown", examples(), ids=lambda value: str(value)[:20])
def test_an_example_shows_the_real_reply(pool: Pool, postgres: Postgres, target: str,
                                         shown: Any) -> None:
    today = postgres.sql("select to_char(max(created_at) at time zone 'UTC', 'YYYY-MM-DD')"
                         " from resource_usage_log", dbname="documentation")[0][0]
    reply = fastcgi.ask(pool.socket, target)
    got = reply.body.decode().replace(f"{today}T00:00:00Z", SHOWN_DAY)
    assert got == json.dumps(shown, separators=(",", ":"))


def test_an_error_looks_as_documented(pool: Pool) -> None:
    reply = fastcgi.ask(pool.socket, "/admin/usage?days=x")
    assert reply.status == 400
    message = reply.json()["error"]
    assert f"`{message}`" in (ROOT / "doc" / "api.md").read_text()
