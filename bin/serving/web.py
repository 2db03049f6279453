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

from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import loop

from bin.serving.channel import PatientChannel
from bin.serving.parser import MIB, ParkingLot

CONNECTIONS = 2000
FILES_PER_CONNECTION = 3  # the socket, a large request on disk, a large answer on disk
FILES_OF_OUR_OWN = 200
IDLE_SECONDS = 30
DRAIN_SECONDS = 8.0
# Above the largest attachment: a download in ranges waits on disk and holds no thread.
ANSWER_KEPT = 64 * MIB
# Threads of their own for forms that send files: a picture takes seconds, and one waits for another.
FILE_THREADS = 2
# How much of a body lies in memory before it goes to disk, for each connection.
BODY_IN_MEMORY = 128 * 1024


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
            # patience for what has to be heard before it can.
            max_request_body_size=2 * body_limit,
            max_request_header_size=64 * 1024,
            inbuf_overflow=BODY_IN_MEMORY,
            outbuf_high_watermark=ANSWER_KEPT,
            # The application knows which proxies to trust, and ignores the rest.
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,
            ident="",
        )
        self.server.channel_class = PatientChannel
        self.server.adj.parking = ParkingLot()
        self.server.body_allowance = application.config.get("BODY_ALLOWANCE") or (
            lambda environ: body_limit
        )
        self.files = ThreadedTaskDispatcher()
        self.files.set_thread_count(FILE_THREADS)
        self.server.add_task = self._add_task
        self.server.add_question = self.server.task_dispatcher.add_task
        self._looked = 0.0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish what was begun."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.stopping:
            loop(timeout=1, use_poll=True, map=self.map, count=1)
            self._end_overdue()
        self._drain()

    def _add_task(self, channel: PatientChannel) -> None:
        """Give a complete request to a thread; one with a file to those that pages do not need."""
        request = channel.requests[0]
        carries = request.error is None and request.carries_file()
        (self.files if carries else self.server.task_dispatcher).add_task(channel)

    def _end_overdue(self) -> None:
        """Once a second, end what takes too long to come."""
        now = time.monotonic()
        if now - self._looked < 1:
            return
        self._looked = now
        for channel in list(self.server.active_channels.values()):
            if channel.overdue(now):
                channel.give_up()

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
    loaded = load(application)
    # Whoever comes meanwhile waits at the socket, as long as they would for a cold first page.
    loaded.config.get("WARM_UP", lambda: None)()
    web = WebProcess(loaded, socket.socket(fileno=socket_number), threads)
    gc.collect()
    gc.freeze()
    web.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
