"""The shipped logrotate file on a pool that logs to a file."""

import os
import re
import shutil
import subprocess

import fastcgi
from pool import Pool, Settings, merged
from process import ROOT, scratch_directory, service_user
from sample import STATS
from shipped import Change, adapt
from wait import wait_until


def test_rotation_loses_no_line_and_no_request(settings: Settings) -> None:
    account = service_user("www-data")
    directory = scratch_directory("logrotate", account)
    log = directory / "tally.log"
    owner = account or str(os.getuid())
    pool = Pool(merged(settings, {"log": {"target": log}}), workers=2)
    try:
        adapt(ROOT / "conf/logrotate/tally", directory / "logrotate.conf", {
            "\n/var/log/tally/tally.log {": Change(f"\n{log} {{"),
            "su tally tally": Change(f"su {owner} {owner}"),
            "create 0640 tally tally": Change(f"create 0640 {owner} {owner}"),
            # Other pools of the tests have workers of this name as well.
            "pkill -USR1 --uid tally": Change(f"pkill -USR1 --parent {pool.process.pid} --uid {owner}"),
        })
        (directory / "logrotate.conf").chmod(0o644)
        if account:
            shutil.chown(directory / "logrotate.conf", "root", "root")
        expected = fastcgi.ask(pool.socket, STATS)
        asked = 1
        before = pool.worker_pids()
        rotation = subprocess.Popen(["logrotate", "--force", "--state", str(directory / "state"),
                                     str(directory / "logrotate.conf")], stderr=subprocess.PIPE, text=True)
        while rotation.poll() is None or set(before) & set(pool.worker_pids()):
            assert fastcgi.ask(pool.socket, STATS) == expected
            asked += 1
        assert rotation.returncode == 0, rotation.stderr and rotation.stderr.read()
        for _ in range(3):
            assert fastcgi.ask(pool.socket, STATS) == expected
            asked += 1

        def lines() -> int:
            return sum(len(re.findall(r" info: request=", path.read_text()))
                       for path in (log, directory / "tally.log.1"))

        wait_until(lambda: lines() == asked, f"{asked} lines")
        assert log.read_text().count(" status=200 ") >= 3
    finally:
        pool.stop()
