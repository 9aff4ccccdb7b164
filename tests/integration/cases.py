"""The faults that Tally must outlive, by number, and their right outcome.

A test says by `@pytest.mark.case(13)` which of them it proves; `pytest -k case13` runs those.
"""

CASES = {
    # Processes and signals.
    1: "TERM, USR1 or INT to an idle worker: it ends with 0 within 100 ms and takes leave of PostgreSQL",
    2: "the same to a busy worker: the reply is complete, then it ends",
    3: "TERM after half of the parameters or of the body: the request is served in full",
    4: "every worker told to end, again and again, under load: no reply but 2xx",
    5: "HUP, USR2, PIPE, ALRM, CHLD: the worker lives and no request is lost",
    6: "a worker is killed: another one within a second; only the request it had is lost",
    7: "the pool starts without a database: no worker ends, each answers 503, all are soon back with it",
    8: "max_requests under load: no reply but 2xx, a full pool, and exactly so many per worker",
    9: "a configuration or argument that is wrong: one line, status 78 or 64, not before a second, no fork storm",
    10: "started by hand: a clear message and status 64",
    11: "the service restarts with its socket held, under load: no reply but 2xx",
    12: "inherited descriptors: a worker has but its standard ones, PostgreSQL's, the log's and what it waits with",
    # Peers on the socket.
    13: "a silent, half-way or never-reading peer: the worker is free again after its patience",
    14: "malformed conversations: the worker lives and the next request is served",
    15: "a length of 2 GiB: at worst the worker ends and is replaced; its memory stays within its limit",
    16: "the client has left before the work starts: no statement is sent, and the log says so",
    17: "the client leaves during the query: the query ends within a second",
    18: "a queue of abandoned slow requests: a new client is served in under 1.5 s",
    19: "the reply cannot be written: the connection to PostgreSQL serves the next request, the worker lives",
    20: "every reply has its status, type and exact length; one that is cut off can be told",
    21: "HEAD: the same header, no body",
    # HTTP and input.
    22: "a method other than GET and HEAD: 405 with Allow, and no statement is sent",
    23: "no REQUEST_METHOD: 500, and the log says what the web server lacks",
    24: "a path that is almost a route: 404, never stored",
    25: "a body with a GET: passed over, 200, up to the limit of the web server, then 413",
    26: "a CONTENT_LENGTH that is none: never believed",
    27: "queries that are malformed or large: 400 with the parameter named, nothing cut at a NUL",
    28: "days of every spelling: an i32, clamped to 1..365, or 400",
    29: "uuids of every spelling: the documented ones, or 400",
    30: "since and until of every spelling: echoed, or 400",
    31: "a window of 10,000 years, a huge thread_id: bounded rows and bytes, or an error",
    32: "SQL in a text parameter: compared literally",
    # Who asks, and what is told.
    33: "a user name that is missing, too long or has control characters: never 200",
    34: "forged headers: identity, role, user id and route stay",
    35: "an identity parameter whose name begins with HTTP_: no start",
    36: "an error's body names no host, user, statement or path; a log line cannot be forged",
    37: "every reply: Cache-Control private, no-store, and nosniff",
    # The database.
    38: "PostgreSQL restarts, crashes or ends the session: the next request is served, or 503 at once while it is away",
    39: "frozen server, lock, no connection left, read only, missing table, wrong password: the right error in time",
    40: "events that hold nonsense: a defined reply, always valid JSON",
}
