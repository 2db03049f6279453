"""Requests as they come in: two hosts refused, bodies that nobody wants swallowed, what is parked counted."""

from __future__ import annotations

import re
import threading
from io import BytesIO
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError

KIB, MIB = 1024, 1024 * 1024
# What anybody may send anywhere. More is asked of the application first, by the request's head.
SMALL_BODY = MIB
# All bodies that wait in a process to be complete and answered. On the disk of the data.
PARKED = 1024 * MIB
# The name of a host or an address, and a port; not two of them, no path, no credentials.
_HOST = re.compile(r"[A-Za-z0-9._~\-]*(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_FILE = re.compile(rb'filename\*?="?[^"\r\n]')
# How the application hears that a body was swallowed though it may be sent: nothing sent is read into it.
BUSY_HEADER = "PLANETARIUM_BODY_BUSY"


class ParkingLot:
    """The bytes of all bodies that a process holds. Counted from the loop and from threads."""

    def __init__(self, most: int = PARKED) -> None:
        self.most = most
        self.held = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Count `count` more bytes; False when there is no room for them."""
        with self._lock:
            if self.held + count > self.most:
                return False
            self.held += count
            return True

    def give_back(self, count: int) -> None:
        """Count `count` bytes no longer."""
        with self._lock:
            self.held -= count


class Sink:
    """Takes the place of a body's buffer and keeps nothing: whoever sends is heard to the end, so that
    they read the answer instead of a broken connection."""

    def __init__(self, length: int) -> None:
        self._length = length

    def append(self, data: bytes) -> None:
        """Forget the data."""
        self._length += len(data)

    def __len__(self) -> int:
        return self._length

    def getfile(self) -> BytesIO:
        """Return an empty file."""
        return BytesIO()

    def close(self) -> None:
        """Nothing is open."""


class GuardedParser(HTTPRequestParser):  # type: ignore[misc]
    """One request. `undecided` while the application has to be asked how large its body may be;
    `allowance` is that many bytes, and of what goes beyond nothing is kept."""

    undecided = False
    waits_for_continue = False
    refused = False
    parked = 0
    allowance = SMALL_BODY

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head. ParsingError, answered 400, for two hosts, none, or what is no host."""
        super().parse_header(header_plus)
        self.headers.pop(BUSY_HEADER, None)
        host = self.headers.get("HOST")
        if host is None and self.version == "1.1":
            raise ParsingError("Host is missing")
        if host is not None and not _HOST.fullmatch(host):
            raise ParsingError("Host is invalid")
        if self.body_rcv is None:
            # There is nothing to wait for: a client that expects an answer first gets the answer.
            self.expect_continue = False
        elif self.chunked or self.content_length > SMALL_BODY:
            self.undecided = True
            self.waits_for_continue, self.expect_continue = self.expect_continue, False

    def received(self, data: bytes) -> int:
        """Take bytes of the request; returns how many were its own."""
        before = self.body_bytes_received
        consumed: int = super().received(data)
        taken = self.body_bytes_received - before
        if taken and not self.refused:
            self._park(taken)
        return consumed

    def decide(self, allowance: int) -> None:
        """Hear the application's answer: this many bytes may come."""
        self.undecided, self.allowance = False, allowance
        if self.content_length > allowance:
            self.refuse()

    def refuse(self, *, busy: bool = False) -> None:
        """Keep nothing of the body, neither what came nor what comes."""
        self.refused = True
        if busy:
            self.headers[BUSY_HEADER] = "1"
        buffer = self.body_rcv.getbuf()
        self.body_rcv.buf = Sink(len(buffer))
        buffer.close()
        self._leave()

    def carries_file(self) -> bool:
        """Whether a form sends a file: then a picture may have to be decoded."""
        if self.body_rcv is None or self.refused:
            return False
        if not self.headers.get("CONTENT_TYPE", "").lower().startswith("multipart/"):
            return False
        if self.body_bytes_received > 64 * KIB:
            return True
        stream = self.get_body_stream()
        sent: bytes = stream.read()
        stream.seek(0)
        return _FILE.search(sent) is not None

    def close(self) -> None:
        """Let go of the body."""
        super().close()
        self._leave()

    def _park(self, taken: int) -> None:
        if self.body_bytes_received > self.allowance and not self.undecided:
            self.refuse()
        elif self._lot.take(taken):
            self.parked += taken
        else:
            self.refuse(busy=True)

    @property
    def _lot(self) -> ParkingLot:
        lot: ParkingLot = self.adj.parking
        return lot

    def _leave(self) -> None:
        self._lot.give_back(self.parked)
        self.parked = 0


def environ_of(request: Any) -> dict[str, Any]:
    """Return what the application needs of a request's head to say how large its body may be."""
    environ = {f"HTTP_{name}": value for name, value in request.headers.items()}
    path = "/" + request.path.lstrip("/")
    return environ | {
        "REQUEST_METHOD": request.command.upper(),
        "PATH_INFO": path,
        "QUERY_STRING": request.query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
