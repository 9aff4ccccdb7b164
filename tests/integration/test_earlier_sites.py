"""A site file of an earlier release, with the files that this one ships: an upgrade replaces these and not the site's own."""

from pathlib import Path
from typing import Iterator

import pytest

from client import ask, parameters
from nginx import NO_LIMITS, SITE, Nginx
from pool import Pool
from shipped import ADMIN, LOOKALIKE, SERVICE, STRANGER, USER, USER_ID

# Each nginx/tally.conf that this project ever had.
EARLIER = sorted(Path(__file__).with_name("earlier_sites").iterdir())


@pytest.fixture(scope="module", params=EARLIER, ids=lambda path: path.stem)
def site(request: pytest.FixtureRequest, echo_pool: Pool) -> Iterator[Nginx]:
    server = Nginx(echo_pool.socket, echo_pool.socket, NO_LIMITS, site=request.param)
    yield server
    server.stop()


@pytest.mark.parametrize("user, role, user_id", [
    (ADMIN, "admin", ""), (SERVICE, "service", ""), (USER, "", USER_ID), (LOOKALIKE, "", ""), (STRANGER, "", "")])
def test_its_users_are_who_they_were(site: Nginx, user: str, role: str, user_id: str) -> None:
    for path in ("/v1/usage/stats", "/v1/usage/caller", "/admin/usage", "/v1/usage/events"):
        seen = parameters(ask(site.tls, path, user=user))
        assert (seen["REMOTE_USER"], seen["TALLY_ROLE"], seen["TALLY_USER_ID"]) == (user, role, user_id)


def test_it_has_all_routes(site: Nginx) -> None:
    for path in ("/healthz", "/readyz"):
        assert ask(site.tls, path).status == 200
    assert ask(site.tls, "/usage").status == 301
    assert ask(site.tls, "/v1/usage/stats").status == 401
    assert ask(site.redirect, "/").status == 301


def test_it_says_of_nobody_more_than_before(site: Nginx) -> None:
    assert ask(site.tls, "/v1/usage/stats", user="nobody").status == 401
    assert ask(site.tls, "/nothing", user=ADMIN).status == 404


def test_new_variables_have_defaults() -> None:
    """What tally.conf may name, the included files name first."""
    import re
    root = Path(__file__).parents[2] / "nginx"
    named = set(re.findall(r"^map .* (\$tally_\w+)", (root / SITE).read_text(), re.MULTILINE))
    defaults = set(re.findall(r"^map .* (\$tally_\w+)", (root / "tally_http").read_text(), re.MULTILINE))
    assert "$tally_account" in named and named <= defaults
