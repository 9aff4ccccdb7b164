"""What events hold stays out of the workers' log, also where PostgreSQL's messages repeat it."""

import pytest

import fastcgi
from events import JSON, ROUTE, SERVICE
from postgres import Postgres
from worker import frozen, running, settings_for, wait_for_log

SECRET = "their-own-words"

# Each fails at the end of the transaction, and with it the whole request: what is done, and what is told.
FAULTS = {
    "a detail": (
        "alter table resource_usage_log add constraint once unique (thread_id) deferrable initially deferred",
        '23505 duplicate key value violates unique constraint "once"'
        ' (schema "public", table "resource_usage_log", constraint "once")'),
    "a message": (
        "create function read_thread() returns trigger language plpgsql as"
        " $$ begin perform new.thread_id::uuid; return new; end $$;"
        " create constraint trigger reading after insert on resource_usage_log"
        " deferrable initially deferred for each row execute function read_thread()",
        "22P02 a value does not suit its type (string_to_uuid)"),
    "a context": (
        "create function run_thread() returns trigger language plpgsql as"
        " $$ begin execute format('select 1 from nowhere -- %s', new.thread_id); return new; end $$;"
        " create constraint trigger running after insert on resource_usage_log"
        " deferrable initially deferred for each row execute function run_thread()",
        '42P01 relation "nowhere" does not exist'),
}


def request() -> bytes:
    body = f'{{"resource_type": "ai", "thread_id": "{SECRET}"}}'.encode()
    parameters = fastcgi.parameters_for(ROUTE, "POST", SERVICE)
    return fastcgi.request_bytes({**parameters, "CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(body))}, body)


@pytest.mark.parametrize("name", FAULTS)
def test_events_are_not_told(postgres: Postgres, name: str) -> None:
    change, told = FAULTS[name]
    dbname = postgres.create_database(name.replace(" ", "_"))
    postgres.sql(change, dbname=dbname)
    with running(settings_for(postgres, dbname), {"log": {"level": "debug"}}) as worker:
        # What was refused for two requests together is told before each is recorded by itself.
        with frozen(worker.pid):
            both = worker.connect(), worker.connect()
            for connection in both:
                connection.send(request())
        for connection in both:
            connection.reply()
            connection.close()
        line = wait_for_log(worker, "one request after the other|request=.* 42")
        assert f": {told}" in line
        assert SECRET not in worker.output()
