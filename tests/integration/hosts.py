"""Servers at addresses of their own, those that follow them, and hosts that do not answer."""

import os
import shutil
import socket
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

import fastcgi
from client import Reply
from pool import Settings, write_ini
from ports import free_port
from postgres import WEB_ROLE, Postgres
from process import worker_binary
from wait import wait_until


class Listening(Postgres):
    """A cluster that is also reached by TCP, on 127.0.0.1."""

    def __init__(self, settings: Mapping[str, str] = {}) -> None:
        self.port = free_port()
        super().__init__({"listen_addresses": "127.0.0.1", "port": str(self.port), **settings})

    def conninfo(self, dbname: str = "postgres", user: Optional[str] = None) -> str:
        return f"{super().conninfo(dbname, user)} port={self.port}"


class Standby(Listening):
    """A cluster that follows another one until it is promoted."""

    def __init__(self, primary: Listening) -> None:
        self.primary = primary
        super().__init__({"hot_standby": "on"})

    def _start_first(self) -> None:
        shutil.rmtree(self.data)
        subprocess.run(["pg_basebackup", "-d", self.primary.conninfo(), "-D", self.data, "-R", "-X", "stream",
                        "-c", "fast"], check=True, capture_output=True)
        if self.account:
            for path in (self.data, *self.data.rglob("*")):
                shutil.chown(path, self.account)
        self.start()

    def promote(self) -> None:
        self.sql("select pg_promote()")

    def follow(self) -> None:
        """Wait until it has what the primary has."""
        [(here,)] = self.primary.sql("select pg_current_wal_lsn()::text")
        wait_until(lambda: self.sql("select pg_last_wal_replay_lsn() >= %s::pg_lsn", here)[0][0], "the standby to follow")


def at(*places: tuple[str, int], dbname: str, **more: object) -> Settings:
    """A configuration with these hosts and ports."""
    return {"database": {"host": ",".join(host for host, _ in places), "port": ",".join(str(port) for _, port in places),
                         "dbname": dbname, "user": WEB_ROLE, **more}}


@contextmanager
def silent(address: str = "127.0.0.2", port: int = 0) -> Iterator[tuple[str, int]]:
    """A host that takes connections and says nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listening:
        listening.bind((address, port))
        listening.listen(64)
        yield address, listening.getsockname()[1]


@contextmanager
def swallowing(address: str = "127.0.0.2") -> Iterator[tuple[str, int]]:
    """A host that drops what is sent to it: its queue of connections is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind((address, 0))
        listening.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield listening.getsockname()


class Refusing:
    """A server that answers each connection with an error, as PostgreSQL does."""

    def __init__(self, sqlstate: str, message: str) -> None:
        fields = b"".join(kind + text.encode() + b"\0" for kind, text in
                          ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", sqlstate), (b"M", message)))
        self.answer = b"E" + (len(fields) + 5).to_bytes(4, "big") + fields + b"\0"
        self.tries = 0
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.2", 0))
        self.socket.listen(64)
        self.place: tuple[str, int] = self.socket.getsockname()
        self.thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Refusing":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return  # The test is over.
            self.tries += 1
            with peer:
                if peer.recv(8)[4:] == (80877103).to_bytes(4, "big"):  # asks for TLS
                    peer.sendall(b"N")
                peer.recv(4096)
                peer.sendall(self.answer)


class Started:
    """A worker with surroundings of its own, on a socket in a test's directory."""

    def __init__(self, directory: Path, process: "subprocess.Popen[bytes]") -> None:
        self.socket = directory / "sock"
        self.log = directory / "log"
        self.process = process

    def ask(self, target: str, method: str = "GET") -> Reply:
        return fastcgi.ask(self.socket, target, method)

    def output(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def started(settings: Settings, directory: Path, files: Mapping[str, str] = {}, status: Optional[int] = 0,
            **variables: str) -> Iterator[Started]:
    """`files`: what stands in place of files of the system, for this worker alone; needs root. `status`: how the
    worker must end; None: as it likes."""
    argv: list[Any] = [worker_binary(), "-c", write_ini(directory / "tally.ini", settings)]
    if files:
        steps = []
        for number, (path, text) in enumerate(files.items()):
            (directory / f"file{number}").write_text(text)
            steps.append(f"mount --bind '{directory}/file{number}' {path}")
        argv = ["unshare", "-m", "sh", "-c", " && ".join([*steps, 'exec "$@"']), "sh", *argv]
    with socket.socket(socket.AF_UNIX) as listening, (directory / "log").open("ab") as log:
        listening.bind(str(directory / "sock"))
        listening.listen()
        process = subprocess.Popen([*map(str, argv)], stdin=listening, stderr=log, env={**os.environ, **variables})
        try:
            yield Started(directory, process)
        finally:
            process.terminate()
            assert process.wait(15) == status or status is None
