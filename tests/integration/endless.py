"""Stands between a worker and PostgreSQL, and makes one row of an answer go on for ever."""

import socket
import struct
import threading

from ports import free_port
from postgres import Postgres

CANCEL = struct.pack("!II", 16, 80877102)
PIECE = 1 << 20  # bytes at once: the socket is never empty


class Endless:
    """A port that leads to a server; TCP's buffers are large, so that more is there at any time. `arm` says what happens at the next row that comes from it; after a
    request to cancel, the rest of the server's answer is handed on."""

    def __init__(self, postgres: Postgres):
        self.port = free_port()
        self.server = str(postgres.directory / ".s.PGSQL.5432")
        self.cancelled = threading.Event()
        self.pieces = 0
        self._how = ""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, how: str) -> None:
        """"repeated": the row comes again and again; "heavy": so it does, with a title that takes time to write;
        "long": one that is long comes without an end."""
        self.cancelled.clear()
        self.pieces = 0
        self._how = how

    def close(self) -> None:
        self.cancelled.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.server)
            threading.Thread(target=self._hand_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _hand_on(self, client: socket.socket, server: socket.socket) -> None:
        first = True
        try:
            while piece := client.recv(65536):
                server.sendall(piece)
                if first and piece.startswith(CANCEL):
                    self.cancelled.set()
                first = False
        except OSError:
            pass
        _end(server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        try:
            with server.makefile("rb") as stream:
                while head := stream.read(5):
                    message = head + stream.read(struct.unpack("!I", head[1:])[0] - 4)
                    if head[:1] == b"D" and self._how:
                        how, self._how = self._how, ""
                        self._go_on(how, message, client)
                    client.sendall(message)
        except OSError:
            pass
        _end(client)

    def _go_on(self, how: str, row: bytes, client: socket.socket) -> None:
        if how == "long":
            columns, length = 4, 1_000_000_000
            row = b"D" + struct.pack("!IHI", 4 + 2 + 4 * columns + length, columns, length)
            client.sendall(row)
            row = b"x" * 1024
        if how == "heavy":
            row = with_title(row, b"\x01" * 60_000)
        piece = row * (PIECE // len(row) + 1)
        while not self.cancelled.is_set():
            client.sendall(piece)
            self.pieces += 1


def with_title(row: bytes, title: bytes) -> bytes:
    """A row of the overview with another text in its second column."""
    columns, at = [], 7
    for _ in range(struct.unpack("!H", row[5:7])[0]):
        length = struct.unpack("!i", row[at:at + 4])[0]
        columns.append(row[at:at + 4 + max(0, length)])
        at += len(columns[-1])
    columns[1] = struct.pack("!I", len(title)) + title
    content = row[5:7] + b"".join(columns)
    return b"D" + struct.pack("!I", 4 + len(content)) + content


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
