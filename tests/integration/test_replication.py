"""A log that a subscription fills: what it applies, it applies without triggers for statements."""

from typing import Iterator

import pytest

from postgres import Postgres
from wait import wait_until

COLUMNS = "id, created_at, resource_type, collection_id, user_id, bot_id, channel_id, thread_id, agent_id, detail"
COUNT = "select count(*), sum((detail ->> 'tokens_in')::int) from resource_usage_log"


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    cluster = Postgres({"wal_level": "logical"})
    yield cluster
    cluster.stop("immediate")


def adopt(own: Postgres) -> None:
    own.sql("call tally_adopt()", dbname="subscriber")


def test_sums_at_a_subscriber(own: Postgres) -> None:
    for name in ("publisher", "subscriber"):
        own.create_database(name)
    own.sql(f"create publication usage for table resource_usage_log ({COLUMNS})", dbname="publisher")
    own.sql("select pg_create_logical_replication_slot('usage', 'pgoutput')", dbname="publisher")
    own.sql(f"create subscription usage connection '{own.conninfo('publisher')}' publication usage"
            " with (create_slot = false, slot_name = 'usage')", dbname="subscriber")
    try:
        steps = (
            ("insert into resource_usage_log (resource_type, user_id, detail) select 'ai', gen_random_uuid(),"
             " '{\"tokens_in\": 5}' from generate_series(1, 100)"),
            "update resource_usage_log set detail = '{\"tokens_in\": 1000}'",
            "delete from resource_usage_log where id::text < '8'",
            "insert into resource_usage_log (resource_type, detail) values ('ai', '{\"tokens_in\": 7}')",
        )
        for step in steps:
            own.sql(step, dbname="publisher")
            expected = own.sql(COUNT, dbname="publisher")
            wait_until(lambda expected=expected: own.sql(COUNT, dbname="subscriber") == expected, "the change to arrive", 20)
            check(own, expected)
            adopt(own)
            check(own, expected)
    finally:
        own.sql("alter subscription usage disable", dbname="subscriber")
        own.sql("alter subscription usage set (slot_name = none)", dbname="subscriber")
        own.sql("drop subscription usage", dbname="subscriber")


def check(own: Postgres, expected: object) -> None:
    """By the sums as far as they go, and what is not in them yet."""
    assert own.sql("select in_use from tally_rollup_status", dbname="subscriber")
    assert own.sql("select * from tally_verify()", dbname="subscriber") == []
    rolled = own.sql(
        "select coalesce(sum(n), 0), sum(t) from (select events as n, total as t from tally_rollup where report = 'ai'"
        " and grain = 'month' union all select 1, (detail ->> 'tokens_in')::int from resource_usage_log, tally_rollup_state"
        " where seq > watermark union all select sign, sign * (detail ->> 'tokens_in')::int from tally_correction,"
        " tally_rollup_state where seq <= watermark) part", dbname="subscriber")
    assert rolled == expected
