"""Each fault of tests/integration/cases.py has a test."""

import importlib.util
import re
from pathlib import Path

import pytest

INTEGRATION = Path(__file__).resolve().parents[1] / "integration"


def cases() -> dict[int, str]:
    spec = importlib.util.spec_from_file_location("cases", INTEGRATION / "cases.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


def proven() -> set[int]:
    sources = "\n".join(path.read_text() for path in INTEGRATION.glob("test_*.py"))
    marks = re.findall(r"pytest\.mark\.case\(([\d, ]+)\)", sources)
    return {int(number) for mark in marks for number in mark.split(",")}


def test_they_are_forty() -> None:
    assert sorted(cases()) == list(range(1, 41))


@pytest.mark.parametrize("number", cases())
def test_a_case_is_proven(number: int) -> None:
    assert number in proven(), cases()[number]
