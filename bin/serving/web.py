"""One web process: `python -m bin.serving.web MODULE:FACTORY SOCKET THREADS`, by the supervisor.

Waitress reads every request whole before a thread sees it and keeps every answer until the client
has taken it, so slow clients cost a connection and never a thread.
"""

from __future__ import annotations

import gc
import importlib
import logging
import resource
import signal
import socket
import sys
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.wasyncore import loop

MIB = 2**20
CONNECTIONS = 2000
FILES_PER_CONNECTION = 3  # the socket, a large request on disk, a large answer on disk
FILES_OF_OUR_OWN = 200
IDLE_SECONDS = 30
DRAIN_SECONDS = 8.0
# Above the largest attachment: a download in ranges waits on disk and holds no thread.
ANSWER_KEPT = 64 * MIB


def affordable_connections() -> int:
    """Raise the limit of open files as far as allowed; how many connections it carries."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS * FILES_PER_CONNECTION + FILES_OF_OUR_OWN
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(50, min(CONNECTIONS, (soft - FILES_OF_OUR_OWN) // FILES_PER_CONNECTION))


def load(application: str) -> Any:
    """The WSGI application that `module:factory` makes."""
    module, _, factory = application.partition(":")
    return getattr(importlib.import_module(module), factory)()


class PatientChannel(HTTPChannel):  # type: ignore[misc]
    """A connection the loop leaves alone while a thread is writing to it.

    Waitress asks the kernel about such a connection, is told it can take data, finds the thread's
    lock and asks again, thousands of times until the thread gets the interpreter back: measured 3
    to 16 turns of the loop for each request and, at 64 connections, a fifth of the speed.
    """

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


class WebProcess:
    """Waitress on an inherited socket, with an orderly end."""

    def __init__(self, application: Any, sock: socket.socket, threads: int) -> None:
        self.stopping = False
        self.map: dict[int, Any] = {}
        body_limit = application.config.get("MAX_CONTENT_LENGTH") or 64 * MIB
        self.server = create_server(
            application,
            map=self.map,
            sockets=[sock],
            threads=threads,
            backlog=2048,
            connection_limit=affordable_connections(),
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=10,
            asyncore_use_poll=True,
            # The application answers a body that is too big in its own words; this is the end of
            # patience for what has to be stored before it can.
            max_request_body_size=2 * body_limit,
            max_request_header_size=64 * 1024,
            outbuf_high_watermark=ANSWER_KEPT,
            # The application knows which proxies to trust, and ignores the rest.
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,
            ident="",
        )
        self.server.channel_class = PatientChannel

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish what was begun."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.stopping:
            loop(timeout=1, use_poll=True, map=self.map, count=1)
        self._drain()

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True
        self.server.pull_trigger()

    def _drain(self) -> None:
        """Take no new connection, close idle ones, let the others be answered."""
        self.server.accepting = False
        ends = time.monotonic() + DRAIN_SECONDS
        while self.server.active_channels and time.monotonic() < ends:
            for channel in self.server.active_channels.values():
                busy = channel.requests or channel.request or channel.total_outbufs_len
                channel.will_close = channel.will_close or not busy
            loop(timeout=0.1, use_poll=True, map=self.map, count=1)


def main(application: str, socket_number: int, threads: int) -> None:
    """Load the application and serve it."""
    # Waitress warns whenever a request waits for a thread, which is no fault.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    web = WebProcess(load(application), socket.socket(fileno=socket_number), threads)
    gc.collect()
    gc.freeze()
    web.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
