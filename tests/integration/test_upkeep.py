"""The workers' part in the sums of events: they fold behind their replies, and ask for nothing else."""

import shutil
import subprocess
from typing import Any, Iterator

import pytest

import events
import sample
from postgres import Postgres, program
from process import Process, scratch_directory
from sample import OVERVIEW, STATS
from wait import wait_until
from worker import lift_limits, running, settings_for, wait_for_log


@pytest.fixture
def dbname(postgres: Postgres) -> Iterator[str]:
    name = postgres.create_database("rolled")
    sample.load(postgres, name)
    yield name
    postgres.sql(f"drop database {name} with (force)")


def status(postgres: Postgres, dbname: str) -> dict[str, Any]:
    [row] = postgres.sql("select in_use, adopted_from::text, numbers_to_fold from tally_rollup_status", dbname=dbname)
    return dict(zip(("in_use", "adopted_from", "numbers_to_fold"), row))


def is_complete(postgres: Postgres, dbname: str) -> bool:
    return status(postgres, dbname) == {"in_use": True, "adopted_from": "-infinity", "numbers_to_fold": 0}


def steps(postgres: Postgres, dbname: str) -> int:
    """How often the state of the sums was written."""
    return int(postgres.sql("select coalesce(sum(n_tup_upd), 0) from pg_stat_all_tables"
                            " where relname = 'tally_rollup_state'", dbname=dbname)[0][0])


def test_a_reply_is_followed_by_steps_until_all_is_folded(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname)) as worker:
        before = worker.ask(STATS), worker.ask(OVERVIEW)
        wait_until(lambda: is_complete(postgres, dbname), "the sums to hold all")
        assert (worker.ask(STATS), worker.ask(OVERVIEW)) == before
        sample.load_more(postgres, dbname)
        assert not is_complete(postgres, dbname)
        worker.ask(STATS)
        wait_until(lambda: is_complete(postgres, dbname), "the sums to hold all again")
    assert postgres.sql("select * from tally_verify()", dbname=dbname) == []


@pytest.mark.parametrize("rollups", ["yes", "no"])
def test_both_ways_give_the_same_bytes(postgres: Postgres, dbname: str, rollups: str) -> None:
    with running(settings_for(postgres, dbname), {"reports": {"rollups": "no", "upkeep": "no"}}) as plain:
        with running(settings_for(postgres, dbname), {"reports": {"rollups": rollups}}) as other:
            for target in (STATS, f"{STATS}&bucket=none", f"{STATS}&agent_id=x", OVERVIEW):
                assert plain.ask(target) == other.ask(target), target


def test_no_step_where_it_is_switched_off(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname), {"reports": {"upkeep": "no"}}) as worker:
        for _ in range(3):
            assert worker.ask(STATS).status == 200
    assert status(postgres, dbname)["in_use"] is False


