"""A mail server for tests: as much SMTP as one mail needs, with TLS and sign-in where asked."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")


class SmtpServer:
    """Listens on a free port until `close`; what arrives is in `mails`, who signed in in `logins`,
    how often it was called in `calls`.
    `refuse` is what it says to every receiver."""

    def __init__(self, context: ssl.SSLContext | None = None, *, refuse: str = "") -> None:
        self.refuse = refuse
        self.mails: list[str] = []
        self.logins: list[str] = []
        self.secured = 0
        self.calls = 0
        server = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                server._talk(self, context)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _talk(
        self, peer: socketserver.StreamRequestHandler, context: ssl.SSLContext | None
    ) -> None:
        read, write = peer.rfile, peer.wfile

        def say(line: str) -> None:
            write.write(line.encode() + b"\r\n")
            write.flush()

        self.calls += 1
        say("220 test")
        while line := read.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb in ("EHLO", "HELO"):
                offers = ["STARTTLS"] if context and not self.secured else []
                for offer in ["test", *offers, "AUTH PLAIN"]:
                    say(f"250-{offer}")
                say("250 8BITMIME")
            elif verb == "STARTTLS" and context is not None:
                say("220 go on")
                try:
                    secured = context.wrap_socket(peer.connection, server_side=True)
                except (ssl.SSLError, OSError):
                    return
                self.secured += 1
                read, write = secured.makefile("rb"), secured.makefile("wb")  # type: ignore[assignment]
            elif verb == "AUTH":
                self.logins.append(base64.b64decode(line.split()[2]).decode())
                say("235 welcome")
            elif verb == "DATA":
                say("354 go on")
                lines = []
                while (part := read.readline()) != b".\r\n":
                    lines.append(part.decode())
                self.mails.append("".join(lines))
                say("250 taken")
            elif verb == "RCPT" and self.refuse:
                say(self.refuse)
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")


def self_signed() -> ssl.SSLContext:
    """Return a server's TLS settings with a certificate that nobody has reason to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
