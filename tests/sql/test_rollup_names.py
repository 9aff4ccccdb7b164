"""The sums of events whose names are long, whatever they are: they are kept, and replies are those of the events."""

import random
import string
from typing import Any, Optional

import psycopg
import pytest

from postgres import Postgres
from run import install
from test_rollups import Owner, add, differences, owner, status, upkeep  # pylint: disable=unused-import
from writers import COLLECTIONS, FILTERS, OVERVIEW_TYPES, PARTS, STATS_TYPES, USERS, run

MEBIBYTE = 1024 * 1024
NUMBERS = random.Random(15)

# Byte for byte different, and told apart.
NAMES = {
    "200 bytes": ["n" * 200],
    "201 bytes": ["n" * 201],
    "200 bytes in 50 characters": ["\N{GRINNING FACE}" * 50],
    "201 bytes in 67 characters": ["\N{EURO SIGN}" * 67],
    "characters of several bytes": ["\N{GRINNING FACE}" * 3000, "\N{EURO SIGN}" * 3000 + "\N{COMBINING DIAERESIS}"],
    "two that differ at the end": ["n" * 5000 + "a", "n" * 5000 + "b"],
    "one that begins the other": ["n" * 5000, "n" * 5001],
    "backslashes": ["\\" * 5000, "\\" * 2500 + "\\x41" * 625],
    "not to be compressed": ["".join(NUMBERS.choices(string.ascii_letters + string.digits, k=100_000)) for _ in range(2)],
    "1 MiB": ["m" * MEBIBYTE],
}


def record(owner: Owner, name: str) -> None:
    """Events that have it in every place where a group has a name."""
    owner.execute("insert into resource_usage_log (resource_type, collection_id, agent_id, detail) select"
                  " resource_type, collection_id::uuid, %(name)s, detail || '{\"tokens_in\": 7}'"
                  " from unnest(%(types)s::text[]) resource_type, unnest(%(collections)s::text[]) collection_id,"
                  " (values (jsonb_build_object('job_type', %(name)s::text)),"
                  "         (jsonb_build_object('job_type', 'chat', 'model_level', %(name)s::text))) given (detail)",
                  {"name": name, "types": ["ai", name], "collections": [COLLECTIONS[0], None]})


def compare_overview_part(owner: Owner, part: str, collection: Optional[str]) -> None:
    name, values = f"overview_{part}", [365, collection, None]
    rolled = f"rolled_{name}{'_of_one' if collection else ''}"
    assert run(owner, rolled, OVERVIEW_TYPES, values) == run(owner, name, OVERVIEW_TYPES, values), rolled


def compare(owner: Owner, agents: list[str]) -> None:
    """All that is asked, of sums and of events, in one snapshot."""
    with owner.transaction():
        owner.execute("set transaction isolation level repeatable read")
        assert status(owner)["in_use"]
        for collection in (None, COLLECTIONS[0]):
            for part in PARTS:
                compare_overview_part(owner, part, collection)
        for suffix, number in FILTERS.items():
            for wanted in agents if suffix == "_by_agent" else USERS[:1]:
                asked: list[object] = [None, None, "none", None, None, None, None, None]
                if suffix:
                    asked[number - 1] = wanted
                assert (run(owner, f"rolled_stats{suffix}", STATS_TYPES, asked)
                        == run(owner, f"stats{suffix}", STATS_TYPES, asked)), (suffix, wanted[:100])


def check_names(owner: Owner, names: list[str]) -> None:
    """Before they are in the sums, in them, changed, deleted, and when these are made anew."""
    for name in names:
        record(owner, name)
    compare(owner, names)
    assert upkeep(owner) == "done"
    compare(owner, names)
    owner.execute("update resource_usage_log set detail = detail || '{\"tokens_in\": 9}' where agent_id = %s", [names[0]])
    compare(owner, names)
    assert upkeep(owner) == "done"
    compare(owner, names)
    assert differences(owner) == []
    owner.execute("call tally_rebuild()")
    compare(owner, names)
    owner.execute("delete from resource_usage_log where agent_id = %s", [names[0]])
    assert upkeep(owner) == "done"
    compare(owner, names)
    assert differences(owner) == []
    assert owner.execute("select count(*) from tally_correction").fetchall() == [(0,)]


@pytest.mark.parametrize("kind", NAMES)
def test_long_names(owner: Owner, kind: str) -> None:
    # Of values that are as long an index of the log may make an error, which is none of the sums.
    owner.execute("drop index if exists resource_usage_log_agent")
    check_names(owner, NAMES[kind])
    [[longest]] = owner.execute("select max(greatest(octet_length(name), octet_length(level))) from tally_group").fetchall()
    assert longest <= 700


