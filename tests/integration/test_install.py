"""What README.md and tally.fcgi(8) tell an operator to type, typed, on a machine of the test's own below a folder."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Iterator

import psycopg
import pytest

import fastcgi
from client import PASSWORD
from pool import Pool, Settings
from ports import free_port
from postgres import Postgres
from process import ROOT, Process, children, is_running, scratch_directory, service_user, worker_binary
from sample import STATS
from wait import wait_until

POOLS = {"tally": 4, "tally-admin": 4, "tally-events": 4, "tally-health": 1}

# What has no place below a folder, or would ask; the other commands are the machine's own.
STUBS = {
    "adduser": 'echo "adduser $*" >>{root}/calls',
    "deluser": 'echo "deluser $*" >>{root}/calls',
    "systemctl": 'echo "systemctl $*" >>{root}/calls',
    "htpasswd": 'exec /usr/bin/htpasswd -b "$@" "{password}"',
    "runuser": 'account=$2; shift 3; [ "$account" != postgres ] || export PGUSER={superuser}; exec {become} "$@"',
    "nginx": "sed -Ei '/listen \\[/d; s/listen 80;/listen 127.0.0.1:{redirect};/; s/listen 443 /listen 127.0.0.1:{tls} /;"
             " s#([ :])(/etc/ssl|/run/tally|/usr/local)/#\\1{root}\\2/#' {root}/etc/nginx/sites-available/tally;"
             ' exec /usr/sbin/nginx -e {root}/error.log -c {root}/etc/nginx/nginx.conf "$@"',
}

NGINX = """
pid {root}/pid;
{user}
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {root}/body;
    fastcgi_temp_path {root}/fastcgi;
    proxy_temp_path {root}/proxy;
    scgi_temp_path {root}/scgi;
    uwsgi_temp_path {root}/uwsgi;
    include {root}/etc/nginx/sites-enabled/*;
}}
"""


def readme(beginning: str) -> str:
    """The block of the README in which a line begins like that."""
    blocks = re.findall(r"^ *```sh\n(.*?)\n *```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if re.search(rf"^ *{re.escape(beginning)}", block, re.MULTILINE)]
    return str(found)


def readme_sql(beginning: str) -> str:
    blocks = re.findall(r"^```sql\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if block.startswith(beginning)]
    return str(found)


def manual(beginning: str) -> str:
    text = (ROOT / "doc" / "tally.fcgi.8").read_text()
    blocks = re.findall(r"^\.Bd -literal -offset indent\n(.*?)\n\.Ed$", text, re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if block.replace("\\&", "").startswith(beginning)]
    return found.replace("\\e", "\\").replace("\\&", "")


class Machine:
    """A folder in place of /usr/local, /etc, /run and /var, and the accounts that there are."""

    def __init__(self, postgres: Postgres):
        self.root = scratch_directory("install")
        self.account = service_user("www-data")
        self.tls = free_port()
        subprocess.run(["make", "-C", worker_binary().parents[1], "install", f"DESTDIR={self.root}"],
                       check=True, capture_output=True)
        for folder in ("bin", "run", "var/log", "etc/ssl/certs", "etc/ssl/private", "etc/systemd/system",
                       "etc/nginx/sites-available", "etc/nginx/sites-enabled"):
            (self.root / folder).mkdir(parents=True)
        become = '/usr/sbin/runuser -u "$account" --' if self.account else ""
        for name, text in STUBS.items():
            stub = self.root / "bin" / name
            stub.write_text("#!/bin/sh\n" + text.format(root=self.root, password=PASSWORD, tls=self.tls, become=become,
                                                        redirect=free_port(), superuser=postgres.superuser) + "\n")
            stub.chmod(0o755)
        (self.root / "etc/nginx/nginx.conf").write_text(
            NGINX.format(root=self.root, user=f"user {self.account};" if self.account else ""))
        (self.root / ".curlrc").write_text(f"connect-to = usage.example.org:443:127.0.0.1:{self.tls}\n"
                                           "insecure\nsilent\nshow-error\nfail\n")
        # On this cluster whoever comes is whom they say; peer would ask for an account of the role's name.
        self.environment = {"PATH": f"{self.root}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                            "PGHOST": str(postgres.directory), "PGUSER": "tally", "CURL_HOME": str(self.root),
                            "TALLY_CONFIG": f"{self.root}/usr/local/etc/tally/tally.ini"}

    def type(self, text: str) -> str:
        """Have a shell carry out these lines, up to the first that fails; what they print."""
        if self.account:
            text = re.sub(r"-([oguU]) tally\b", rf"-\1 {self.account}", text)
        else:
            text = re.sub(r" -[ogU] [\w-]+| -u tally(?= -g)", "", text)
        text = re.sub(r"(?<![\w/])/(usr/local|etc/nginx|etc/ssl|etc/systemd|run/tally|var/log)", rf"{self.root}/\1", text)
        text = re.sub(r"-u (alice|reporting|bob)\b", rf"-u \1:'{PASSWORD}'", text)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=self.environment, capture_output=True,
                              text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()

    def socket(self, pool: str) -> Path:
        return self.root / "run/tally" / f"{pool}.sock"

    def multiwatch(self, pool: str) -> int:
        return int((self.root / "run/tally" / f"{pool}.pid").read_text())

    def workers(self, pool: str) -> set[int]:
        """Those that have become workers."""
        return {pid for pid in children(self.multiwatch(pool)) if "tally.fcgi" in command(pid)}


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.fixture(scope="module")
def machine(postgres: Postgres) -> Iterator[Machine]:
    """With a database `site`, on which an operator has not typed anything yet."""
    postgres.sql("create database site")
    one = Machine(postgres)
    try:
        yield one
    finally:
        for path in (one.root / "run/tally").glob("*.pid"):
            os.kill(int(path.read_text()), 15)
        postgres.sql("drop database if exists site with (force)")
        postgres.sql("drop role if exists tally")


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Machine:
    """Steps 1 and 2 of the README, and a log that is a file."""
    machine.type(readme("runuser -u postgres -- psql -d site -c 'create role"))
    said = machine.type(readme("adduser"))
    assert len(re.findall("^ok ", said, re.MULTILINE)) == len(said.splitlines()) >= 8, said
    machine.type("sed -i 's#^target = stderr$#target = /var/log/tally/tally.log#' /usr/local/etc/tally/tally.ini")
    return machine


@pytest.fixture(scope="module")
def running(installed: Machine) -> Iterator[Machine]:
    """The pools, without systemd, and nginx in front of them: step 3."""
    said = installed.type(manual("install -d"))
    assert "fault" not in said and "PID" in said, said
    wait_until(lambda: all(len(installed.workers(pool)) == count for pool, count in POOLS.items()), "all workers", 30)
    installed.type(readme("openssl req"))
    (installed.root / "pid").unlink(missing_ok=True)  # of nginx -t
    nginx = Process([installed.root / "bin/nginx", "-g", "daemon off;"], installed.root / "nginx.log",
                    env=installed.environment)
    try:
        wait_until(lambda: nginx.alive() and (installed.root / "pid").exists(), "nginx")
        yield installed
    finally:
        nginx.stop()


def test_the_sockets_of_four_pools_are_enabled(installed: Machine) -> None:
    [line] = [line for line in installed.calls() if line.startswith("systemctl enable")]
    assert re.findall(r"tally@([\w-]+)\.socket", line) == list(POOLS)
    assert (installed.root / "etc/systemd/system/tally@.socket").exists()
    assert installed.calls()[:2] == ["adduser --system --group tally", "systemctl daemon-reload"]


def test_the_web_server_is_told(running: Machine) -> None:
    assert running.calls()[-1] == "systemctl reload nginx"


def test_step_4_says_ready(running: Machine) -> None:
    ready, overview = running.type(readme("curl -k --resolve")).split("}", 1)
    assert ready + "}" == '{"status":"ready"}' and set(json.loads(overview)) >= {"by_collection", "daily"}


def test_the_events_are_on_the_pages(running: Machine, postgres: Postgres) -> None:
    """The inserted one, and the one that is sent, which counts once; bob's statistics and the overview have them."""
    postgres.sql(readme_sql("insert"), dbname="site")
    for accepted in (1, 0):
        assert json.loads(running.type(readme("curl -u reporting")))["accepted"] == accepted
    running.type("htpasswd -B /etc/nginx/tally.htpasswd bob")
    mine = json.loads(running.type("curl -u bob 'https://usage.example.org/v1/usage/stats?bucket=none'"))
    assert mine["totals"]["messages"] == 2, mine
    everyone = running.type("curl -u alice https://usage.example.org/admin/usage")
    assert "3b9f2c52-41f6-4c7b-9d7e-0c5a5f1f0a01" in everyone


def test_questions_are_answered(running: Machine) -> None:
    statistics, overview = running.type(readme("curl -u alice 'https://usage.example.org/v1")).replace("}{", "}\0{").split("\0")
    assert json.loads(statistics)["filters_applied"]["bucket"] == "month" and "daily" in json.loads(overview)


def test_an_application_may_insert_and_no_more(running: Machine, postgres: Postgres) -> None:
    postgres.sql("create role site_app")
    try:
        postgres.sql(readme_sql("grant insert"), dbname="site")
        with postgres.connect("site") as connection:
            connection.execute("set role site_app")
            connection.execute(readme_sql("insert"))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select count(*) from resource_usage_log")
    finally:
        postgres.sql("drop owned by site_app", dbname="site")
        postgres.sql("drop role site_app")


def test_every_pool_answers_and_logs(running: Machine) -> None:
    log = running.root / "var/log/tally/tally.log"
    for pool in POOLS:
        assert fastcgi.ask(running.socket(pool), "/readyz", identity={}).status == 200
        assert running.socket(pool).stat().st_mode & 0o777 == 0o660
    wait_until(lambda: log.read_text().count('path="/readyz"') >= 4, "lines in the log")


def test_workers_are_started_anew_and_no_others(running: Machine, settings: Settings) -> None:
    other = Pool(settings)
    try:
        kept = set(other.worker_pids())
        before = {pool: running.workers(pool) for pool in POOLS}
        running.type(manual("for file in /run/tally/*.pid; do\n"))
        for pool, count in POOLS.items():
            wait_until(lambda pool=pool, count=count: len(running.workers(pool) - before[pool]) == count, pool, 20)
            assert fastcgi.ask(running.socket(pool), STATS).status == 200
        assert set(other.worker_pids()) == kept
    finally:
        other.stop()


def test_an_upgrade(running: Machine) -> None:
    """From this release to itself: all but the build, with the workers running."""
    build, rest = manual("./autogen.sh").split("\n", 1)
    assert build.endswith("make install")
    before = len(running.calls())
    said = running.type(rest)
    assert "fault" not in said and "warning" not in said, said
    assert running.calls()[before:] == ["systemctl daemon-reload", "systemctl reload nginx",
                                        "systemctl reload tally@*.service"]
    assert fastcgi.ask(running.socket("tally"), STATS).status == 200


@pytest.mark.parametrize("unit", ["tally@.service"])
def test_the_unit_takes_the_address_of_another_machine(installed: Machine, unit: str) -> None:
    """The drop-in of the manual beside the unit that was copied."""
    folder = scratch_directory("units")
    text = (installed.root / "etc/systemd/system" / unit).read_text()
    (folder / unit).write_text(text.replace("/usr/local/libexec/tally/tally.fcgi", "/bin/true").replace(
        "Documentation=man:tally.fcgi(8)\n", ""))
    (folder / "tally@.socket").write_text((installed.root / "etc/systemd/system/tally@.socket").read_text())
    (folder / f"{unit}.d").mkdir()
    (folder / f"{unit}.d/override.conf").write_text(manual("[Service]") + "\n")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"./{unit}"], cwd=folder, capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_pools_are_ended(running: Machine) -> None:
    pids = [running.multiwatch(pool) for pool in POOLS]
    running.type(manual("for file in /run/tally/*.pid; do kill"))
    wait_until(lambda: not any(map(is_running, pids)), "the pools to end", 20)
    assert not list((running.root / "run/tally").iterdir())


def test_what_is_removed(installed: Machine, postgres: Postgres) -> None:
    """The role and the files go, the log stays, and what was not Tally's is as it was."""
    # Without the pools, which another test ends; systemd's part is a stub.
    installed.type(manual("systemctl disable"))
    assert not list((installed.root / "etc/systemd/system").iterdir())
    assert not list((installed.root / "etc/nginx").glob("tally*")) and not (installed.root / "usr/local/etc/tally").exists()
    assert installed.calls()[-1] == "deluser --system tally"
    assert postgres.sql("select count(*) from pg_roles where rolname = 'tally'") == [(0,)]
    assert postgres.sql("select to_regclass('tally_rollup')::text", dbname="site") == [(None,)]
    kept = "insert into resource_usage_log (resource_type) values ('ai') returning 1"
    assert postgres.sql(kept, dbname="site") == [(1,)]
    assert postgres.sql("delete from resource_usage_log returning 1", dbname="site")
    subprocess.run(["make", "-C", worker_binary().parents[1], "uninstall", f"DESTDIR={installed.root}"],
                   check=True, capture_output=True)
    left = [path for path in (installed.root / "usr").rglob("*") if path.is_file()]
    assert left == []


# Commands that no Debian has from the start, and the package of each.
PACKAGES = {"autoreconf": "autoconf", "curl": "curl", "htpasswd": "apache2-utils", "make": "build-essential",
            "multiwatch": "multiwatch", "nginx": "nginx", "openssl": "openssl", "pkill": "procps",
            "psql": "postgresql-client", "spawn-fcgi": "spawn-fcgi"}


def test_every_command_is_in_a_package_of_the_list() -> None:
    listed = readme("apt-get install").replace("\\\n", " ").split("\n", maxsplit=1)[0].split()
    texts = (ROOT / "README.md").read_text() + (ROOT / "doc" / "tally.fcgi.8").read_text() + "".join(
        path.read_text() for path in [*(ROOT / "conf").rglob("tally*"), ROOT / "autogen.sh"] if path.is_file())
    for name, package in PACKAGES.items():
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", texts), f"{name} is not used any more"
        assert package in listed, f"{name} is in {package}"
