"""Whether PostgreSQL answers at all. A stopped server, or a machine that is gone, leaves everybody waiting.

Waiting for a slow answer is as long as it takes. But now and then it is asked whether anybody is there, by a
word that every server answers with one byte before it knows who asks (SSLRequest: PostgreSQL's manual,
"Message Formats"). Where nobody is, the wait ends with an error, and for a while others wait hardly at all.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import Dialect

from app.kernel import patience

# After so long the first question, of a request, and of the worker or a command; then every so often.
LOOK_SECONDS, PATIENT_LOOK_SECONDS = 1.0, 10.0
AGAIN_SECONDS = 2.0
# A server that is there answers in milliseconds.
ANSWER_SECONDS = 0.7
# After nobody was there, so long others ask almost at once.
WARNED_SECONDS = 5.0
WARNED_LOOK_SECONDS, WARNED_ANSWER_SECONDS = 0.2, 0.2

_HELLO = struct.pack("!ii", 8, 80877103)
_T = TypeVar("_T")


class Presence:
    """What this process knows of the server: when nobody was there last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent_at = float("-inf")

    @property
    def is_warned(self) -> bool:
        """Whether nobody was there a moment ago."""
        return time.monotonic() - self._silent_at < WARNED_SECONDS

    def look_after(self) -> float:
        """Return after how many seconds of waiting to ask."""
        if self.is_warned:
            return WARNED_LOOK_SECONDS
        return PATIENT_LOOK_SECONDS if patience.find_present() is None else LOOK_SECONDS

    def ask(self, host: str, port: int) -> bool:
        """Return whether a server answers there. A refusal is an answer: whoever connects is told."""
        there = _answers(host, port, WARNED_ANSWER_SECONDS if self.is_warned else ANSWER_SECONDS)
        with self._lock:
            self._silent_at = float("-inf") if there else time.monotonic()
        return there


presence = Presence()


class Connection(psycopg.Connection[Any]):
    """A connection that ends when its server does not answer any more."""

    def wait(self, gen: Generator[Any, Any, _T], *args: Any, **kwargs: Any) -> _T:
        """Wait for an answer; psycopg.OperationalError when nobody is there to give it."""
        return super().wait(self._watched(gen), *args, **kwargs)

    def _watched(self, gen: Generator[Any, Any, _T]) -> Generator[Any, Any, _T]:
        """Hand on what the driver waits for; it comes back with nothing every tenth of a second."""
        look_at = 0.0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready:
                    look_at = self._look(look_at)
                wanted = gen.send(ready)
        except StopIteration as ended:
            value: _T = ended.value
            return value

    def _look(self, look_at: float) -> float:
        moment = time.monotonic()
        if not look_at:
            return moment + presence.look_after()
        if moment < look_at:
            return look_at
        if not presence.ask(self.pgconn.host.decode(), int(self.pgconn.port or 5432)):
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer")
        return time.monotonic() + AGAIN_SECONDS


def watch() -> None:
    """Let every connection to PostgreSQL that this process makes from now on be watched."""
    if not event.contains(Engine, "do_connect", _connect):
        event.listen(Engine, "do_connect", _connect)


def _connect(dialect: Dialect, _record: Any, args: Any, options: dict[str, Any]) -> Any:
    if dialect.driver != "psycopg":
        return None
    # libpq waits for two seconds at least: too long for a page.
    if patience.find_present() is not None or presence.is_warned:
        asked = conninfo_to_dict(*args, **options)
        host, port = str(asked.get("host") or ""), int(asked.get("port") or 5432)
        if host and "," not in host and not presence.ask(host, port):
            raise psycopg.OperationalError("the server does not answer")
    return Connection.connect(*args, **options)


def _answers(host: str, port: int, seconds: float) -> bool:
    local = host.startswith("/")
    address: Any = f"{host}/.s.PGSQL.{port}" if local else (host, port)
    try:
        if local:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(seconds)
                line.connect(address)
                return _greets(line)
        with socket.create_connection(address, timeout=seconds) as line:
            return _greets(line)
    except (TimeoutError, BlockingIOError):
        # A local server whose queue of callers is full refuses by the latter.
        return False
    except OSError:
        return True


def _greets(line: socket.socket) -> bool:
    line.sendall(_HELLO)
    line.recv(1)
    return True
