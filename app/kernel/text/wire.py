"""How parent and child talk: JSON behind a four-byte length, over a pair of sockets."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_HEADER = struct.Struct("!I")
_LARGEST = 64 * 1024 * 1024


class Closed(ConnectionError):
    """The other side is gone, or does not speak this language."""


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send one message; OSError when the other side is gone or slow beyond the time-out."""
    body = json.dumps(message).encode()
    connection.sendall(_HEADER.pack(len(body)) + body)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Receive one message; Closed at the end of the stream, TimeoutError as the socket says."""
    (length,) = _HEADER.unpack(_exactly(connection, _HEADER.size))
    if length > _LARGEST:
        raise Closed("message too large")
    message = json.loads(_exactly(connection, length))
    if not isinstance(message, dict):
        raise Closed("not a message")
    return message


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            raise Closed("end of stream")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
