"""doc/api.md shows real replies: each of its examples is asked and compared."""

import json
import re
import subprocess
from typing import Any, Iterator

import pytest

import fastcgi
from client import PASSWORD, ask
from nginx import Nginx
from pool import Pool
from postgres import WEB_ROLE, Postgres
from process import ROOT
from shipped import SERVICE

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


def blocks(language: str) -> list[str]:
    text = (ROOT / "doc" / "api.md").read_text()
    return re.findall(rf"```{language}\n(.*?)\n```", text, re.DOTALL)


@pytest.fixture(scope="module")
def pool(postgres: Postgres) -> Iterator[Pool]:
    name = postgres.create_database("documentation")
    postgres.sql(EVENTS.format(collection=COLLECTION), dbname=name)
    pool = Pool({"database": {"host": postgres.directory, "dbname": name, "user": WEB_ROLE}},
                workers=1)
    yield pool
    pool.stop()


def test_every_route_has_an_example() -> None:
    assert len(examples()) == 3


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


@pytest.fixture(scope="module")
def empty(postgres: Postgres) -> Iterator[Nginx]:
    """A log without events, behind nginx."""
    name = postgres.create_database("documentation_of_events")
    pool = Pool({"database": {"host": postgres.directory, "dbname": name, "user": WEB_ROLE}}, workers=1)
    nginx = Nginx(pool.socket, pool.socket)
    yield nginx
    nginx.stop()
    pool.stop()


def test_events_are_answered_as_documented(empty: Nginx) -> None:
    text = (ROOT / "doc" / "api.md").read_text()
    found = re.search(r"```http\nPOST (\S+)\nContent-Type: (\S+)\n\n(.*?)\n```\n\n```json\n(.*?)\n```", text, re.DOTALL)
    assert found
    body = found[3].encode()
    reply = ask(empty.plain, found[1], user=SERVICE, method="POST", body=body,
                headers=[("Content-Type", found[2]), ("Content-Length", str(len(body)))])
    assert reply.body.decode() == json.dumps(json.loads(found[4]), separators=(",", ":"))


def test_the_examples_in_python_and_sql_work(empty: Nginx, postgres: Postgres) -> None:
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block, names)  # pylint: disable=exec-used
    [prices] = [block for block in blocks("sql") if "model_price" in block]
    response = {"model": "gpt-4o-mini-2024-07-18", "usage": {"prompt_tokens": 1000, "completion_tokens": 10,
                                                             "prompt_tokens_details": {"cached_tokens": 400}}}
    embedding = {"model": "e", "usage": {"prompt_tokens": 5}}
    user = "7f2c1d1e-6a40-4c57-9d0c-2f4b8f1f3a12"
    events = [names["event_of"](response, user), names["event_of"](response, user, 0.000015),
              names["event_of"](embedding, user, 0)] + [{"resource_type": "x"} for _ in range(1000)] + [{"resource_type": 5}]
    url = f"http://127.0.0.1:{empty.plain.port}/v1/usage/events"
    for _ in range(2):
        refused = names["log_usage"](events, url=url, auth=(SERVICE, PASSWORD))
        assert refused == [(events[-1], "resource_type: must be a string")]
    postgres.sql(prices, dbname="documentation_of_events")
    rows = postgres.sql("select detail ->> 'cost_usd' from resource_usage_log where user_id = %s order by 1", user,
                        dbname="documentation_of_events")
    assert rows == [("0",), ("0.000015",), ("0.000126",)]
    with pytest.raises(names["requests"].HTTPError):
        names["log_usage"](events, url=url, auth=(SERVICE, "wrong"))


def test_the_cloud_event_is_taken(empty: Nginx) -> None:
    [block] = [block for block in blocks("json") if "specversion" in block]
    reply = ask(empty.plain, "/v1/usage/events", user=SERVICE, method="POST", body=block.encode(),
                headers=[("Content-Type", "application/cloudevents+json"), ("Content-Length", str(len(block)))])
    assert reply.json()["accepted"] == 1


def test_the_example_with_curl_works(empty: Nginx) -> None:
    [command] = [block for block in blocks("sh") if block.startswith("curl")]
    command = command.replace("-u reporting", f"-u {SERVICE}:'{PASSWORD}' --silent --fail").replace(
        "https://usage.example.org", f"http://127.0.0.1:{empty.plain.port}")
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["accepted"] == 1
