"""What a client writes into its request changes neither who it is nor where the request goes."""

from typing import Any, Sequence

import pytest

from client import Endpoint, Reply, ask, basic, converse, parse, request_bytes, send
from sample import OTHER_ID, OVERVIEW, STATS
from shipped import ADMIN, USER, USER_ID

pytestmark = pytest.mark.case(34)

SERVERS = ("nginx plain", "nginx tls", "apache tls", "apache folder", "apache direct")

Headers = Sequence[tuple[str, str]]

# Header names for a variable: as the servers translate them, and every spelling that might slip by.
IDENTITY = ("REMOTE_USER", "TALLY_ROLE", "TALLY_USER_ID", "TALLY_SECRET")


def spellings(variable: str) -> list[str]:
    words = variable.split("_")
    title = [word.title() for word in words]
    names = [
        variable, variable.lower(), "_".join(title), "-".join(title), "-".join(words),
        "-".join(words).lower(), ".".join(title), "--".join(title), "_-".join(title),
    ]
    prefixes = ("X-", "HTTP-", "HTTP_", "Http-", "Redirect-", "REDIRECT_", "X-Forwarded-",
                "Fcgi-", "FCGI_", "Env-")
    return names + [prefix + name for prefix in prefixes for name in (names[0], names[3])] + [
        names[3] + "-", "_" + variable, names[3] + "_", variable + "+"]


VALUES = {
    "REMOTE_USER": (ADMIN, "", f"{USER}, {ADMIN}"),
    "TALLY_ROLE": ("admin", "service", "", "x" * 300),
    "TALLY_USER_ID": (OTHER_ID, "", "nonsense"),
    "TALLY_SECRET": ("secret", ""),
}

TABLE = [(variable, name) for variable in IDENTITY for name in spellings(variable)]

# Other headers that some server or program takes for the user, the route or the method.
OTHERS: list[tuple[str, str]] = [
    ("Remote-User", ADMIN), ("X-Forwarded-User", ADMIN), ("X-Auth-Request-User", ADMIN),
    ("X-Remote-User", ADMIN), ("X-WebAuth-User", ADMIN), ("X-Authenticated-User", ADMIN),
    ("Auth-User", ADMIN), ("From", ADMIN), ("Cookie", f"REMOTE_USER={ADMIN}; TALLY_ROLE=admin"),
    ("Proxy", "http://127.0.0.1:1"), ("Proxy-Authorization", basic(ADMIN)[1]),
    ("X-Authorization", basic(ADMIN)[1]), ("Authorization-", basic(ADMIN)[1]),
    ("Script-Name", "/admin/usage"), ("SCRIPT_NAME", "/admin/usage"), ("Path-Info", "/admin/usage"),
    ("PATH_INFO", "/admin/usage"), ("Request-Uri", "/admin/usage"), ("X-Original-URL", "/admin/usage"),
    ("X-Rewrite-URL", "/admin/usage"), ("X-Accel-Redirect", "/admin/usage"), ("Request-Method", "PUT"),
    ("X-HTTP-Method-Override", "DELETE"), ("X-HTTP-Method", "DELETE"), ("Query-String", "bucket=x"),
    ("X-Forwarded-Prefix", "/admin"), ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"),
    ("Tally-Config", "/dev/null"), ("TALLY_CONFIG", "/dev/null"), ("Status", "200"),
    ("Content-Type", "x\tREMOTE_USER: alice"), ("Connection", "close, Authorization"),
    ("Transfer-Encoding", "identity"),
]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Endpoint:
    """The real worker behind each server."""
    name, way = request.param.split()
    return getattr(request.getfixturevalue(name), way)


@pytest.fixture(params=SERVERS)
def echo(request: pytest.FixtureRequest) -> Endpoint:
    """A program that tells its parameters behind each server."""
    name, way = request.param.split()
    return getattr(request.getfixturevalue(f"echo_{name}"), way)


# A server may refuse what is malformed, or what it cannot do.
REFUSED = (400, 501)

# Parameters that tell of the connection, and the server's copies of what a client may well set.
INCIDENTAL = {"REQUEST_ID", "REDIRECT_REQUEST_ID", "REMOTE_PORT", "UNIQUE_ID", "REDIRECT_UNIQUE_ID", "CONTENT_TYPE",
              "CONTENT_LENGTH"}


