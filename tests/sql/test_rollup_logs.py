"""The sums of logs that are not as others are: with a parent, with changes that are replayed, with strange events."""

import psycopg

from postgres import Postgres
from test_rollups import Owner, add, check, owner, upkeep  # pylint: disable=unused-import


def test_a_log_with_a_parent(owner: Owner) -> None:
    """What is changed by way of the parent fires no trigger here."""
    owner.execute("create table everything (like resource_usage_log); alter table resource_usage_log inherit everything;"
                  " update everything set detail = '{\"tokens_in\": 1000}'")
    check(owner, in_use=False)
    assert upkeep(owner) == "unfit"
    owner.execute("alter table resource_usage_log no inherit everything")
    check(owner, in_use=False)
    assert upkeep(owner) == "done"
    check(owner)


def test_changes_in_a_session_that_replays(owner: Owner, cluster: Postgres, dbname: str) -> None:
    with psycopg.connect(cluster.conninfo(dbname), autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica;"
                          " update resource_usage_log set detail = '{\"tokens_in\": 3}' where id::text < '8'")
        superuser.execute("delete from resource_usage_log where id::text > 'c'")
    check(owner)
    upkeep(owner)
    check(owner)


def test_times_and_types_of_no_report(owner: Owner) -> None:
    """Neither stops the upkeep, nor those who change such events."""
    owner.execute("alter table resource_usage_log alter resource_type drop not null; insert into resource_usage_log"
                  " (created_at, resource_type, detail) values ('4714-11-24 00:00:00+00 BC', 'ai', '{}'), (now(), null, '{}')")
    assert upkeep(owner) == "done"
    owner.execute("update resource_usage_log set detail = '{\"tokens_in\": 1}' where created_at < '4000-01-01 BC' or"
                  " resource_type is null")
    check(owner)
    owner.execute("delete from resource_usage_log where created_at < '4000-01-01 BC' or resource_type is null")
    assert upkeep(owner) == "done"
    check(owner)


def test_numbers_that_are_given_again(owner: Owner) -> None:
    """They are noticed by the next step of the upkeep."""
    owner.execute("delete from resource_usage_log; alter sequence resource_usage_log_seq restart")
    add(owner, 20)
    assert upkeep(owner) == "done"
    check(owner)
