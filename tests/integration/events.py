"""Sending events to a worker, and what a test wants to know of the log behind it."""

import json
from typing import Any, Mapping, Optional, Union

import fastcgi
from client import Reply
from postgres import Postgres
from worker import Worker

ROUTE = "/v1/usage/events"
SERVICE = {"REMOTE_USER": "reporting", "TALLY_ROLE": "service"}
JSON = "application/json"
LINES = "application/x-ndjson"
CLOUD = "application/cloudevents+json"
CLOUDS = "application/cloudevents-batch+json"

Body = Union[bytes, str, Mapping[str, Any], list[Any]]


def as_bytes(body: Body) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def post(worker: Worker, body: Body, kind: Optional[str] = JSON, query: str = "",
         identity: Mapping[str, str] = SERVICE, **parameters: str) -> Reply:
    """Sends a body as nginx hands it on; `parameters` replace or add to what it says of it."""
    data = as_bytes(body)
    given = {**fastcgi.parameters_for(ROUTE + query, "POST", identity), "CONTENT_LENGTH": str(len(data))}
    if kind is not None:
        given["CONTENT_TYPE"] = kind
    return fastcgi.call(worker.socket, {**given, **parameters}, body=data)


def results(reply: Reply) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reply.json()["results"]
    return found


def only(reply: Reply) -> dict[str, Any]:
    """The result of the only event that was sent."""
    [result] = results(reply)
    return result


def rejected(reply: Reply) -> str:
    """Why the only event was rejected, and nothing else happened."""
    assert reply.status == 400, reply
    assert [reply.json()[key] for key in ("accepted", "duplicates", "rejected")] == [0, 0, 1], reply
    result = only(reply)
    assert result["status"] == "rejected"
    return str(result["error"])


def counts(reply: Reply) -> tuple[int, int, int]:
    assert reply.status == 200, reply
    return tuple(reply.json()[key] for key in ("accepted", "duplicates", "rejected"))  # type: ignore[return-value]


def detail_of(postgres: Postgres, dbname: str, id: str) -> dict[str, str]:
    """Each member as PostgreSQL writes it, with all its digits."""
    rows = postgres.sql("select key, value::text from resource_usage_log, jsonb_each(detail) where id = %s", id,
                        dbname=dbname)
    return dict(rows)