def trusted(reply: Reply) -> dict[str, Any]:
    """The parameters that a worker may rely on; a name that comes twice fails."""
    assert reply.status == 200, reply
    pairs = [(name, value) for name, value in reply.json()["parameters"]
             if not name.startswith("HTTP_") and name not in INCIDENTAL]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


@pytest.fixture(scope="session")
def unspoofed() -> dict[Endpoint, dict[str, Any]]:
    """What an honest request's parameters are at each server, asked once."""
    return {}


def check_parameters(echo: Endpoint, unspoofed: dict[Endpoint, dict[str, Any]],
                     headers: Headers) -> None:
    if echo not in unspoofed:
        unspoofed[echo] = trusted(ask(echo, "/v1/usage/stats", user=USER))
    for order in (list(headers), [*headers, *headers]):
        reply = ask(echo, "/v1/usage/stats", user=USER, headers=order)
        if reply.status not in REFUSED:
            assert trusted(reply) == unspoofed[echo], headers


@pytest.mark.parametrize("variable, name", TABLE, ids=[name for _, name in TABLE])
def test_header_sets_no_parameter(echo: Endpoint, unspoofed: dict[Endpoint, dict[str, Any]],
                                  variable: str, name: str) -> None:
    for value in VALUES[variable]:
        check_parameters(echo, unspoofed, [(name, value)])


@pytest.mark.parametrize("header", OTHERS, ids=[name for name, _ in OTHERS])
def test_other_header_sets_no_parameter(echo: Endpoint, unspoofed: dict[Endpoint, dict[str, Any]],
                                        header: tuple[str, str]) -> None:
    check_parameters(echo, unspoofed, [header])


def check_worker(server: Endpoint, headers: Headers) -> None:
    """A user with these headers is still that user, and nobody is still nobody."""
    overview = ask(server, OVERVIEW, user=USER, headers=headers)
    assert overview.status in (403, *REFUSED), headers
    stats = ask(server, STATS, user=USER, headers=headers)
    if stats.status not in REFUSED:
        assert stats.status == 200
        assert stats.json()["filters_applied"]["user_id"] == USER_ID
    for path in (STATS, OVERVIEW):
        assert ask(server, path, headers=headers).status in (401, *REFUSED)


@pytest.mark.parametrize("variable, name", TABLE, ids=[name for _, name in TABLE])
def test_header_gains_nothing(server: Endpoint, variable: str, name: str) -> None:
    check_worker(server, [(name, VALUES[variable][0])])


@pytest.mark.parametrize("header", OTHERS, ids=[name for name, _ in OTHERS])
def test_other_header_gains_nothing(server: Endpoint, header: tuple[str, str]) -> None:
    check_worker(server, [header])


def test_all_headers_together_gain_nothing(server: Endpoint) -> None:
    names = {name: VALUES[variable][0] for variable, name in TABLE}
    # Apache takes at most a hundred headers.
    together = list(names.items())
    for start in range(0, len(together), 80):
        check_worker(server, together[start:start + 80])


def test_query_gains_nothing(server: Endpoint) -> None:
    query = f"REMOTE_USER={ADMIN}&TALLY_ROLE=admin&TALLY_USER_ID={OTHER_ID}"
    assert ask(server, f"{OVERVIEW}&{query}", user=USER).status == 403
    stats = ask(server, f"{STATS}&{query}", user=USER)
    assert stats.json()["filters_applied"]["user_id"] == USER_ID
    assert ask(server, f"{STATS}&user_id={OTHER_ID}", user=USER).status == 403
    assert ask(server, f"{STATS}&{query}").status == 401


@pytest.mark.parametrize("value", [
    "Basic", "Basic ", basic(ADMIN, "")[1], basic(ADMIN, "wrong")[1], basic(f"{ADMIN}\n")[1],
    basic(f"{USER}\n{ADMIN}")[1], basic(f"\0{ADMIN}")[1], basic(f"{ADMIN}\0")[1],
    basic(" " + ADMIN)[1], basic(ADMIN + " ")[1], basic("ALICE")[1], "Negotiate " + ADMIN,
    f'Digest username="{ADMIN}"', "Bearer x", ADMIN,
])
def test_credentials_that_are_none(server: Endpoint, value: str) -> None:
    for path in (STATS, OVERVIEW):
        assert ask(server, path, headers=[("Authorization", value)]).status in (401, 400)


