"""A payment provider that can be made to fail: the tests' double of Stripe behind a port."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from typing import Literal

from tests.billing.stripe_double import StripeDouble

Mood = Literal["well", "hangs", "drips", "500", "garbage", "closes"]
HANG_SECONDS = 600.0


class Provider:
    """Listens on one port. `double` keeps what was bought."""

    def __init__(self) -> None:
        self.mood: Mood = "well"
        self.double = StripeDouble()
        self.asked = 0
        provider = self

        class Talk(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with contextlib.suppress(OSError):
                    provider._answer(self)

            do_POST = do_DELETE = do_GET

            def log_message(self, *_words: object) -> None:
                """Nobody reads along."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Talk)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True, name="provider").start()

    @contextlib.contextmanager
    def feeling(self, mood: Mood) -> Iterator[None]:
        """Fail in this way within the block."""
        self.mood = mood
        try:
            yield
        finally:
            self.mood = "well"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asker: http.server.BaseHTTPRequestHandler) -> None:
        self.asked += 1
        sent = asker.rfile.read(int(asker.headers.get("Content-Length") or 0)).decode()
        if self.mood == "closes":
            return
        if self.mood in ("hangs", "drips"):
            self._stall(asker)
            return
        if self.mood == "500":
            self._send(asker, 500, '{"error": {"type": "api_error", "message": "sorry"}}')
            return
        if self.mood == "garbage":
            self._send(asker, 200, "<html>maintenance</html>")
            return
        url = f"https://api.stripe.com{asker.path}"
        body, status, _headers = self.double.request(
            asker.command.lower(), url, dict(asker.headers.items()), sent or None
        )
        self._send(asker, status, body)

    def _send(self, asker: http.server.BaseHTTPRequestHandler, status: int, body: str) -> None:
        data = body.encode()
        asker.send_response(status)
        asker.send_header("Content-Type", "application/json")
        asker.send_header("Content-Length", str(len(data)))
        asker.end_headers()
        asker.wfile.write(data)

    def _stall(self, asker: http.server.BaseHTTPRequestHandler) -> None:
        mood, ends = self.mood, time.monotonic() + HANG_SECONDS
        if mood == "drips":
            asker.send_response(200)
            asker.send_header("Content-Length", "100000")
            asker.end_headers()
        while self.mood == mood and time.monotonic() < ends:
            if mood == "drips":
                asker.wfile.write(b" ")
            time.sleep(1)
