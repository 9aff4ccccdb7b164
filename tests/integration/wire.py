"""The texts of a reply: JSON strings, numbers and times, written from the rules of the wire format."""

import math
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Iterable, NamedTuple, Optional

# Sums are exact: no sum of these tests needs more digits, and one that did would be an error.
EXACT = Context(prec=5000, Emax=999999, Emin=-999999)

I64_LEAST, I64_MOST = -2**63, 2**63 - 1

SECOND = 1_000_000  # microseconds
DAY = 86400 * SECOND
_EPOCH = date(1970, 1, 1)
_CYCLE = 146097  # days in 400 years, after which the calendar repeats

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class Moment(NamedTuple):
    """An instant as chrono keeps it: a leap second is second 59 with a second or more behind it."""

    seconds: int
    nanoseconds: int

    def total(self) -> int:
        return self.seconds * 1_000_000_000 + self.nanoseconds


class Civil(NamedTuple):
    year: int
    month: int
    day: int


def civil(days: int) -> Civil:
    """The date so many days after 1970-01-01, in any year."""
    cycles, rest = divmod(days, _CYCLE)
    day = _EPOCH + timedelta(days=rest)
    return Civil(day.year + 400 * cycles, day.month, day.day)


def days_of(year: int, month: int, day: int) -> int:
    cycles, rest = divmod(year - 1970, 400)
    return (date(1970 + rest, month, day) - _EPOCH).days + cycles * _CYCLE


def moment_of(microseconds: int) -> Moment:
    seconds, rest = divmod(microseconds, SECOND)
    return Moment(seconds, rest * 1000)


def time_text(moment: Moment, zone: str = "+00:00") -> str:
    days, second = divmod(moment.seconds, 86400)
    leap, nanoseconds = divmod(moment.nanoseconds, 1_000_000_000)
    year, month, day = civil(days)
    text = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}"
    text += f"-{month:02d}-{day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60 + leap:02d}"
    if nanoseconds % 1_000_000 == 0:
        fraction = f".{nanoseconds // 1_000_000:03d}" if nanoseconds else ""
    elif nanoseconds % 1000 == 0:
        fraction = f".{nanoseconds // 1000:06d}"
    else:
        fraction = f".{nanoseconds:09d}"
    return text + fraction + zone


def string(text: Optional[str]) -> str:
    if text is None:
        return "null"
    escaped = (_ESCAPES.get(char) or (f"\\u{ord(char):04x}" if char < " " else char) for char in text)
    return '"' + "".join(escaped) + '"'


def i64(value: Decimal) -> str:
    """The nearest integer, halves away from zero, at most the nearest bound of its type."""
    whole = int(value.to_integral_value(ROUND_HALF_UP, EXACT))
    return str(max(I64_LEAST, min(I64_MOST, whole)))


def f64(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return "null"
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return sign + "0.0"
    shortest = Decimal(repr(abs(value)))  # Python writes the shortest digits that read back
    digits = "".join(map(str, shortest.as_tuple().digits)).strip("0")
    point = shortest.adjusted() + 1
    if 0 < point <= 16:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:] or "0"
        return f"{sign}{whole}.{fraction}"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def number(value: Decimal) -> str:
    """An exact sum as the nearest double."""
    return f64(float(value))


def record(members: Iterable[tuple[str, str]]) -> str:
    """A JSON object of members whose values are JSON already."""
    return "{" + ",".join(f'"{key}":{value}' for key, value in members) + "}"


def array(values: Iterable[str]) -> str:
    return "[" + ",".join(values) + "]"