def test_a_step_that_lasts_too_long_is_given_up(postgres: Postgres, dbname: str) -> None:
    """It ends within 200 ms, is tried with fewer events, and then told; replies go on."""
    lift_limits(postgres, dbname)
    postgres.sql("alter function tally_upkeep(int) rename to upkeep_as_it_was;"
                 "create function tally_upkeep(most int) returns text language sql as"
                 " 'select pg_sleep(60); select ''done''::text'", dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        worker.ask(STATS)
        wait_for_log(worker, "upkeep: the query took too long", 30)
        assert worker.ask(STATS).status == 200


def test_events_that_are_huge_do_not_stop_it(postgres: Postgres, dbname: str) -> None:
    """Of 8 MiB, each takes a good part of a step; one of 60 MiB takes more than a step has."""
    for count, size in ((20, 8), (1, 60)):
        postgres.sql("insert into resource_usage_log (created_at, resource_type, detail) select now() - interval '400 days',"
                     f" 'ai', jsonb_build_object('job_type', repeat('a', {size} * 1024 * 1024)) from generate_series(1,"
                     f" {count}); insert into resource_usage_log (resource_type) values ('ai')", dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        wait_until(lambda: worker.ask("/healthz").status == 200 and is_complete(postgres, dbname),
                   "the sums to hold all", 180)
    assert postgres.sql("select put_aside from tally_rollup_status", dbname=dbname) == [(0,)]
    assert postgres.sql("select * from tally_verify()", dbname=dbname) == []


def test_events_that_cannot_be_added_do_not_stop_it(postgres: Postgres, dbname: str) -> None:
    postgres.sql("create function refuse() returns trigger language plpgsql as $$ begin"
                 " if new.name = 'poison' then raise exception 'no'; end if; return new; end $$;"
                 "create trigger refuse before insert on tally_group for each row execute function refuse();"
                 "insert into resource_usage_log (resource_type) select 'poison' from generate_series(1, 5)", dbname=dbname)
    sample.load_more(postgres, dbname)
    with running(settings_for(postgres, dbname)) as worker:
        before = worker.ask(STATS), worker.ask(OVERVIEW)
        wait_until(lambda: is_complete(postgres, dbname), "the sums to hold all", 60)
        wait_until(lambda: postgres.sql("select corrections, put_aside from tally_rollup_status", dbname=dbname) == [(0, 5)],
                   "the others to be put aside", 60)
        assert (worker.ask(STATS), worker.ask(OVERVIEW)) == before
    assert postgres.sql("select * from tally_verify()", dbname=dbname) == []


def test_a_log_that_is_unfit_is_told_once(postgres: Postgres, dbname: str) -> None:
    postgres.sql("alter table resource_usage_log disable trigger tally_event_deleted", dbname=dbname)
    with running(settings_for(postgres, dbname)) as worker:
        assert worker.ask(STATS).status == 200
        wait_for_log(worker, "no sums can be kept of this log")
        assert worker.ask(STATS).status == 200
        assert worker.output().count("no sums can be kept") == 1


def test_a_missing_right_is_told_and_does_no_harm(postgres: Postgres, dbname: str) -> None:
    with running(settings_for(postgres, dbname)) as worker:
        reply = worker.ask(STATS)
        postgres.sql("revoke execute on function tally_upkeep(int) from tally_web", dbname=dbname)
        wait_until(lambda: worker.ask(STATS) == reply and "upkeep: 42501" in worker.output(), "the log to tell", 10)
        assert worker.ask(STATS) == reply


class Standby:
    """A server that follows the tests' cluster."""

    def __init__(self, primary: Postgres):
        self.primary = primary
        self.directory = scratch_directory("standby", primary.account)
        self.data = self.directory / "data"
        copying = Process([program("pg_basebackup"), "-h", primary.directory, "-U", primary.superuser, "-D", self.data,
                           "-R", "-X", "stream", "-c", "fast"], self.directory / "copy.log", primary.account)
        assert copying.popen.wait(120) == 0, copying.output()
        copying.stop()
        self.process = Process([program("postgres"), "-D", self.data, "-k", self.directory, "-c", "listen_addresses="],
                               self.directory / "log", primary.account)

    def sql(self, query: str, dbname: str) -> list[list[str]]:
        done = subprocess.run([shutil.which("psql") or "psql", "-XAt", "-h", self.directory, "-U", self.primary.superuser,
                               "-d", dbname, "-c", query], capture_output=True, text=True, check=False)
        return [line.split("|") for line in done.stdout.splitlines()]

    def stop(self) -> None:
        self.process.stop()


@pytest.fixture
def standby(postgres: Postgres, dbname: str) -> Iterator[Standby]:
    postgres.sql("select tally_upkeep()", dbname=dbname)
    sample.load_more(postgres, dbname)
    server = Standby(postgres)
    yield server
    server.stop()


def test_a_standby_answers_the_same_and_tries_nothing(postgres: Postgres, dbname: str, standby: Standby) -> None:
    with running(settings_for(postgres, dbname), {"reports": {"rollups": "no", "upkeep": "no"}}) as worker:
        expected = worker.ask(STATS)
    wait_until(lambda: standby.sql("select pg_is_in_recovery()", dbname) == [["t"]], "the standby to answer", 60)
    wait_until(lambda: standby.sql("select count(*) from resource_usage_log", dbname)
               == [[str(postgres.sql("select count(*) from resource_usage_log", dbname=dbname)[0][0])]],
               "the standby to have all", 60)
    settings = {"database": {"host": standby.directory}}
    with running(settings_for(postgres, dbname), settings) as worker:
        for _ in range(3):
            assert worker.ask(STATS) == expected
        assert standby.sql("select in_use, tally_upkeep() from tally_rollup_status", dbname) == [["t", "standby"]]
        assert "upkeep" not in worker.output() and "ERROR" not in standby.process.output()
        assert events.post(worker, {"resource_type": "x"}).status == 503
        standby.sql("select pg_promote()", dbname)
        wait_until(lambda: worker.ask(STATS) == expected
                   and standby.sql("select numbers_to_fold from tally_rollup_status", dbname) == [["0"]],
                   "the promoted server to fold", 60)
    assert standby.sql("select * from tally_verify()", dbname) == []
