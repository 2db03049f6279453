"""Clients that dawdle: `python -m bench.slow body|headers|read|file PORT COUNT SECONDS`.

Each opens a connection and moves a byte now and then; one that the server closes comes back.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

LOOPBACK = "127.0.0.1"
PACE = 0.5
READERS = ("read", "file")
HEADS = {
    "body": b"POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nbody=",
    "headers": b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "read": b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "file": b"GET /file HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}


def connect(mode: str, port: int) -> socket.socket | None:
    """A connection that has sent its beginning; None when the server did not take it."""
    sock = socket.socket()
    if mode in READERS:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.settimeout(0.2)
    try:
        sock.connect((LOOPBACK, port))
        sock.sendall(HEADS[mode])
    except OSError:
        sock.close()
        return None
    sock.setblocking(False)
    return sock


def step(mode: str, sock: socket.socket) -> bool:
    """Move one byte (or read a few); false when the connection is over."""
    try:
        if mode in READERS:
            return bool(sock.recv(256))
        sock.send(b"a")
        with contextlib.suppress(BlockingIOError):
            return bool(sock.recv(4096)) and False
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def main(mode: str, port: int, count: int, seconds: float) -> None:
    """Hold `count` slow connections for `seconds`, then print how often one was closed."""
    ends = time.monotonic() + seconds
    clients = [connect(mode, port) for _ in range(count)]
    print("ready", sum(c is not None for c in clients), flush=True)
    closed = 0
    while time.monotonic() < ends:
        began = time.monotonic()
        for at, sock in enumerate(clients):
            if sock is None or not step(mode, sock):
                closed += sock is not None
                if sock:
                    sock.close()
                clients[at] = connect(mode, port)
            if time.monotonic() >= ends:
                break
        time.sleep(max(0.0, PACE - (time.monotonic() - began)))
    print("closed", closed, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
