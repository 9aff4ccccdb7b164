"""Sums and events agree at every moment, whatever is written, killed and made anew meanwhile.

TALLY_LONG=yes: for 20 minutes.
"""

import os
import random
import signal
import time

from long import short_or_full
from pool import Pool
from postgres import Postgres
from wait import wait_until
from worker import settings_for
from writers import (ACTIONS, Crowd, asker, compare_overview, compare_statistics, holder, reader, upkeep,
                     writer)

SECONDS = short_or_full(60, 1200)
WRITERS, READERS, COMPARISONS_AT_LEAST = 8, 2, 50

# A server that is killed must not lose what it said was done.
DURABLE = {"synchronous_commit": "on", "full_page_writes": "on", "max_prepared_transactions": "200"}


def kill_worker(pool: Pool, numbers: random.Random) -> None:
    pids = pool.worker_pids()
    if pids:
        os.kill(numbers.choice(pids), signal.SIGKILL)


# Some sums are refused: steps fail, are halved, and single events are put aside.
REFUSE = ("create or replace function refuse() returns trigger language plpgsql as $$ begin"
          " if new.grain = 'quarter' and extract(minute from new.period) = 15 and extract(hour from new.period) = 3"
          " and exists (select from tally_group where id = new.group_id and name = 'other')"
          " then raise exception 'no'; end if; return new; end $$;"
          "create or replace trigger refuse before insert or update on tally_rollup_type"
          " for each row execute function refuse()")


def disturb(postgres: Postgres, dbname: str, pool: Pool, crowd: Crowd) -> None:
    """Workers are killed all the time, and in between comes what comes once or twice in a life."""
    numbers = random.Random(crowd.seed)
    events = [
        (0.15, lambda: postgres.sql("call tally_rebuild()", dbname=dbname)),
        (0.35, lambda: (postgres.kill(), postgres.start())),
        (0.50, lambda: postgres.sql("update tally_rollup_state set stage = 'anew'", dbname=dbname)),
        (0.65, lambda: postgres.sql("select tally_keep('user', 'hour')", dbname=dbname)),
        (0.70, lambda: postgres.sql(REFUSE, dbname=dbname)),
        (0.80, lambda: postgres.restart("immediate")),
    ]
    begun = time.monotonic()
    passed = 0.0
    while (events or passed < 1) and not crowd.stop.wait(1):
        passed = (time.monotonic() - begun) / SECONDS
        kill_worker(pool, numbers)
        if events and passed >= events[0][0]:
            events.pop(0)[1]()


def finish_prepared(postgres: Postgres, dbname: str) -> None:
    for name, in postgres.sql("select gid from pg_prepared_xacts", dbname=dbname):
        postgres.sql(f"commit prepared '{name}'", dbname=dbname)


def upkeep_says_done(postgres: Postgres, dbname: str) -> bool:
    return postgres.sql("select tally_upkeep(100000)", dbname=dbname) == [("done",)]


def check_end(crowd: Crowd) -> None:
    """When all have stopped the sums hold every event, and nothing else."""
    finish_prepared(crowd.postgres, crowd.dbname)
    wait_until(lambda: upkeep_says_done(crowd.postgres, crowd.dbname), "the sums to hold all", 600)
    assert crowd.postgres.sql("select * from tally_verify()", dbname=crowd.dbname) == []
    assert crowd.postgres.sql("select put_aside > 0 from tally_rollup_status", dbname=crowd.dbname) == [(True,)]
    numbers = random.Random(crowd.seed)
    with crowd.connect() as connection:
        for _ in range(30):
            with connection.transaction():
                connection.execute("set transaction isolation level repeatable read read only")
                compare_statistics(connection, numbers)
                compare_overview(connection, numbers)


def check_that_it_happened(crowd: Crowd) -> None:
    missing = {action.__name__ for action in ACTIONS} - set(crowd.done)
    assert not missing, missing
    assert crowd.done["compared, sums in use"] >= COMPARISONS_AT_LEAST, crowd.done
    assert crowd.done["upkeep: more"] and crowd.done["asked: 200"] and crowd.done["held open"], crowd.done


def test_sums_agree_with_events() -> None:
    postgres = Postgres(DURABLE)
    pool = None
    crowd = None
    try:
        dbname = postgres.create_database("writers")
        pool = Pool(settings_for(postgres, dbname))
        crowd = Crowd(postgres, dbname, random.randrange(10**9))
        for _ in range(WRITERS):
            crowd.start(writer(crowd), pause=0.05)
        for _ in range(2):
            crowd.start(holder(crowd))
        for _ in range(READERS):
            crowd.start(reader(crowd))
        crowd.start(upkeep(crowd), pause=0.05)
        crowd.start(asker(crowd, pool), pause=0.2)
        disturb(postgres, dbname, pool, crowd)
        crowd.join()
        print(f"\nseed {crowd.seed}: {dict(sorted(crowd.done.items()))}")
        check_end(crowd)
        check_that_it_happened(crowd)
    finally:
        if crowd:
            crowd.stop.set()
        if pool:
            pool.stop()
        postgres.stop("immediate")
