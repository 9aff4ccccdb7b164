"""What is said in more than one place is said the same in all of them."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def text(path: str) -> str:
    return (ROOT / path).read_text()


def keys() -> list[tuple[str, str, str]]:
    """Section, name and default of every configuration key, from its table."""
    table = text("src/config_keys.c").split("const struct config_key config_keys[] = {")[1].split("\n};")[0]
    return re.findall(r'\{"(\w+)",\s*"(\w+)",\s*"([^"]*)"', table)


def routes() -> list[tuple[str, str]]:
    """Method and path of each."""
    table = text("src/route.c").split("routes[] = {")[1].split("\n};")[0]
    return [("GET" if methods == "READ" else "POST", path) for path, methods in re.findall(r'\{"(/[^"]+)", (\w+),', table)]


def parameters(path: str) -> list[str]:
    table = text(path).split("static const struct param params[] = {")[1].split("\n};")[0]
    return re.findall(r'\{"(\w+)",', table)


def sample_configuration() -> list[tuple[str, str, str]]:
    section, found = "", []
    for line in text("conf/tally.ini").splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif match := re.fullmatch(r"(\w+) =\s*(.*)", line):
            found.append((section, match[1], match[2]))
    return found


def test_tables_are_found() -> None:
    assert len(keys()) >= 18 and len(routes()) >= 2


def test_the_sample_configuration_has_every_key_with_its_default() -> None:
    assert sample_configuration() == keys()


def test_the_sample_configuration_explains_every_key() -> None:
    lines = text("conf/tally.ini").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\w+ =", line):
            assert lines[number - 1].startswith("; "), line


@pytest.mark.parametrize("section, key, preset", keys())
def test_the_manual_describes_every_key(section: str, key: str, preset: str) -> None:
    manual = text("doc/tally.ini.5").split(f".Ss [{section}]")[1].split(".Ss [")[0]
    item = re.search(rf"^\.It Cm (?:\w+ , )*{key}\b.*?(?=^\.It|\Z)", manual,
                     re.MULTILINE | re.DOTALL)
    assert item, key
    assert not preset or re.search(rf"\b{preset}\b", item[0]), f"{key}: default {preset}"


@pytest.mark.parametrize("method, route", routes())
def test_every_route_is_served_and_documented(method: str, route: str) -> None:
    assert f"location = {route} {{" in text("nginx/tally_locations")
    assert f"## {method} {route}\n" in text("doc/api.md")
    assert method.lower() in json.loads(text("doc/openapi.json"))["paths"][route]
    for path in ("conf/apache/tally.conf", "conf/apache/htaccess"):
        assert route.lstrip("/") in text(path), path


@pytest.mark.parametrize("method, route, source", [
    ("GET", "/v1/usage/stats", "src/stats.c"), ("GET", "/admin/usage", "src/overview.c"),
    ("POST", "/v1/usage/events", "src/intake.c")])
def test_every_parameter_is_documented(method: str, route: str, source: str) -> None:
    operation = json.loads(text("doc/openapi.json"))["paths"][route][method.lower()]
    section = text("doc/api.md").split(f"## {method} {route}\n")[1].split("\n## ")[0]
    assert sorted(parameter["name"] for parameter in operation["parameters"]) == sorted(
        parameters(source))
    for name in parameters(source):
        assert f"| `{name}` |" in section, name


def test_the_version_is_one() -> None:
    version = re.search(r"AC_INIT\(\[tally\], \[([\d.]+)\]", text("configure.ac"))
    assert version
    assert json.loads(text("doc/openapi.json"))["info"]["version"] == version[1]
    assert f"## {version[1]}\n" in text("NEWS.md")


def test_the_schema_has_the_version_that_the_program_needs() -> None:
    needed = re.search(r'SCHEMA_VERSION "(\d+)"', text("src/schema_version.h"))
    assert needed
    assert f"insert into tally_schema (version) values ({needed[1]});" in text("sql/schema.sql")


def test_every_statement_is_compiled_in() -> None:
    parts = set(re.findall(r"^\\ir (\S+)$", "\n".join(
        path.read_text() for path in ROOT.glob("sql/*.sql")), re.MULTILINE))
    run_by_hand = {"schema.sql", "grants.sql", "drop.sql", "sample.sql"}
    compiled = {f"{name}.sql" for name in re.findall(r"const char (\w+)_sql\[\]",
                                                     text("src/statements_sql.h"))}
    assert {path.name for path in ROOT.glob("sql/*.sql")} == compiled | parts | run_by_hand


def test_what_is_run_by_hand_is_installed_with_all_that_it_includes() -> None:
    installed = set(re.search(r"^dist_sql_DATA = (.*)$", text("Makefile.am"), re.MULTILINE)[1].split())  # type: ignore[index]
    needed = {"sql/schema.sql", "sql/grants.sql", "sql/drop.sql"}
    for path in sorted(needed):
        needed |= {f"sql/{part}" for part in re.findall(r"^\\ir (\S+)$", text(path), re.MULTILINE)}
    assert installed == needed


def test_every_field_of_an_event_is_documented() -> None:
    fields = re.findall(r'\{"(\w+)", read_', text("src/event.c").split("fields[] = {")[1].split("\n};")[0])
    schema = json.loads(text("doc/openapi.json"))["components"]["schemas"]["event"]["properties"]
    section = text("doc/api.md").split("## POST /v1/usage/events\n")[1].split("\n## ")[0]
    rows = " ".join(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE))
    assert len(fields) == 10 and list(schema) == fields
    assert all(f"`{name}`" in rows for name in fields)


def test_the_readme_is_short() -> None:
    assert len(text("README.md").splitlines()) < 160


def test_every_check_is_in_the_manual() -> None:
    """Also those of the query, and no other one."""
    made = set(re.findall(r'(?:checkup, CHECKUP_\w+, |checkup, |^    \{)"(\w+)"', text("src/checkup.c"), re.MULTILINE))
    made |= set(re.findall(r"select \d+(?: as place)?, '(\w+)'", text("sql/checkup.sql"))) | {"database", "sums"}
    section = text("doc/tally.fcgi.8").split(".It Fl T\n")[1].split(".It Fl V\n")[0]
    documented = {name for line in re.findall(r"^\.It Cm (.*)$", section, re.MULTILINE) for name in line.split(" , ")}
    assert made - {"account"} == documented
