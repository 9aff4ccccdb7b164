"""The TLS of the shipped sites: versions, ciphers, HTTP/2, and the way there from plain HTTP."""

import json
import re
import ssl
import subprocess
from typing import Any, Iterator

import pytest

from apache import Apache
from client import Endpoint, ask, basic, connect
from nginx import Nginx
from pool import ECHO, Pool
from process import scratch_directory
from sample import STATS
from shipped import ADMIN, HOST


# Mozilla's intermediate list for TLS 1.2, the best of each kind of certificate first.
CIPHERS = {f"ECDHE-{kind}-{cipher}" for kind in ("ECDSA", "RSA")
           for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")}


def accepted(port: int, *options: str) -> str:
    """The cipher that openssl's own client agrees on with a server, or nothing."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", HOST, *options],
                          input=b"", capture_output=True, timeout=30, check=False)
    found = re.search(rb"^New, TLSv1.[23], Cipher is (\S+)$", done.stdout, re.MULTILINE)
    return found[1].decode() if found and found[1] != b"(NONE)" else ""


@pytest.fixture(scope="module", params=["ec", "rsa"])
def ports(request: pytest.FixtureRequest, echo_pool: Pool) -> Iterator[list[int]]:
    """nginx and Apache with a certificate of this kind."""
    servers: list[Any] = [Nginx(echo_pool.socket, echo_pool.socket, key=request.param), Apache({}, ECHO, request.param)]
    yield [server.tls.port for server in servers]
    for server in servers:
        server.stop()


def test_ciphers(ports: list[int]) -> None:
    for port in ports:
        taken: set[str] = set()
        # Of all ciphers that OpenSSL knows, those that are taken, one after the other.
        while found := accepted(port, "-tls1_2", "-cipher", ":".join(["ALL:eNULL:@SECLEVEL=0", *(f"!{name}" for name in taken)])):
            taken.add(found)
        assert taken < CIPHERS and len(taken) == 3
        for refused in ("AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"):
            assert not accepted(port, "-tls1_2", "-cipher", f"{refused}:@SECLEVEL=0")
        # Each client's own order counts.
        kind = "RSA" if any("-RSA-" in name for name in taken) else "ECDSA"
        for first, second in ((f"ECDHE-{kind}-AES256-GCM-SHA384", f"ECDHE-{kind}-AES128-GCM-SHA256"),
                              (f"ECDHE-{kind}-AES128-GCM-SHA256", f"ECDHE-{kind}-CHACHA20-POLY1305")):
            assert accepted(port, "-tls1_2", "-cipher", f"{first}:{second}") == first
            assert accepted(port, "-tls1_2", "-cipher", f"{second}:{first}") == second


def test_curves(ports: list[int]) -> None:
    for port in ports:
        for curve, is_taken in (("X25519", True), ("P-256", True), ("P-384", True), ("P-521", False), ("X448", False)):
            assert bool(accepted(port, "-tls1_3", "-curves", curve)) == is_taken, curve


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
def test_tls_versions(ports: list[int]) -> None:
    for port in ports:
        assert handshake(port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert handshake(port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                handshake(port, version)
