#!/usr/bin/python3
"""A FastCGI program in place of tally.fcgi: it answers with the parameters that reached it.

The query string may ask for other behaviour: status=N&body=TEXT answers these, hang never answers,
die promises more than it sends, and exit ends the program instead of an answer.
"""

import json
import os
import signal
import socket
import struct
import sys
from urllib.parse import parse_qs

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def receive(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        chunk = peer.recv(length - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def read_request(peer: socket.socket) -> tuple[int, bytes, bytes]:
    """The id of a request, its parameters as sent, and its body."""
    streams = {PARAMS: b"", STDIN: b""}
    while True:
        _, kind, number, length, padding = struct.unpack("!BBHHBx", receive(peer, 8))
        content = receive(peer, length + padding)[:length]
        if kind == STDIN and not content:
            return number, streams[PARAMS], streams[STDIN]
        if kind in streams:
            streams[kind] += content


def decode_length(data: bytes, at: int) -> tuple[int, int]:
    if data[at] < 128:
        return data[at], at + 1
    return struct.unpack_from("!I", data, at)[0] & 0x7fffffff, at + 4


def decode_parameters(data: bytes) -> list[tuple[str, str]]:
    pairs, at = [], 0
    while at < len(data):
        name_length, at = decode_length(data, at)
        value_length, at = decode_length(data, at)
        name, at = data[at:at + name_length], at + name_length
        value, at = data[at:at + value_length], at + value_length
        pairs.append((name.decode("latin-1"), value.decode("latin-1")))
    return pairs


def record(kind: int, number: int, content: bytes) -> bytes:
    return struct.pack("!BBHHBx", 1, kind, number, len(content), 0) + content


def reply(query: dict[str, list[str]], parameters: list[tuple[str, str]], body: bytes) -> bytes:
    status = query.get("status", ["200"])[0]
    if "body" in query:
        content = query["body"][0].encode()
    else:
        content = json.dumps({"parameters": parameters, "body": len(body)}).encode()
    length = len(content) + (1000 if "die" in query else 0)
    head = (f"Status: {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
            "Cache-Control: private, no-store\r\nX-Worker: echo\r\n\r\n")
    return head.encode() + content


def serve(peer: socket.socket) -> None:
    number, raw, body = read_request(peer)
    parameters = decode_parameters(raw)
    query = parse_qs(dict(parameters).get("QUERY_STRING", ""), keep_blank_values=True)
    if "hang" in query:
        peer.recv(1)  # until the server gives up
        return
    if "exit" in query:
        os._exit(1)
    answer = reply(query, parameters, body)
    for start in range(0, len(answer), 65535):
        peer.sendall(record(STDOUT, number, answer[start:start + 65535]))
    if "die" not in query:
        peer.sendall(record(STDOUT, number, b"") + record(END, number, b"\0" * 8))


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda *_: os._exit(0))
    listening = socket.socket(fileno=0)
    while True:
        peer, _ = listening.accept()
        with peer:
            try:
                serve(peer)
            except (EOFError, ConnectionError) as error:
                print(f"echo: {error!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
