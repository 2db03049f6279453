"""A call over the network that ends by a moment, whatever the other side does.

A timeout of the library counts from one byte to the next: who sends a byte each second holds a thread for
hours. So the call runs in a thread of its own; when its time is over, whoever asked goes on, and its
connection is shut, which ends that thread too. The one importer of the library below Stripe's.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

T = TypeVar("T")


class TooLate(Exception):
    """The call did not end in time."""


class _Call:
    """One call: which connection it uses, so that another thread can shut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._over = False

    def uses(self, connection: HTTPConnection) -> None:
        """Note the connection; ConnectionError when nobody waits for it any more."""
        with self._lock:
            if self._over:
                raise ConnectionError("nobody waits for this call any more")
            self._connection = connection

    def shut(self) -> None:
        """End the call from outside: its thread finds the connection closed."""
        with self._lock:
            self._over = True
            held = self._connection.sock if self._connection else None
        if held is not None:
            with suppress(OSError):
                # Not the method of a TLS socket, which is not meant for two threads.
                socket.socket.shutdown(held, socket.SHUT_RDWR)


_present = threading.local()


def _note(connection: HTTPConnection) -> None:
    call: _Call | None = getattr(_present, "call", None)
    if call is not None:
        call.uses(connection)


class _Plain(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self)
        super().request(*args, **kwargs)


class _Safe(HTTPSConnection):
    def connect(self) -> None:
        _note(self)
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self)
        super().request(*args, **kwargs)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _Safe


class _Adapter(HTTPAdapter):
    """Opens connections that can be shut; also through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SafePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SafePool}
        return manager


def new_session() -> requests.Session:
    """Return a session whose calls can be ended from outside."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session


class Callers:
    """Threads that call; `at_once` of them."""

    def __init__(self, at_once: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="payments-call")

    def run(self, call: Callable[[], T], *, seconds: float, ended: Callable[[], None]) -> T:
        """Return what the call returns; TooLate after so many seconds, whatever it does. `ended` is
        called when its thread is free again."""
        held = _Call()

        def work() -> T:
            _present.call = held
            try:
                return call()
            finally:
                _present.call = None

        future: Future[T] = self._threads.submit(work)
        future.add_done_callback(lambda _future: ended())
        try:
            return future.result(timeout=seconds)
        except TimeoutError:
            if future.done() and not future.cancelled():
                return future.result()
            held.shut()
            future.cancel()
            raise TooLate from None
