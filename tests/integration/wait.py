"""Waiting for an event, with a deadline."""

import time
from typing import Callable, TypeVar

Value = TypeVar("Value")


def wait_until(predicate: Callable[[], Value], what: str, seconds: float = 15) -> Value:
    """Ask until the predicate's answer is true, and return it; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting after {seconds} s: {what}")
        time.sleep(0.01)