def test_a_name_that_looks_like_a_cut_one(owner: Owner) -> None:
    record(owner, "n" * 5000)
    assert upkeep(owner) == "done"
    [[cut]] = owner.execute("select name from tally_group where report = 'type' and octet_length(name) > 200").fetchall()
    assert cut != "n" * 5000
    check_names(owner, [cut, "n" * 5000])


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_names_in_another_encoding(cluster: Postgres, encoding: str) -> None:
    cluster.sql(f"create database encoded owner owner template template0 encoding '{encoding}' locale 'C'")
    try:
        install(cluster, "encoded")
        with psycopg.connect(cluster.conninfo("encoded", "owner"), autocommit=True) as session:
            session.execute("set client_encoding = 'LATIN1'")
            record(session, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 500)
            session.execute("call tally_adopt()")
            [named] = session.execute("select octet_length(name) from tally_group where report = 'type' and"
                                      " name like repeat(chr(233), 136) || '...%'").fetchall()
            assert named[0] == 136 + 3 + 64
            assert session.execute("select * from tally_verify()").fetchall() == []
    finally:
        cluster.sql("drop database encoded with (force)")


def insert_huge(session: psycopg.Connection[Any], count: int, size: int) -> None:
    session.execute("insert into resource_usage_log (resource_type, collection_id, detail)"
                    " select 'ai', %s::uuid, jsonb_build_object('job_type', repeat('a', %s), 'tokens_in', n)"
                    " from generate_series(1, %s) n", [COLLECTIONS[0], size, count])


def test_a_hundred_and_fifty_huge_kinds_of_job(owner: Owner) -> None:
    """Each took 8 MiB in a step, and 1 GiB is more than PostgreSQL has for one value."""
    insert_huge(owner, 75, 8 * MEBIBYTE)
    add(owner, 100)
    insert_huge(owner, 75, 8 * MEBIBYTE)
    owner.execute("call tally_adopt()")
    assert owner.execute("select in_use, numbers_to_fold, put_aside from tally_rollup_status").fetchall() == [(True, 0, 0)]
    # It is one group, and its name stands in one place.
    assert owner.execute("select kept.events, kept.total from tally_rollup kept join tally_group member on"
                         " member.id = kept.group_id and octet_length(member.name) > 200"
                         " where kept.report = 'job' and grain = 'month'").fetchall() == [(150, 2 * 75 * 76 // 2)]
    assert owner.execute("select octet_length(whole) from tally_long_name where octet_length(whole) > 500"
                         ).fetchall() == [(8 * MEBIBYTE,)]
    compare_overview_part(owner, "ai_drilldown", None)
    assert differences(owner) == []


def test_a_resource_type_of_1_mib_that_nothing_compresses(owner: Owner) -> None:
    name = "".join(NUMBERS.choices(string.ascii_letters + string.digits, k=MEBIBYTE))
    owner.execute("insert into resource_usage_log (resource_type, detail) values (%s, '{}')", [name])
    assert upkeep(owner) == "done"
    compare(owner, [])
    owner.execute("update resource_usage_log set resource_type = 'ai' where resource_type = %s", [name])
    assert upkeep(owner) == "done"
    compare(owner, [])
    assert differences(owner) == []


def test_no_index_of_ours_has_a_text_without_bound(owner: Owner) -> None:
    """What is longer than a third of a page fails the statement that writes it."""
    rows = owner.execute("select indexrelid::regclass::text, attname from pg_index join pg_attribute on attrelid = indrelid"
                         " and attnum = any (indkey) where indrelid::regclass::text like 'tally%%'"
                         " and atttypid = 'text'::regtype").fetchall()
    # Reports and grains have names of ours.
    assert {row for row in rows if row[1] not in ("report", "grain")} == {("tally_long_name_pkey", "bounded")}


def test_groups_that_an_earlier_release_made(cluster: Postgres, dbname: str, owner: Owner) -> None:
    """Their names were whole: schema.sql has them made anew, once."""
    record(owner, "n" * 5000)
    assert upkeep(owner) == "done"
    owner.execute("update tally_group set name = whole from tally_long_name where name = bounded;"
                  " update tally_group set hash = tally_group_hash(report, key, name, level); drop table tally_long_name")
    install(cluster, dbname)
    assert not status(owner)["in_use"]
    assert owner.execute("select from tally_group where octet_length(name) > 700").fetchall() == []
    assert upkeep(owner) == "done"
    compare(owner, ["n" * 5000])
    install(cluster, dbname)
    assert status(owner)["in_use"]
    assert differences(owner) == []
