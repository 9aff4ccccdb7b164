"""How long a test takes that proves more the longer it runs: `./check --long` sets TALLY_LONG."""

import os
from typing import TypeVar

Value = TypeVar("Value")


def short_or_full(short: Value, full: Value) -> Value:
    return full if os.environ.get("TALLY_LONG") == "yes" else short
