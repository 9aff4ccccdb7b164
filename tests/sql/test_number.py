"""tally_number: what a member of detail counts as. It never fails."""

import json
from decimal import Decimal
from typing import Any, Iterator, Optional

import psycopg
import pytest

from postgres import Postgres
from run import install

NUMBERS = [
    ("0", "0"), ("-0", "0"), ("5", "5"), ("-5", "-5"), ("0.1", "0.1"), ("1e5", "100000"), ("1.5E-3", "0.0015"),
    ("12345678901234567.000000000000000001", "12345678901234567.000000000000000001"),
    ("1000000000000000000", "1000000000000000000"), ("1e18", "1000000000000000000"), ("-1e18", "-1000000000000000000"),
    ("1000000000000000000.000000000000000000001", None), ("-1000000000000000000.1", None),
    ("1000000000000000001", None), ("1e19", None), ("1e400", None), ("-1e400", None), ("1e100000", None),
    ("1e-400", "1e-400"), ("9" * 1000, None), ("0." + "0" * 5000 + "1", "1e-5001"),
]

STRINGS = [
    ("0", "0"), ("5", "5"), ("+5", "5"), ("-5", "-5"), ("005", "5"), ("0.5", "0.5"), (".5", "0.5"), ("5.", "5"),
    ("-.5", "-0.5"), ("+5.25", "5.25"), ("1000000000000000000", "1000000000000000000"),
    ("1000000000000000000.0", "1000000000000000000"), ("1000000000000000000.1", None), ("-1000000000000000001", None),
    ("0" * 999 + "7", "7"), ("9" * 1000, None), ("9" * 100_000, None), ("1" * 200_000, None),
    ("", None), (" ", None), (" 5", None), ("5 ", None), ("5\n", None), ("\t5", None), ("5\u00a0", None),
    ("abc", None), ("5x", None), ("x5", None), ("NaN", None), ("nan", None), ("Infinity", None), ("-inf", None),
    ("1e5", None), ("1E5", None), ("1e400", None), ("0x10", None), ("0b1", None), ("1_000", None), ("1,000", None),
    ("1,5", None), ("--5", None), ("+-5", None), ("+", None), ("-", None), (".", None), ("-.", None), ("1.2.3", None),
    ("٣", None), ("５", None), ("\u22125", None), ("null", None), ("true", None), ("5\\u0000", None),
]

OTHERS = ["null", "true", "false", "{}", "[]", "[5]", '{"a": 5}', '"\\"5\\""']


@pytest.fixture(scope="module")
def connection(cluster: Postgres) -> Iterator["psycopg.Connection[Any]"]:
    cluster.sql("create database numbers owner owner")
    install(cluster, "numbers")
    with psycopg.connect(cluster.conninfo("numbers", "owner"), autocommit=True) as one:
        yield one


def number(connection: "psycopg.Connection[Any]", member: Optional[str]) -> Any:
    row = connection.execute("select tally_number(%s::jsonb)", [member], prepare=False).fetchone()
    assert row
    return row[0]


def expected(text: Optional[str]) -> Optional[Decimal]:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize("text, value", NUMBERS, ids=[text[:24] for text, _ in NUMBERS])
def test_json_number(connection: "psycopg.Connection[Any]", text: str, value: Optional[str]) -> None:
    assert number(connection, text) == expected(value)


@pytest.mark.parametrize("text, value", STRINGS, ids=[repr(text[:24]) for text, _ in STRINGS])
def test_string(connection: "psycopg.Connection[Any]", text: str, value: Optional[str]) -> None:
    assert number(connection, json.dumps(text)) == expected(value)


@pytest.mark.parametrize("member", [*OTHERS, None])
def test_anything_else(connection: "psycopg.Connection[Any]", member: Optional[str]) -> None:
    assert number(connection, member) is None


def test_settings_of_the_session_change_nothing(connection: "psycopg.Connection[Any]") -> None:
    with connection.transaction():
        for setting in ("extra_float_digits = -15", "standard_conforming_strings = off", "lc_numeric = 'C'"):
            connection.execute(f"set local {setting}")
        assert number(connection, "0.1234567890123456789") == Decimal("0.1234567890123456789")
        assert number(connection, '"0.5"') == Decimal("0.5") and number(connection, '"0x5"') is None


@pytest.mark.parametrize("kind, member", [
    ("ai", "tokens_in"), ("whisper", "duration_seconds"), ("tts", "characters"), ("cas", "size_bytes"),
    ("bandwidth", "size_bytes"), ("livekit", "participant_minutes"), ("other", None), ("", None), ("AI", None),
    (None, None),
])
def test_total_member(connection: "psycopg.Connection[Any]", kind: Optional[str], member: Optional[str]) -> None:
    assert connection.execute("select tally_total_member(%s::text)", [kind]).fetchone() == (member,)
