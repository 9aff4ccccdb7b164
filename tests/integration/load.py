"""Clients that ask a web server all the time, and compare each reply with what it should be."""

import random
import threading
from collections import Counter
from http.client import IncompleteRead
from typing import Mapping, Optional

from client import Endpoint, Reply, connect, parse, request_bytes
from shipped import ADMIN
from wait import wait_until


class Load:
    """So many clients, between `with` and its end; `expected` holds the right body of each path.

    A client asks a path chosen at random. A share of the requests is given up: the client sends it and
    leaves. What went wrong is in `wrong`, how often each status came in `statuses`; `cut_off` counts the
    replies that ended before their Content-Length, which is how a client knows a worker that died.
    """

    def __init__(self, endpoint: Endpoint, expected: Mapping[str, bytes], clients: int = 8,
                 given_up: float = 0):
        self.endpoint = endpoint
        self.expected = dict(expected)
        self.given_up = given_up
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.abandoned = 0
        self.cut_off = 0
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def total(self) -> int:
        return sum(self.statuses.values())

    def wait_for(self, count: int, seconds: float = 60) -> None:
        """Until so many more replies have come."""
        least = self.total() + count
        wait_until(lambda: self.total() >= least, f"{count} replies", seconds)

    def _run(self, number: int) -> None:
        numbers = random.Random(number)
        paths = list(self.expected)
        while not self.ending.is_set():
            path = numbers.choice(paths)
            leaves = numbers.random() < self.given_up
            reply = self._ask(path, leaves)
            with self.lock:
                self.abandoned += leaves
                if reply is not None:
                    self._note(path, reply)

    def _ask(self, path: str, leaves: bool) -> Optional[Reply]:
        request = request_bytes(self.endpoint, path, user=ADMIN)
        answer = b""
        try:
            with connect(self.endpoint, 60) as peer:
                peer.sendall(request)
                if leaves:
                    return None
                while chunk := peer.recv(65536):
                    answer += chunk
            return parse(answer)
        except IncompleteRead:
            with self.lock:
                self.cut_off += 1
            return None
        except Exception as failure:  # whatever it is, the test must see it
            with self.lock:
                self.wrong.append(f"{path}: {failure!r}")
            return None

    def _note(self, path: str, reply: Reply) -> None:
        self.statuses[reply.status] += 1
        if reply.status == 200 and reply.body != self.expected[path]:
            self.wrong.append(f"{path}: {len(reply.body)} bytes, {reply.body[:200]!r}")
        if reply.status != 200 and list(reply.json()) != ["error"]:
            self.wrong.append(f"{path}: {reply.status}, {reply.body[:200]!r}")
