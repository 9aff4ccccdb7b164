"""Free TCP ports on 127.0.0.1."""

import errno
import fcntl
import os
import random
import socket

# Below the range from which the kernel takes ports for outgoing connections.
FIRST, LAST = 20000, 32000
LOCKS = "/tmp/tally-test-ports"

_held: list[int] = []


def free_port() -> int:
    """A port that nobody listens on, and that no other test run gets until this process ends."""
    os.makedirs(LOCKS, exist_ok=True)
    if os.stat(LOCKS).st_uid == os.getuid():
        os.chmod(LOCKS, 0o1777)
    for port in random.sample(range(FIRST, LAST), LAST - FIRST):
        if _lock(port):
            return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")


def _lock(port: int) -> bool:
    try:
        fd = os.open(f"{LOCKS}/{port}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:  # another user's lock
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError as error:
        os.close(fd)
        if error.errno in (errno.EWOULDBLOCK, errno.EADDRINUSE):
            return False
        raise
    _held.append(fd)
    return True
