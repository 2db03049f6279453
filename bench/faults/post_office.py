"""A mail server that can be made to fail in each way that one fails."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from email import message_from_string
from typing import Literal

from tests.notifications.smtp_server import CERTIFICATE

Mood = Literal["well", "hangs", "drips", "defers", "refuses", "too_many", "closes", "tls_broken"]
HANG_SECONDS = 600.0
DRIP_SECONDS = 2.0
REPLIES: dict[Mood, str] = {
    "defers": "451 4.3.0 try again later",
    "refuses": "550 5.1.1 no such mailbox here",
    "too_many": "550 5.7.0 frequency limited, too many messages from your domain",
}


class PostOffice:
    """Listens on one port for good, unless `closed`. `subjects`: of the letters that it took."""

    def __init__(self) -> None:
        self.mood: Mood = "well"
        self.subjects: list[str] = []
        self._server = self._listen(0)
        self.port: int = self._server.server_address[1]

    @contextlib.contextmanager
    def feeling(self, mood: Mood) -> Iterator[None]:
        """Fail in this way within the block."""
        self.mood = mood
        try:
            yield
        finally:
            self.mood = "well"

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Refuse every connection within the block."""
        self.close()
        try:
            yield
        finally:
            self._server = self._listen(self.port)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _listen(self, port: int) -> socketserver.ThreadingTCPServer:
        office = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, ssl.SSLError):
                    office._talk(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 64

        server = Server(("127.0.0.1", port), Talk)
        threading.Thread(target=server.serve_forever, daemon=True, name="post office").start()
        return server

    def _talk(self, peer: socketserver.StreamRequestHandler) -> None:
        if self.mood == "closes":
            return
        if self.mood == "hangs":
            self._wait(HANG_SECONDS)
            return
        self._say(peer, "220 post office")
        while line := peer.rfile.readline().decode("utf-8", "replace").strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self._take(peer)
            elif verb == "STARTTLS":
                self._secure(peer)
            elif verb == "RCPT" and self.mood in REPLIES:
                self._say(peer, REPLIES[self.mood])
            elif verb == "EHLO" and self.mood == "tls_broken":
                self._say(peer, "250-post office\r\n250 STARTTLS")
            elif verb == "QUIT":
                self._say(peer, "221 bye")
                return
            else:
                self._say(peer, "250 fine")

    def _take(self, peer: socketserver.StreamRequestHandler) -> None:
        self._say(peer, "354 go on")
        lines: list[str] = []
        while (part := peer.rfile.readline()) not in (b".\r\n", b""):
            lines.append(part.decode("utf-8", "replace"))
        self._say(peer, "250 taken")
        # Encoded words stay as they are: what the benchmark sends is plain.
        self.subjects.append(str(message_from_string("".join(lines))["Subject"]))

    def _secure(self, peer: socketserver.StreamRequestHandler) -> None:
        """Answer STARTTLS with a certificate that nobody has reason to trust."""
        self._say(peer, "220 go on")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        context.wrap_socket(peer.connection, server_side=True)

    def _say(self, peer: socketserver.StreamRequestHandler, line: str) -> None:
        data = line.encode() + b"\r\n"
        if self.mood != "drips":
            peer.wfile.write(data)
            return
        # Never silent for long, and never done.
        for byte in data:
            peer.wfile.write(bytes([byte]))
            self._wait(DRIP_SECONDS)
            if self.mood != "drips":
                return

    def _wait(self, seconds: float) -> None:
        """Wait for so long, or until the mood has changed."""
        mood, ends = self.mood, time.monotonic() + seconds
        while self.mood == mood and time.monotonic() < ends:
            time.sleep(0.2)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port
