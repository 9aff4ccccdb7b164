"""What the shipped sites add to the routes: pools, names of requests, and refusals of other sites' pages."""

import re
from pathlib import Path

import pytest

import shipped
from apache import Apache
from client import Endpoint, ask, check_error, parameters
from nginx import Nginx
from process import children
from sample import OVERVIEW, STATS
from shipped import ADMIN, SERVICE, USER

WAYS = ("tls", "folder", "direct")
ROUTES = ("/v1/usage/stats", "/v1/usage/caller", "/v1/usage/events", "/admin/usage")


@pytest.fixture(params=WAYS)
def echo(request: pytest.FixtureRequest, echo_apache: Apache) -> Endpoint:
    return getattr(echo_apache, request.param)


@pytest.fixture(params=("nginx plain", "nginx tls", "apache tls", "apache folder", "apache direct"))
def any_echo(request: pytest.FixtureRequest) -> Endpoint:
    name, way = request.param.split()
    return getattr(request.getfixturevalue(f"echo_{name}"), way)


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [deeper for child in found for deeper in descendants(child)]


def running_programs(apache: Apache) -> set[str]:
    """The command lines of the site's workers."""
    assert apache.process
    lines = set()
    for pid in descendants(apache.process.pid):
        try:
            lines.add(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        except FileNotFoundError:
            pass
    return {line for line in lines if f"{apache.directory}/libexec/tally.fcgi" in line}


def test_overviews_events_and_health_have_processes_of_their_own(apache: Apache) -> None:
    for path in (STATS, OVERVIEW, "/healthz", "/readyz"):
        assert ask(apache.tls, path, user=ADMIN).status == 200
    assert ask(apache.tls, "/v1/usage/events", user=SERVICE).status == 405
    counts = {line.count(" -c ") for line in running_programs(apache)}
    assert counts == {0, 1, 2, 3}


def test_each_request_has_a_name(echo: Endpoint) -> None:
    names = {parameters(ask(echo, "/v1/usage/stats", user=USER))["REQUEST_ID"] for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9@_-]{20,40}", name) for name in names)


@pytest.mark.parametrize("site, status", [("cross-site", 403), ("Cross-Site", 403), ("same-site", 200), ("same-origin", 200),
                                          ("none", 200), ("", 200)])
def test_what_other_sites_have_a_browser_ask(any_echo: Endpoint, site: str, status: int) -> None:
    for path in ROUTES:
        for method in ("GET", "POST"):
            reply = ask(any_echo, path, user=ADMIN, method=method, headers=[("Sec-Fetch-Site", site), ("Content-Length", "0")])
            assert reply.status == status, (path, method)
            if status == 403:
                check_error(reply, 403)
    assert ask(any_echo, "/v1/usage/stats", headers=[("Sec-Fetch-Site", site)]).status in ((401, 403) if status == 403 else (401,))


def test_a_page_may_be_led_to(apache: Apache, nginx: Nginx) -> None:
    for endpoint in (apache.tls, apache.folder, nginx.tls):
        assert ask(endpoint, "/usage/", user=USER, headers=[("Sec-Fetch-Site", "cross-site")]).status == 200


def test_no_reply_is_shown_within_another_page(apache: Apache, nginx: Nginx) -> None:
    for endpoint in (apache.tls, apache.folder, apache.direct, nginx.tls, nginx.plain):
        for path, user in ((STATS, ADMIN), (OVERVIEW, USER), (STATS, None), ("/nothing", ADMIN)):
            reply = ask(endpoint, path, user=user)
            assert reply.header("X-Frame-Options") == "DENY"
            assert reply.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'"
            assert reply.header("Cross-Origin-Resource-Policy") == "same-origin"


def test_names_are_compared_to_the_letter(echo: Endpoint) -> None:
    """The shipped name is alice; the pattern of a condition that begins with = is no regular expression."""
    for user in (shipped.LOOKALIKE, shipped.STRANGER):
        assert "TALLY_ROLE" not in parameters(ask(echo, "/v1/usage/stats", user=user))
