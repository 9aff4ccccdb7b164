"""The configuration files that the project ships, adapted to a test by named replacements."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Mapping

from client import PASSWORD
from process import ROOT

# The users of the shipped files: their names there decide what they may do.
ADMIN = "alice"
SERVICE = "reporting"
USER = "bob"
USER_ID = "7f2c1d1e-6a40-4c57-9d0c-2f4b8f1f3a11"
# Users that the files do not name: one like the administrator in all but case, one without a uuid.
LOOKALIKE = "Alice"
STRANGER = "carol"

HOST = "usage.example.org"

# The library that draws the charts, as Debian installs it.
CHART = Path("/usr/share/javascript/chart.js/chart.min.js")


@dataclass(frozen=True)
class Change:
    """Text that a test replaces in a shipped file, where it must stand exactly so often."""

    new: str
    times: int = field(default=1)


def adapt(source: Path, target: Path, changes: Mapping[str, Change]) -> None:
    """Copy a file of the project; fail if it no longer says what the test means to replace."""
    text = source.read_text()
    for old, change in changes.items():
        found = text.count(old)
        assert found == change.times, f"{source.name}: {old!r} stands there {found} times, not {change.times}"
        text = text.replace(old, change.new)
    target.write_text(text)


KEYS = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"), "rsa": ("rsa:2048",)}


def make_certificate(directory: Path, kind: str = "ec") -> tuple[Path, Path]:
    """A certificate for the shipped host name, and its key."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *KEYS[kind], "-nodes",
         "-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
         "-addext", "basicConstraints=critical,CA:FALSE",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)
    return certificate, key


def make_htpasswd(path: Path,
                  users: Iterable[str] = (ADMIN, SERVICE, USER, LOOKALIKE, STRANGER)) -> Path:
    """A password file, with the cheapest hash that both servers read."""
    path.write_text("")
    for user in users:
        subprocess.run(["htpasswd", "-bB", "-C", "4", str(path), user, PASSWORD],
                       check=True, capture_output=True)
    return path


def copy_pages(directory: Path) -> Path:
    """The pages, where the account that a server runs under can read them."""
    return shutil.copytree(ROOT / "web", directory / "web")


def hand_over(directory: Path, owner: str | None) -> None:
    """Give everything in a directory to the account that a server runs under."""
    if owner:
        for path in [directory, *directory.rglob("*")]:
            shutil.chown(path, owner)