def test_scheme_is_case_insensitive_and_the_user_is_not(server: Endpoint) -> None:
    value = basic(USER)[1].replace("Basic", "bAsIc")
    assert ask(server, STATS, headers=[("aUTHORIZATION", value)]).status == 200
    assert ask(server, OVERVIEW, user="Alice").status == 403


@pytest.mark.parametrize("first, second", [
    (basic(USER), basic(ADMIN, "wrong")), (basic(ADMIN, "wrong"), basic(USER)),
    (basic(USER), ("Authorization", "Basic")), (basic(USER), ("AUTHORIZATION", ADMIN)),
])
def test_two_authorizations_are_never_another_user(server: Endpoint, first: tuple[str, str],
                                                   second: tuple[str, str]) -> None:
    headers = [first, second]
    assert ask(server, OVERVIEW, headers=headers).status in (400, 401, 403)
    stats = ask(server, STATS, headers=headers)
    assert stats.status in (200, 400, 401)
    if stats.status == 200:
        assert stats.json()["filters_applied"]["user_id"] == USER_ID


LENGTHS: list[Headers] = [
    [("Content-Length", "0"), ("Content-Length", "9")],
    [("Content-Length", "+0")],
    [("Content-Length", "0x9")],
    [("Content-Length", "9"), ("Transfer-Encoding", "chunked")],
    [("Content-Length ", "9")],
    [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
    [("Transfer-Encoding", "xchunked")],
    [("Content_Length", "9")],
]


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_no_request_hides_in_a_body(server: Endpoint, lengths: Headers) -> None:
    """Whatever a server takes for the body: the rest is a request that must sign in by itself."""
    hidden = request_bytes(server, OVERVIEW)
    request = request_bytes(server, STATS, user=USER, headers=lengths, body=b"0\r\n\r\n" + hidden)
    request = request.replace(b"Connection: close\r\n", b"", 1)
    answers = converse(server, request).split(b"HTTP/1.1 ")[1:]
    statuses = [int(answer[:3]) for answer in answers]
    assert statuses and statuses[0] in (200, 400, 411, 413, 501)
    assert all(status in (400, 401) for status in statuses[1:])


@pytest.mark.parametrize("value", ["a\rREMOTE_USER: alice", "a\n REMOTE_USER: alice", "a\0b"])
def test_control_bytes_start_no_header(server: Endpoint, value: str) -> None:
    check_worker(server, [("X-Any", value)])


@pytest.mark.parametrize("target", [
    "//admin/usage", "/v1/usage/stats/../../../admin/usage", "/./admin/usage", "/admin/./usage",
    "/v1/usage/stats/%2e%2e/%2e%2e/%2e%2e/admin/usage", "/admin%2fusage", "/%61dmin/usage",
    "/admin/usage/", "/admin/usage;", "/admin/usage%00", "/admin//usage", "/ADMIN/usage",
    "/admin/usage%20", "/admin/usage%3fdays=1", "/tally.fcgi/admin/usage", "/admin/usage?days=1#",
])
def test_spelling_of_the_route_gains_nothing(server: Endpoint, target: str) -> None:
    assert ask(server, target, user=USER).status in (400, 403, 404)
    assert ask(server, target).status in (400, 401, 403, 404)


def test_absolute_request_target_gains_nothing(server: Endpoint) -> None:
    request = request_bytes(server, OVERVIEW, user=USER)
    for origin in (b"http://127.0.0.1", b"https://alice@127.0.0.1", b"http://alice:x@127.0.0.1"):
        answer = converse(server, request.replace(b"GET ", b"GET " + origin, 1))
        assert parse(answer).status in (400, 403, 404)
    anonymous = request_bytes(server, OVERVIEW)
    absolute = anonymous.replace(b"GET ", b"GET http://alice:correct@127.0.0.1", 1)
    assert send(server, absolute).status in (400, 401, 404)
