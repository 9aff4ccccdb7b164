"""configure names the Debian package of a library that is missing, and finds the compiler's protections."""

import os
import re
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


def flags_of(makefile: Path, variable: str) -> list[str]:
    found = re.search(rf"^{variable} = (.*)$", makefile.read_text(), re.MULTILINE)
    assert found
    return found[1].split()


def takes(compiler: str, flag: str) -> bool:
    """Whether a compiler takes a flag without a word."""
    done = subprocess.run([compiler, "-O2", "-Werror", flag, "-x", "c", "-", "-c", "-o", "/dev/null"], text=True,
                          input="#include <string.h>\nint main(void) { return 0; }\n", capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_what_protects_the_program_is_on(compiler: str, configure: Path, tmp_path: Path) -> None:
    subprocess.run([configure, f"CC={compiler}"], cwd=tmp_path, check=True, capture_output=True)
    makefile = tmp_path / "Makefile"
    expected = ["-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection", "-ftrivial-auto-var-init=zero", "-fPIE"]
    assert [flag for flag in flags_of(makefile, "TALLY_CFLAGS") if flag in expected] == [
        flag for flag in expected if takes(compiler, flag)]
    assert flags_of(makefile, "TALLY_CPPFLAGS") == [
        "-U_FORTIFY_SOURCE", f"-D_FORTIFY_SOURCE={3 if takes(compiler, '-D_FORTIFY_SOURCE=3') else 2}"]
    # Debian 12's gcc takes all of them.
    if compiler == "gcc":
        assert takes(compiler, "-ftrivial-auto-var-init=zero") and takes(compiler, "-D_FORTIFY_SOURCE=3")


def test_without_optimisation_nothing_is_fortified(configure: Path, tmp_path: Path) -> None:
    subprocess.run([configure, "CFLAGS=-O0"], cwd=tmp_path, check=True, capture_output=True)
    assert flags_of(tmp_path / "Makefile", "TALLY_CPPFLAGS") == []
