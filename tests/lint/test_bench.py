"""What is measured is what is shipped."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_measured_site_has_every_file_of_nginx() -> None:
    [listed] = re.findall(r"^SHIPPED = \(([^)]*)\)", (ROOT / "bench/services.py").read_text(), re.MULTILINE)
    shipped = {path.name for path in (ROOT / "nginx").iterdir()} - {"tally.conf"}
    assert set(re.findall(r'"(\w+)"', listed)) == shipped
