"""The pages: what they load is there, is installed and speaks the page's texts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
FILES = sorted(path for path in WEB.rglob("*.*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
BUILT_IN = {"chart.min.js"}


def name(path: Path) -> str:
    return str(path.relative_to(WEB))


def test_every_file_is_installed() -> None:
    listed = re.findall(r"web/\S+", (ROOT / "Makefile.am").read_text())
    assert sorted(listed) == [f"web/{name(path)}" for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_name_is_one_that_the_servers_know(path: Path) -> None:
    assert re.fullmatch(r"(?:admin|usage)/index\.html|tally/[a-z_]+\.(?:js|css|svg)", name(path))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


@pytest.mark.parametrize("path", [*WEB.rglob("*.html")], ids=name)
def test_a_page_loads_only_files_that_are_there(path: Path) -> None:
    loaded = re.findall(r'(?:src|href)="([^"]+)"', path.read_text())
    assert loaded and all((path.parent / file).resolve().exists() or Path(file).name in BUILT_IN for file in loaded)
    assert not re.search(r"<style|style=|<script(?![^>]*src=)| on\w+=", path.read_text())


def imports_of(path: Path) -> set[Path]:
    return {path.parent / file for file in re.findall(r'^import [^;]* from "\./([^"]+)";', path.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("path", [*WEB.rglob("*.html")], ids=name)
def test_a_page_asks_for_all_its_modules_at_once(path: Path) -> None:
    """What a module imports is found out only when it is here."""
    [first] = re.findall(r'<script src="\.\./(tally/\w+\.js)" type="module">', path.read_text())
    found: set[Path] = set()
    waiting = {WEB / first}
    while waiting:
        found |= waiting
        waiting = {one for module in waiting for one in imports_of(module)} - found
    asked = re.findall(r'<link rel="modulepreload" href="\.\./(tally/\w+\.js)">', path.read_text())
    assert asked == sorted(name(one) for one in found - {WEB / first})


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_module_imports_only_what_is_there(path: Path) -> None:
    for wanted, file in re.findall(r'^import \{([^}]*)\} from "\./([^"]+)";', path.read_text(), re.MULTILINE | re.DOTALL):
        exported = set(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", (path.parent / file).read_text(), re.MULTILINE))
        exported |= {one.strip() for names in re.findall(r"^export \{([^}]*)\}", (path.parent / file).read_text(), re.MULTILINE) for one in names.split(",")}
        for one in re.split(r"\s*,\s*", wanted.strip()):
            theirs, _, ours = one.partition(" as ")
            assert theirs in exported, f"{theirs} of {file}"
            assert len(re.findall(rf"\b{ours or theirs}\b", path.read_text())) > 1, f"{one} is not used"


def test_every_module_is_loaded() -> None:
    text = "".join(path.read_text() for path in FILES if path.suffix in (".js", ".html"))
    assert [name(path) for path in SCRIPTS if path.name not in text] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_nothing_of_the_database_can_become_markup(path: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|https?://(?!www\.w3\.org/)",
                         path.read_text())


TEXTS = (WEB / "tally/texts.js").read_text()
KEYS = re.findall(r"^  (\w+): \{\s+en: ", TEXTS, re.MULTILINE)


def test_every_text_is_in_both_languages() -> None:
    assert len(KEYS) > 100 and len(KEYS) == len(set(KEYS))
    for entry in re.split(r"^  (?=\w+: \{\s+en: )", TEXTS.split("const TEXTS = {")[1].split("\n};")[0], flags=re.MULTILINE)[1:]:
        english, norwegian = re.split(r"\bnb: ", entry)
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", norwegian)), entry


def test_every_text_is_used_and_is_there() -> None:
    code = "".join(path.read_text() for path in SCRIPTS if path.name != "texts.js")
    literal = set(re.findall(r'"(\w+)"', code))
    families = set(re.findall(r"`(\w+_)\$\{", code))
    assert {key for key in re.findall(r'\btext\(\s*"(\w+)"', code)} <= set(KEYS)
    assert [key for key in KEYS if key not in literal and not any(key.startswith(family) for family in families)] == []
