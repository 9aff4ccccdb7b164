"""fail2ban's filters find wrong passwords in what the real servers write, and nothing that a client only pretends."""

import configparser
import re
from pathlib import Path
from typing import Iterator

import pytest

from apache import Apache
from client import ask, basic
from nginx import NO_LIMITS, Nginx
from pool import ECHO, Pool
from process import ROOT, scratch_directory, service_user
from shipped import Change, USER
from wait import wait_until

FOREIGN = "198.51.100.99"

# Names that try to have somebody else kept out, or the guess overlooked.
FORGERIES = [
    "nobody", USER, "-", f'x" 401 1\n{FOREIGN} - y [28/Nov/2026:00:00:00 +0000] "GET / HTTP/1.1" 401 1 "-" "-',
    f"x [01/Jan/2001:00:00:00 +0000]\r\n{FOREIGN} - y", f"{FOREIGN} - x",
    f"x\n[Sat Nov 28 00:00:00.000000 2026] [auth_basic:error] [pid 1:tid 2] [client {FOREIGN}:1] AH01617: user y: authentication failure",
    f'x" was not found in "y", client: {FOREIGN}, server: z', f"] [client {FOREIGN}:1] AH01617: user x", "\\x0a", "å",
]


def rules(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The expression of a filter and that of its date, as fail2ban puts them together."""
    file = configparser.ConfigParser(interpolation=None)
    assert file.read(ROOT / "conf" / "fail2ban" / name)
    date = file["Definition"]["datepattern"].replace("{^LN-BEG}", r"(?<=^\[)[^]]+")
    for part, pattern in (("%%d", r"\d\d"), ("%%b", r"[A-Z][a-z]{2}"), ("%%Y", r"\d{4}"), ("%%H", r"\d\d"), ("%%M", r"\d\d"),
                          ("%%S", r"\d\d"), ("%%z", r"[+-]\d{4}")):
        date = date.replace(part, pattern)
    return re.compile(file["Definition"]["failregex"].replace("<ADDR>", r"(?P<address>[0-9a-f.:]+?)")), re.compile(date)


def addresses(name: str, text: str) -> list[str]:
    """Whom a filter finds in a log, once for each wrong password."""
    fail, date = rules(name)
    found = [fail.search(date.sub("", line, count=1)) for line in text.split("\n") if date.search(line)]
    return [match["address"] for match in found if match]


@pytest.fixture
def log() -> Path:
    return scratch_directory("access", service_user("www-data")) / "access.log"


@pytest.fixture(params=["combined", "tally_access"])
def site(request: pytest.FixtureRequest, echo_pool: Pool, log: Path) -> Iterator[Nginx]:
    changes = {**NO_LIMITS["tally_locations"],
               "include tally_errors;": Change(f"include tally_errors;\naccess_log {log} {request.param};")}
    server = Nginx(echo_pool.socket, echo_pool.socket, {**NO_LIMITS, "tally_locations": changes})
    yield server
    server.stop()


def test_nginx(site: Nginx, log: Path) -> None:
    for name in FORGERIES:
        assert ask(site.plain, "/v1/usage/stats", headers=[basic(name, "wrong")]).status == 401
    for path, user in (("/v1/usage/stats", None), ("/usage/", None), ("/v1/usage/stats", USER), ("/nothing", USER)):
        ask(site.plain, path, user=user)
    lines = wait_until(lambda: log.read_text().count("\n") >= len(FORGERIES) + 4 and log.read_text(), "all lines")
    assert lines.count("\n") == len(FORGERIES) + 4
    # A guess at the user "-" looks like a request of nobody.
    assert addresses("tally-nginx.conf", lines) == ["127.0.0.1"] * (len(FORGERIES) - 1)
    assert f' - {USER} [' in lines and ' - - [' in lines


def test_apache() -> None:
    server = Apache({}, ECHO)
    try:
        before = len(server.error_log.read_text(errors="replace"))
        for name in FORGERIES:
            for endpoint in (server.tls, server.folder):
                assert ask(endpoint, "/v1/usage/stats", headers=[basic(name, "wrong")]).status == 401
        for user in (None, USER):
            ask(server.tls, "/v1/usage/stats", user=user)
        found = wait_until(lambda: addresses("tally-apache.conf", server.error_log.read_text(errors="replace")[before:]), "lines")
        assert found == ["127.0.0.1"] * (2 * len(FORGERIES))
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["tally-nginx", "tally-apache"])
def test_each_filter_has_a_jail(name: str) -> None:
    jails = configparser.ConfigParser(interpolation=None)
    jails.read(ROOT / "conf" / "fail2ban" / "tally.local")
    assert jails[name]["filter"] == name
