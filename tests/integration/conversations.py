"""What a broken or hostile peer may say to a worker: FastCGI conversations that are none."""

import random
import struct

from fastcgi import ABORT, BEGIN, END, PARAMS, STDIN, begin, encode, parameters_for, record, stream
from sample import STATS

GET_VALUES, DATA, UNKNOWN = 9, 8, 99

GOOD_PARAMETERS = encode(parameters_for(STATS))
WHOLE = begin() + stream(PARAMS, GOOD_PARAMETERS) + stream(STDIN, b"")


def header(version: int, kind: int, number: int, length: int, padding: int = 0) -> bytes:
    return struct.pack("!BBHHBx", version, kind, number, length, padding)


def begin_with(role: int, flags: int = 0, number: int = 1) -> bytes:
    return header(1, BEGIN, number, 8) + struct.pack("!HB5x", role, flags)


NO_PARAMETERS = stream(PARAMS, b"") + stream(STDIN, b"")

# Each is followed by the end of what the peer sends.
MALFORMED = {
    "http": b"GET /v1/usage/stats HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": bytes.fromhex("16030100c8010000c40303") + b"\x5a" * 190,
    "zeros": b"\0" * 64,
    "ones": b"\xff" * 4096,
    "version 0": header(0, BEGIN, 1, 8) + b"\0" * 8,
    "version 2": header(2, BEGIN, 1, 8) + b"\0" * 8,
    "other version later": begin() + header(2, PARAMS, 1, 4) + b"abcd",
    "role of an authorizer": begin_with(2) + NO_PARAMETERS,
    "role of a filter": begin_with(3) + NO_PARAMETERS,
    "unknown role": begin_with(9) + NO_PARAMETERS,
    "request 0": begin_with(1, number=0),
    "all flags": begin_with(1, flags=255) + NO_PARAMETERS,
    "unknown record": header(1, UNKNOWN, 0, 0),
    "unknown record in a request": begin() + header(1, UNKNOWN, 1, 3) + b"abc" + NO_PARAMETERS,
    "question for values": header(1, GET_VALUES, 0, 17) + b"\x0f\0FCGI_MPXS_CONNS",
    "record of the other side": begin() + record(END, b"\0" * 8) + NO_PARAMETERS,
    "data of a filter": begin() + stream(PARAMS, GOOD_PARAMETERS) + stream(DATA, b"x" * 100),
    "no beginning": stream(PARAMS, GOOD_PARAMETERS) + stream(STDIN, b""),
    "body before parameters": begin() + stream(STDIN, b"x" * 100) + stream(PARAMS, GOOD_PARAMETERS),
    "abort at once": begin() + record(ABORT),
    "abort in the parameters": begin() + record(PARAMS, GOOD_PARAMETERS) + record(ABORT),
    "abort in the body": begin() + stream(PARAMS, GOOD_PARAMETERS) + record(STDIN, b"x") + record(ABORT),
    "two beginnings": begin() + begin() + NO_PARAMETERS,
    "second request in between": begin() + begin_with(1, number=2) + NO_PARAMETERS,
    "short beginning": header(1, BEGIN, 1, 2) + b"\0\1",
    "long beginning": header(1, BEGIN, 1, 2000) + b"\0\1" * 1000,
    "length beyond the record": begin() + stream(PARAMS, b"\x05\x05ab") + stream(STDIN, b""),
    "long length cut off": begin() + stream(PARAMS, b"\x80\0") + stream(STDIN, b""),
    "value longer than all": begin() + stream(PARAMS, b"\x01\x80\x01\0\0a") + stream(STDIN, b""),
    "empty names": begin() + stream(PARAMS, b"\0\0" * 1000) + stream(STDIN, b""),
    "NUL in a name": begin() + stream(PARAMS, b"\x03\x01a\0bx") + stream(STDIN, b""),
    "equals sign in a name": begin() + stream(PARAMS, b"\x0e\x05REQUEST_METHOD=GET==") + stream(STDIN, b""),
    "padding": begin() + header(1, PARAMS, 1, 0, 255) + b"\xff" * 255 + stream(STDIN, b""),
    "padding cut off": begin() + header(1, PARAMS, 1, 0, 255) + b"\xff" * 3,
    "nothing else": begin() + NO_PARAMETERS,
    "parameters twice": begin() + stream(PARAMS, GOOD_PARAMETERS) * 2 + stream(STDIN, b""),
    "records without content": begin() + header(1, UNKNOWN, 1, 0) * 20_000,
    "body that goes on": begin() + stream(PARAMS, GOOD_PARAMETERS) + record(STDIN, b"x" * 60_000) * 100,
}

