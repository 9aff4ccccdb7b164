"""The layers of doc/architecture.md: who may include whom, and each outside library in one place."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# From the bottom up; a file includes its own layer and those below it.
LAYERS = [
    {"allocate", "buffer", "clock", "error", "utf8", "log", "fault_log", "backoff", "host_lookup", "log_sink", "stderr_pipe"},
    {"hex", "calendar", "query_string", "timestamp", "uuid", "bucket", "decimal",
     "float_format", "json_write", "json_text", "json_read", "quantity", "media_type", "uuid_named", "sql_type",
     "detail", "event", "event_arrays", "cloud_event", "batch", "outcome", "params", "statements_sql", "statements", "schema_version", "schema_rights",
     "identity", "secret", "config", "config_keys", "db_value", "db_array", "pq", "pq_handle", "pq_connect", "db_fault", "db_exchange", "db_hosts",
     "db_search", "db_link", "db", "fields", "login_advice"},
    {"app", "stats", "overview", "ingest", "intake", "record", "caller", "health", "upkeep",
     "checkup", "checkup_files"},
    {"route", "request_log"},
    {"request_in", "reply_out", "peer", "waiting"},
    {"exchange"},
    {"worker", "self_test"},
    {"main"},
]

# Each outside library has one file that knows it; the connection to PostgreSQL is made in another one.
OUTSIDE = {
    "fcgiapp.h": "fcgi/peer.c",
    "libpq-fe.h": "src/pq.c src/pq_connect.c",
    "ini.h": "src/config.c",
    "jansson.h": "src/json_read.c",
    "openssl/sha.h": "src/uuid_named.c",
    "sys/epoll.h": "fcgi/waiting.c",
    "sys/signalfd.h": "fcgi/waiting.c",
    "syslog.h": "src/log.c",
}

FILES = sorted([*ROOT.glob("src/*.[ch]"), *ROOT.glob("fcgi/*.[ch]")])


def layer_of(name: str) -> int:
    stem = {"timestamp_parse": "timestamp"}.get(name, name)
    for level, members in enumerate(LAYERS):
        if stem in members:
            return level
    raise AssertionError(f"{name} is in no layer: put it into LAYERS")


def included(path: Path, form: str) -> list[str]:
    return re.findall(rf"^#include {form}", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_includes_only_its_layer_and_those_below(path: Path) -> None:
    for header in included(path, r'"(\w+)\.h"'):
        assert layer_of(header) <= layer_of(path.stem), f"{path.name} includes {header}.h"


@pytest.mark.parametrize("header", OUTSIDE)
def test_an_outside_library_is_known_in_one_file(header: str) -> None:
    users = [str(path.relative_to(ROOT)) for path in FILES
             if header in included(path, r"<([\w/.-]+)>")]
    assert users == OUTSIDE[header].split()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_standard_library_is_included_besides(path: Path) -> None:
    ours = "|".join(OUTSIDE)
    for header in included(path, r"<([\w/.-]+)>"):
        assert re.fullmatch(rf"{ours}|[a-z0-9_]+\.h|(sys|arpa)/\w+\.h", header), header


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= (400 if path.suffix == ".c" else 120)


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".c"],
                         ids=lambda path: path.name)
def test_a_function_is_short(path: Path) -> None:
    start = 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line == "{":
            start = number
        if line == "}" and start:
            assert number - start <= 60, f"{path.name}:{start}"
            start = 0
