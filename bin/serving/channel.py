"""Connections that cost no thread while they are slow, no disk before they are known, and end in time."""

from __future__ import annotations

import logging
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.utilities import Error

from bin.serving.parser import SMALL_BODY, GuardedParser, environ_of

HEAD_SECONDS = 30.0
BODY_SECONDS = 60.0
# Bytes a second that a large body must reach on the whole: a telephone far from its mast.
SLOWEST = 48 * 1024

_log = logging.getLogger("serving")


class RequestTimeout(Error):  # type: ignore[misc]
    """The request took too long to come."""

    code = 408
    reason = "Request Timeout"


class PatientChannel(HTTPChannel):  # type: ignore[misc]
    """A connection the loop leaves alone while a thread is writing to it.

    Waitress asks the kernel about such a connection, is told it can take data, finds the thread's
    lock and asks again, thousands of times until the thread gets the interpreter back: measured 3
    to 16 turns of the loop for each request and, at 64 connections, a fifth of the speed.
    """

    parser_class = GuardedParser
    request: GuardedParser | None
    began = 0.0
    asking = False

    def readable(self) -> bool:
        """Whether the loop should read on; not while the application is asked about a body."""
        return not self.asking and bool(super().readable())

    def writable(self) -> bool:
        """Whether the loop has something to write or to close here."""
        if self.will_close or self.close_when_flushed:
            return True
        if not self.total_outbufs_len:
            return False
        if self.requests:
            if not self.outbuf_lock.acquire(False):
                return False
            self.outbuf_lock.release()
        return True

    def write_soon(self, data: Any) -> int:
        """Write from a thread; wake the loop for what is left, it may have looked too early."""
        written: int = super().write_soon(data)
        if self.total_outbufs_len:
            self.server.pull_trigger()
        return written

    def received(self, data: bytes) -> bool:
        """Take bytes; note when a request began, and ask about its body when that is large."""
        if self.request is None:
            self.began = time.monotonic()
        taken = bool(super().received(data))
        request = self.request
        if request is not None and request.undecided and not self.asking:
            self.asking = True
            self.server.add_question(Question(self, request))
        return taken

    def overdue(self, now: float) -> bool:
        """Whether the request that is coming in has taken longer than it may (`now`: monotonic)."""
        request = self.request
        if request is None or self.asking:
            return False
        allowed = HEAD_SECONDS if not request.headers_finished else BODY_SECONDS
        # Whoever sends what nobody wants is heard for no longer than others.
        length = 0 if request.refused else request.content_length or request.body_bytes_received
        return bool(now - self.began > allowed + length / SLOWEST)

    def give_up(self) -> None:
        """Answer a request that did not come in time, and close."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None:
                return
            request.close()
            if self.requests or not request.headers_finished:
                self.will_close = True
                return
            request.error = RequestTimeout("The request took too long.")
            self.requests.append(request)
            self.server.add_task(self)

    def handle_close(self) -> None:
        """Let go of what was parked for a connection that ends."""
        # Without the lock, which who writes may hold: closing twice does no harm.
        request = self.request
        if request is not None:
            request.close()
        super().handle_close()


class Question:
    """Asks the application, in a thread, how large a body may be; the connection waits meanwhile."""

    def __init__(self, channel: PatientChannel, request: GuardedParser) -> None:
        self.channel = channel
        self.request = request

    def service(self) -> None:
        """Ask, and let the connection go on."""
        channel, request = self.channel, self.request
        try:
            allowance = channel.server.body_allowance(environ_of(request))
        except Exception:
            _log.exception("no answer to how large a body may be")
            allowance = SMALL_BODY
        with channel.requests_lock:
            request.decide(allowance)
            if request.waits_for_continue and not channel.requests and channel.request is request:
                request.waits_for_continue = False
                if request.refused:
                    # Nothing was sent yet, and nothing has to be: the application answers at once.
                    channel.request = None
                    request.completed = True
                    channel.requests.append(request)
                    channel.server.add_task(channel)
                else:
                    channel.send_continue()
        channel.asking = False
        channel.server.pull_trigger()

    def cancel(self) -> None:
        """The server stops: the connection is closed with all others."""