# Requests that are whole but unusual: each has the usual reply.
UNUSUAL = {
    "a byte in each record": begin() + b"".join(record(PARAMS, bytes([byte])) for byte in GOOD_PARAMETERS)
                             + record(PARAMS) + record(STDIN),
    # libfcgi does not pass over padding behind the beginning; no web server sends any there.
    "padding everywhere else": begin() + b"".join(
        header(1, kind, 1, len(content), 255) + content + b"\xaa" * 255
        for kind, content in ((PARAMS, GOOD_PARAMETERS), (PARAMS, b""), (STDIN, b""))),
    "long form of lengths": begin() + stream(PARAMS, b"".join(
        struct.pack("!II", len(name) | 0x80000000, len(value) | 0x80000000) + name.encode() + value.encode()
        for name, value in parameters_for(STATS).items())) + stream(STDIN, b""),
    "a connection to be kept": begin_with(1, flags=1) + WHOLE[len(begin()):],
    "bytes behind the end": WHOLE + b"more",
    "a value twice": begin() + stream(PARAMS, GOOD_PARAMETERS + encode({"QUERY_STRING": "bucket=x"}))
                     + stream(STDIN, b""),
}

# Lengths that make libfcgi ask for gigabytes: it ends the process where it gets none.
HUGE = {
    "name of 2 GiB": begin() + stream(PARAMS, b"\xff\xff\xff\xff\x01") + stream(STDIN, b""),
    "value of 2 GiB": begin() + stream(PARAMS, b"\x01\xff\xff\xff\xffa") + stream(STDIN, b""),
    "name of 2 GiB less one": begin() + stream(PARAMS, b"\xff\xff\xff\xfe\xff\xff\xff\xfe") + stream(STDIN, b""),
    "value of 1 GiB": begin() + stream(PARAMS, b"\x01\xc0\0\0\0a") + stream(STDIN, b""),
}

KINDS = (BEGIN, ABORT, END, PARAMS, STDIN, DATA, GET_VALUES, UNKNOWN)


def _random_record(numbers: random.Random) -> bytes:
    content = bytes(numbers.randrange(128) for _ in range(numbers.choice((0, 1, 8, 8, 100))))
    told = len(content) if numbers.random() < 0.9 else numbers.randrange(300)
    return header(numbers.choice((1, 1, 1, 1, 1, 0, 2)), numbers.choice(KINDS), numbers.choice((1, 1, 1, 0, 2)), told,
                  numbers.choice((0, 0, 7))) + content


def _changed(numbers: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(numbers.randint(0, 3)):
        # Not in the upper bit of a length: that may become a huge one.
        changed[numbers.randrange(len(changed))] = numbers.randrange(128)
    return bytes(changed[:numbers.randint(0, len(changed))])


def random_conversation(numbers: random.Random) -> bytes:
    """A request with some bytes changed and cut anywhere, or records in any order."""
    if numbers.random() < 0.5:
        return _changed(numbers, WHOLE)
    pieces = [begin(), record(PARAMS, GOOD_PARAMETERS), record(PARAMS), record(STDIN)]
    for _ in range(numbers.randint(1, 4)):
        pieces.insert(numbers.randint(0, len(pieces)), _random_record(numbers))
    if numbers.random() < 0.3:
        numbers.shuffle(pieces)
    return b"".join(pieces)
