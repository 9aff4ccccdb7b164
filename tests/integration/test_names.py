"""Names of users in the shipped sites: whatever is in one, it is compared to the letter."""

import itertools
from typing import Iterator

import pytest

from client import PASSWORD, ask, basic
from nginx import NO_LIMITS, Nginx
from pool import Pool
from shipped import HOST, Change, make_htpasswd

NAMED = ["ola.nordmann@example.org", "ola+tally@example.org", "~ola", "~^.*", "*", "default", "hostnames", "include",
         "volatile", "Kari", "ola nordmann", "\u00e5se", "o'la", 'o"la', "o\\\\la", "a;b", "{}", "alice admin", "=ola",
         f"{HOST}", "alice"]
OTHERS = ["olaXnordmann@example.org", "ola.nordmann@exampleXorg", "Ola.nordmann@example.org", "olaa", "kari", "KARI", "ola",
          "oola", "anybody", "OLA NORDMANN", "\u00c5se", "alice\u00a0admin", "a", "Default", "alice ", "ola.nordmann@example.org "]


def line(name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'    "={quoted}" "{quoted} admin";\n'


@pytest.fixture(scope="module")
def site(echo_pool: Pool) -> Iterator[Nginx]:
    lines = "".join(map(line, NAMED))
    first = "# What Tally's servers share,"
    server = Nginx(echo_pool.socket, echo_pool.socket, {
        **NO_LIMITS, "tally.conf": {'    "=alice"        "alice admin";\n': Change(lines)},
        "tally_http": {**NO_LIMITS["tally_http"], first: Change("map_hash_bucket_size 128;\n" + first)}})
    make_htpasswd(server.directory / "tally.htpasswd", NAMED + OTHERS)
    yield server
    server.stop()


@pytest.mark.parametrize("name", NAMED + OTHERS)
def test_only_the_name_itself_has_the_role(site: Nginx, name: str) -> None:
    seen = dict(ask(site.plain, "/v1/usage/stats", headers=[basic(name)]).json()["parameters"])
    assert seen["REMOTE_USER"].encode("latin-1").decode() == name
    assert seen["TALLY_ROLE"] == ("admin" if name in NAMED else "")


@pytest.mark.parametrize("first, second", itertools.permutations(["alice", "Alice", "alicE x", "bob"], 2))
def test_a_line_with_two_names_gives_neither_a_role(echo_pool: Pool, first: str, second: str) -> None:
    """One was changed, and the other forgotten."""
    server = Nginx(echo_pool.socket, echo_pool.socket, {**NO_LIMITS, "tally.conf": {
        '    "=alice"        "alice admin";\n': Change(f'    "={first}" "{second} admin";\n'),
        '    "=bob"          "bob user 7f2c1d1e-6a40-4c57-9d0c-2f4b8f1f3a11";\n': Change("")}})
    try:
        make_htpasswd(server.directory / "tally.htpasswd", [first, second])
        for name in (first, second):
            seen = dict(ask(server.plain, "/v1/usage/stats", headers=[basic(name, PASSWORD)]).json()["parameters"])
            # Names that differ in case alone: the one that stands behind is the account's.
            assert seen["TALLY_ROLE"] == ("admin" if name == second and first.lower() == second.lower() else "")
    finally:
        server.stop()
