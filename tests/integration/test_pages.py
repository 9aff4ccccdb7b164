"""The pages as files: who gets them, with which headers, and that nothing else is to be had."""

import gzip
import re
from pathlib import Path

import pytest

from apache import Apache
from client import Endpoint, ask, check_error
from nginx import Nginx
from process import ROOT
from sample import OVERVIEW, STATS
from shipped import ADMIN, CHART, STRANGER, USER, Change

WAYS = ("nginx", "plain", "apache", "folder")
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml"}


def files() -> list[tuple[str, Path]]:
    """The address of each file, and where it is."""
    found = [(f"/{path.relative_to(ROOT / 'web')}", path) for path in sorted((ROOT / "web").rglob("*.*"))]
    return [*found, ("/admin/", ROOT / "web/admin/index.html"), ("/usage/", ROOT / "web/usage/index.html"),
            ("/tally/chart.min.js", CHART)]


@pytest.fixture(params=WAYS)
def endpoint(request: pytest.FixtureRequest, nginx: Nginx, apache: Apache) -> Endpoint:
    return {"nginx": nginx.tls, "plain": nginx.plain, "apache": apache.tls, "folder": apache.folder}[request.param]


@pytest.mark.parametrize("path, file", files(), ids=[path for path, _ in files()])
def test_every_file_is_served(endpoint: Endpoint, path: str, file: Path) -> None:
    reply = ask(endpoint, path, user=STRANGER)
    assert (reply.status, reply.body) == (200, file.read_bytes())
    # The charset of a picture is stated inside of it.
    assert reply.header("Content-Type").lower().startswith(TYPES[file.suffix])
    assert reply.header("Content-Security-Policy") == POLICY
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Referrer-Policy") == "no-referrer"
    assert reply.header("Cross-Origin-Opener-Policy") == "same-origin"
    assert reply.header("Cross-Origin-Resource-Policy") == "same-origin"
    assert reply.header("X-Frame-Options") == "DENY"
    assert reply.header("Cache-Control") == "private, no-cache"
    assert (reply.header("Strict-Transport-Security") is not None) == endpoint.tls


def test_a_file_that_is_the_same_is_not_sent_again(endpoint: Endpoint) -> None:
    for path in ("/admin/", "/tally/overview.js", "/tally/chart.min.js"):
        tag = ask(endpoint, path, user=USER).header("ETag")
        again = ask(endpoint, path, user=USER, headers=[("If-None-Match", tag)])
        assert (again.status, again.body) == (304, b"")
        assert again.header("Content-Security-Policy") == POLICY
        assert ask(endpoint, path, user=USER, headers=[("If-None-Match", '"other"')]).status == 200


@pytest.mark.parametrize("path", ["/admin/", "/usage/", "/admin/index.html", "/tally/overview.js", "/tally/theme.css", "/tally/chart.min.js"])
def test_nobody_gets_a_file_without_signing_in(endpoint: Endpoint, path: str) -> None:
    check_error(ask(endpoint, path), 401)
    check_error(ask(endpoint, path, user="mallory"), 401)


@pytest.mark.parametrize("path", [
    "/tally/", "/tally", "/tally/missing.js", "/tally/theme.css/", "/tally/theme.css%00.js", "/tally/theme.css%0a", "/tally/.htaccess",
    "/tally/../admin/.htpasswd", "/tally/..%2f..%2ftally.ini", "/tally/%2e%2e/%2e%2e/etc/passwd", "/tally//theme.css/x", "/tally/Theme.css",
    "/admin/index.html/", "/admin/index.htm", "/admin/other.html", "/admin/.git", "/web/admin/index.html", "/usage/../../tally.htpasswd",
    "/tally/chart.min.js/x", "/tally/chart.js", "/index.html", "/tally.htpasswd", "/tally/theme.css.map"])
def test_nothing_else_is_to_be_had(endpoint: Endpoint, path: str) -> None:
    assert ask(endpoint, path, user=ADMIN).status in (400, 403, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_files_are_only_read(nginx: Nginx, apache: Apache, method: str) -> None:
    for path in ("/admin/", "/tally/theme.css", "/tally/chart.min.js"):
        reply = ask(nginx.tls, path, user=ADMIN, method=method)
        check_error(reply, 405)
        assert reply.header("Allow") == "GET, HEAD"
        for endpoint in (apache.tls, apache.folder):
            assert ask(endpoint, path, user=ADMIN, method=method).status in (200, 403, 405)


def test_head_has_the_headers_alone(endpoint: Endpoint) -> None:
    reply = ask(endpoint, "/admin/", user=ADMIN, method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("Content-Security-Policy") == POLICY


@pytest.mark.parametrize("path, there", [("/admin", "/admin/"), ("/usage", "/usage/")])
def test_a_forgotten_slash_is_put_there(endpoint: Endpoint, path: str, there: str) -> None:
    reply = ask(endpoint, path, user=ADMIN)
    assert reply.status == 301
    assert re.sub(r"^https?://[^/]+", "", reply.header("Location")) == endpoint.prefix + there


def test_the_site_itself_leads_to_the_page(nginx: Nginx, apache: Apache) -> None:
    for endpoint in (nginx.tls, nginx.plain, apache.tls, apache.folder):
        reply = ask(endpoint, "/", user=USER)
        assert reply.status == 302
        assert reply.header("Location").endswith("/usage/")


def test_texts_are_compressed_and_numbers_are_not(nginx: Nginx) -> None:
    wanted = [("Accept-Encoding", "gzip")]
    page = ask(nginx.tls, "/tally/theme.css", user=ADMIN, headers=wanted)
    assert page.header("Content-Encoding") == "gzip"
    assert gzip.decompress(page.body) == (ROOT / "web/tally/theme.css").read_bytes()
    for path in (STATS, OVERVIEW):
        reply = ask(nginx.tls, path, user=ADMIN, headers=wanted)
        assert reply.header("Content-Encoding") is None
        assert int(reply.header("Content-Length")) == len(reply.body)


def test_a_page_may_be_loaded_as_often_as_one_reloads_it(pools: tuple, request: pytest.FixtureRequest) -> None:
    """The limit of the files is their own: a page with all of its files, five times at once, and data still to be had."""
    server = Nginx(pools[0].socket, pools[1].socket, {})
    request.addfinalizer(server.stop)
    for _ in range(5):
        for path, _file in files():
            assert ask(server.plain, path, user=USER).status == 200
    assert ask(server.plain, STATS, user=ADMIN).status == 200


def test_files_have_a_limit(pools: tuple, request: pytest.FixtureRequest) -> None:
    server = Nginx(pools[0].socket, pools[1].socket, {"tally_page": {"tally_files   burst=400": Change("tally_files burst=2")},
                                                      "tally_http": {"rate=250r/s": Change("rate=1r/s")}})
    request.addfinalizer(server.stop)
    replies = [ask(server.plain, "/tally/theme.css", user=USER) for _ in range(5)]
    check_error(replies[-1], 429)
    assert replies[-1].header("Retry-After") == "1"
    assert ask(server.plain, STATS, user=ADMIN).status == 200
