"""The shipped nginx site's TLS: versions, HTTP/2, and the way there from plain HTTP."""

import json
import ssl
import subprocess

import pytest

from client import Endpoint, ask, basic, connect
from nginx import Nginx
from process import scratch_directory
from sample import STATS
from shipped import ADMIN, HOST


def test_http_leads_to_https(nginx: Nginx) -> None:
    reply = ask(nginx.redirect, STATS)
    assert reply.status == 301
    assert reply.header("Location") == f"https://{HOST}{STATS}"


def test_transport_security_only_over_tls(nginx: Nginx) -> None:
    for path in (STATS, "/nowhere"):
        assert ask(nginx.tls, path, user=ADMIN).header("Strict-Transport-Security")
        assert ask(nginx.plain, path, user=ADMIN).header("Strict-Transport-Security") is None


def test_http2_with_curl(nginx: Nginx) -> None:
    body = scratch_directory("curl") / "body"
    name, value = basic(ADMIN)
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", "--cacert", nginx.directory / "certificate.pem",
         "--resolve", f"{HOST}:{nginx.tls.port}:127.0.0.1", "-H", f"{name}: {value}",
         "-o", body, "-w", "%{http_version} %{http_code} %{content_type}",
         f"https://{HOST}:{nginx.tls.port}{STATS}"],
        capture_output=True, text=True, check=True)
    assert done.stdout == "2 200 application/json"
    assert body.read_bytes() == ask(nginx.plain, STATS, user=ADMIN).body


def test_http2_errors_are_json(nginx: Nginx, down: Nginx) -> None:
    for server, path, status in ((nginx, "/nowhere", 404), (nginx, STATS, 401), (down, STATS, 401)):
        done = subprocess.run(
            ["curl", "--silent", "--insecure", "--http2", "-w", "\n%{http_code} %{content_type}",
             f"https://127.0.0.1:{server.tls.port}{path}"], capture_output=True, text=True, check=True)
        body, _, summary = done.stdout.rpartition("\n")
        assert summary == f"{status} application/json"
        assert list(json.loads(body)) == ["error"]


def handshake(port: int, version: ssl.TLSVersion) -> str:
    """Speak exactly one version of TLS, also one that OpenSSL would not use by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with connect(Endpoint(port)) as plain, context.wrap_socket(plain, server_hostname=HOST) as peer:
        return str(peer.version())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_versions(nginx: Nginx) -> None:
    assert handshake(nginx.tls.port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert handshake(nginx.tls.port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(nginx.tls.port, version)
