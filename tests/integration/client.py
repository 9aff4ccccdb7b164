"""An HTTP client that sends exactly the bytes that a test writes."""

import base64
import http.client
import io
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Optional, Sequence

PASSWORD = "correct horse"

# Every test server has a certificate of its own making.
_trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_trusting.check_hostname = False
_trusting.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens, and what stands before the routes there."""

    port: int
    tls: bool = False
    prefix: str = ""
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> Optional[str]:
        """A header's value; a header that comes twice is an error of its own."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} comes {len(values)} times: {values}"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


def basic(user: str, password: str = PASSWORD) -> tuple[str, str]:
    """The header that signs a user in."""
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def request_bytes(endpoint: Endpoint, path: str, *, user: Optional[str] = None,
                  method: str = "GET", headers: Sequence[tuple[str, str]] = (),
                  body: bytes = b"") -> bytes:
    """A request as it goes over the wire; nothing is checked or escaped."""
    lines = [f"{method} {endpoint.prefix}{path} HTTP/1.1", f"Host: {endpoint.host}",
             "Connection: close"]
    if user is not None:
        lines.append(": ".join(basic(user)))
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def connect(endpoint: Endpoint, seconds: float = 30) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", endpoint.port), seconds)
    if not endpoint.tls:
        return plain
    return _trusting.wrap_socket(plain, server_hostname=endpoint.host)


def converse(endpoint: Endpoint, request: bytes) -> bytes:
    """Send the bytes, and return all that comes back until the server closes."""
    answer = io.BytesIO()
    with connect(endpoint) as peer:
        try:
            peer.sendall(request)
            while chunk := peer.recv(65536):
                answer.write(chunk)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            pass  # A server may refuse a request before it has read all of it.
    return answer.getvalue()


class _Recorded:
    """What http.client wants of a socket, from bytes that were received."""

    def __init__(self, data: bytes):
        self.data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


def parse(answer: bytes, method: str = "GET") -> Reply:
    response = http.client.HTTPResponse(_Recorded(answer), method=method)  # type: ignore[arg-type]
    response.begin()
    return Reply(response.status, response.getheaders(), response.read())


def send(endpoint: Endpoint, request: bytes, method: str = "GET") -> Reply:
    return parse(converse(endpoint, request), method)


def ask(endpoint: Endpoint, path: str, *, user: Optional[str] = None, method: str = "GET",
        headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Reply:
    """Send one request and read its reply."""
    request = request_bytes(endpoint, path, user=user, method=method, headers=headers, body=body)
    return send(endpoint, request, method)


def check_error(reply: Reply, status: int) -> None:
    """Every error, whoever makes it: JSON with one member, not to be stored or guessed at."""
    assert reply.status == status, reply
    assert reply.header("Content-Type") == "application/json"
    assert list(reply.json()) == ["error"] and reply.json()["error"]
    assert reply.header("Cache-Control") == "private, no-store"
    assert reply.header("X-Content-Type-Options") == "nosniff"


def parameters(reply: Reply) -> dict[str, str]:
    """The parameters that reached the echo program, none of them twice."""
    assert reply.status == 200, reply
    pairs = reply.json()["parameters"]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)
