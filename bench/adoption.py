"""The sums of a loaded log: made once, and what that took."""

import json
from dataclasses import dataclass

from cluster import Cluster
from session import say

MEBIBYTE = 1024 ** 2

# Of all tables: each by itself, as autovacuum does it, leaves the planner without statistics of all partitions
# of tally_rollup together, and plans are others with them.
VACUUM = "vacuum (analyze)"

# pg_table_size is that of a table with all that belongs to it but its indexes.
SIZES = r"""
select json_build_object(
  'log', pg_table_size('resource_usage_log'), 'log_indexes', pg_indexes_size('resource_usage_log'),
  'sums', sum(pg_table_size(oid)), 'sums_indexes', sum(pg_indexes_size(oid)),
  'rows', (select count(*) from tally_rollup))
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname like 'tally\_%'
"""


@dataclass(frozen=True)
class Adoption:
    """Seconds that it took, and bytes. The sums are all tables tally_*."""

    seconds: float
    log: int
    log_indexes: int
    sums: int
    sums_indexes: int
    rows: int  # of tally_rollup

    def line(self, events: int) -> str:
        log, sums = self.log + self.log_indexes, self.sums + self.sums_indexes
        return (f"`call tally_adopt()` took {self.seconds:,.1f} s, {self.seconds / events * 1e6:,.1f} s for 1,000,000 "
                f"events. The log takes {mebibytes(self.log)} and its indexes {mebibytes(self.log_indexes)}; "
                f"{self.rows:,} sums take {mebibytes(self.sums)} and their indexes {mebibytes(self.sums_indexes)}, "
                f"together {sums / log:.0%} of that.")


def mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:,.0f} MiB"


def adopt(cluster: Cluster) -> Adoption:
    """Makes the sums unless they are there already; nothing changes the log after that."""
    note = cluster.noted()
    seconds = note.get("adoption", {}).get("seconds")
    if seconds is None:
        say("making the sums")
        cluster.psql("-c", "update tally_rollup_state set stage = 'anew'")  # what was cut off has no time
        seconds = cluster.timed("-c", "call tally_adopt()")
    cluster.psql("-c", VACUUM, "-c", "checkpoint")
    cluster.warm()
    adoption = {"seconds": seconds, **json.loads(cluster.psql("-c", SIZES))}
    cluster.write_note(**{**note, "adoption": adoption})
    return Adoption(**adoption)
