"""A FastCGI client: one request per connection, as nginx sends it, whole or in parts."""

import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Mapping, Optional

from client import Reply

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
RESPONDER = 1
RECORD_MOST = 65535

ADMIN = {"REMOTE_USER": "alice", "TALLY_ROLE": "admin"}


class NoReply(Exception):
    """The worker closed the connection before it had sent a whole reply."""


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def stream(kind: int, content: bytes) -> bytes:
    """The records of a stream, with the empty one that ends it."""
    pieces = [content[at:at + RECORD_MOST] for at in range(0, len(content), RECORD_MOST)]
    return b"".join(record(kind, piece) for piece in pieces) + record(kind)


def _length(number: int) -> bytes:
    return bytes([number]) if number < 128 else struct.pack("!I", number | 0x80000000)


def encode(parameters: Mapping[str, str]) -> bytes:
    """Name-value pairs; a lone surrogate in a value stands for a byte that is not UTF-8."""
    pieces = []
    for name, value in parameters.items():
        name_bytes, value_bytes = name.encode(), value.encode("utf-8", "surrogateescape")
        pieces += [_length(len(name_bytes)), _length(len(value_bytes)), name_bytes, value_bytes]
    return b"".join(pieces)


def begin() -> bytes:
    return record(BEGIN, struct.pack("!HB5x", RESPONDER, 0))


def parameters_for(path: str, method: str = "GET",
                   identity: Mapping[str, str] = ADMIN) -> dict[str, str]:
    """What nginx sends for a path with an optional query."""
    script_name, _, query = path.partition("?")
    return {"REQUEST_METHOD": method, "SCRIPT_NAME": script_name, "QUERY_STRING": query,
            "CONTENT_LENGTH": "", **identity}


def request_bytes(parameters: Mapping[str, str], body: bytes = b"") -> bytes:
    return begin() + stream(PARAMS, encode(parameters)) + stream(STDIN, body)


class Connection:
    """A connection to a worker's socket, for requests that are sent in parts or not at all."""

    def __init__(self, path: Path, seconds: float = 30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(str(path))

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _receive(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            try:
                chunk = self.socket.recv(length - len(data))
            except ConnectionError as error:
                raise NoReply(str(error)) from error
            if not chunk:
                raise NoReply(f"closed after {len(data)} of {length} bytes of a record")
            data += chunk
        return bytes(data)

    def output(self) -> bytes:
        """What the worker writes, up to the record that ends the request."""
        written = bytearray()
        while True:
            _, kind, _, length, padding = struct.unpack("!BBHHBx", self._receive(8))
            content = self._receive(length + padding)[:length]
            if kind == END:
                assert content == b"\0" * 8, content
                return bytes(written)
            assert kind == STDOUT, kind
            written += content

    def reply(self) -> Reply:
        return parse(self.output())

    def closed(self) -> bool:
        """Wait until the worker closes the connection; whether it did so without a word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True


def parse(output: bytes) -> Reply:
    """A CGI response as a reply; where it has no status, that is an error of its own."""
    head, _, body = output.partition(b"\r\n\r\n")
    headers = []
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        headers.append((name, value))
    status = dict(headers)["Status"]
    return Reply(int(status.split()[0]), [pair for pair in headers if pair[0] != "Status"], body)


def call(path: Path, parameters: Mapping[str, str], seconds: float = 30, body: bytes = b"") -> Reply:
    """Send one request with exactly these parameters and read its reply."""
    request = request_bytes(parameters, body)
    with Connection(path, seconds) as connection:
        connection.send(request)
        return connection.reply()


def ask(path: Path, target: str, method: str = "GET", identity: Mapping[str, str] = ADMIN,
        seconds: float = 30) -> Reply:
    """Ask for a path with an optional query."""
    return call(path, parameters_for(target, method, identity), seconds)
