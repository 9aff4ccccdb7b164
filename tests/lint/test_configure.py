"""configure names the Debian package of a library that is missing."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {"fcgi": "libfcgi-dev", "libpq": "libpq-dev", "jansson": "libjansson-dev",
            "inih": "libinih-dev"}


@pytest.fixture(scope="module")
def configure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configure of the sources as they are."""
    folder = tmp_path_factory.mktemp("configure")
    for name in ("autogen.sh", "configure.ac", "Makefile.am", "fcgi", "src", "tests"):
        (folder / name).symlink_to(ROOT / name)
    subprocess.run(["autoreconf", "--install"], cwd=folder, check=True, capture_output=True)
    return folder / "configure"


@pytest.mark.parametrize("module", PACKAGES)
def test_a_missing_library_is_named_with_its_package(module: str, configure: Path,
                                                     tmp_path: Path) -> None:
    pkg_config = tmp_path / "pkg-config"
    pkg_config.write_text(f'#!/bin/sh\ncase " $*" in *" {module}"*) exit 1 ;; esac\n'
                          'exec /usr/bin/pkg-config "$@"\n')
    pkg_config.chmod(0o755)
    done = subprocess.run(
        [configure, f"--cache-file={configure.parent}/cache.{os.getpid()}"], cwd=tmp_path,
        env={**os.environ, "PKG_CONFIG": str(pkg_config)}, capture_output=True, text=True,
        check=False)
    assert done.returncode != 0
    assert f"apt-get install {PACKAGES[module]}" in done.stderr
