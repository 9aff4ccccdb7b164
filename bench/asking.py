"""One client that asks for one report after another, of workers that answer in two ways, and compares."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from statistics import median
from typing import Mapping

from services import BenchError

WAYS = ("events", "sums")
REQUESTS_LEAST, REQUESTS_MOST, SECONDS = 3, 30, 1.5  # of one case, one way
LOOKS = 10  # at two replies whose window ends now
SAME, DIFFERENT = "yes", "NO"
LONGEST = 3600  # seconds that a reply may take


@dataclass(frozen=True)
class Question:
    """One request; `is_fixed` tells that its window does not move with the clock."""

    name: str
    path: str
    is_fixed: bool


@dataclass
class Answers:
    """Those to one question: seconds of each, by way."""

    question: Question
    seconds: Mapping[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    size: int = 0
    agreement: str = ""

    def is_enough(self, way: str) -> bool:
        taken = self.seconds[way]
        return len(taken) >= REQUESTS_MOST or len(taken) >= REQUESTS_LEAST and sum(taken) >= SECONDS

    def median_ms(self, way: str) -> float:
        return median(self.seconds[way]) * 1000


class Client:
    """One that keeps its connection to an nginx."""

    def __init__(self, port: int):
        self.connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST)

    def close(self) -> None:
        self.connection.close()

    def ask(self, path: str) -> tuple[bytes, float]:
        """The body, and the seconds from the request to its last byte."""
        try:
            if not self.connection.sock:  # At first, and when nginx has ended it; not on the clock.
                self.connection.connect()
            begun = time.perf_counter()
            self.connection.request("GET", path)
            reply = self.connection.getresponse()
            body = reply.read()
            taken = time.perf_counter() - begun
        except (OSError, HTTPException) as error:
            raise BenchError(f"{path}: {error!r}") from error
        if reply.status != 200:
            raise BenchError(f"{path}: {reply.status} {body[:300]!r}")
        if b'"messages":0,' in body or b'"by_collection":[]' in body:
            raise BenchError(f"{path}: the reply has no usage in it: {body[:300]!r}")
        return body, taken


def compare(clients: Mapping[str, Client], question: Question) -> tuple[str, int]:
    """Whether both ways give the same bytes, and how many. Both are asked at one moment: a window that ends now
    may else have moved past an event, as it still may."""
    for _ in range(1 if question.is_fixed else LOOKS):
        with ThreadPoolExecutor(len(WAYS)) as pool:
            bodies = [body for body, _ in pool.map(lambda way: clients[way].ask(question.path), WAYS)]
        if bodies[0] == bodies[1]:
            return SAME, len(bodies[0])
    return (DIFFERENT if question.is_fixed else "never at one moment"), len(bodies[1])


def measure(clients: Mapping[str, Client], question: Question) -> Answers:
    """Both ways in turns, so that what else the machine does meets both; the comparison warms up."""
    answers = Answers(question)
    answers.agreement, answers.size = compare(clients, question)
    turn = list(WAYS)
    while waiting := [way for way in turn if not answers.is_enough(way)]:
        for way in waiting:
            answers.seconds[way].append(clients[way].ask(question.path)[1])
        turn.reverse()  # so that neither is always the second
    return answers
