"""How long a request waits for the database: one that reads hardly at all, one that writes a few seconds.

Threads are few. While the database's writer is held by somebody else, those who wait for it must not keep
those from reading who need nothing of it.
"""

from __future__ import annotations

from flask import Flask, request

from app.kernel import patience

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Give each request its patience. Before any hook that may write."""

    def begin() -> None:
        reads = request.method in _READING
        patience.begin(patience.READING_SECONDS if reads else patience.WRITING_SECONDS)

    app.before_request(begin)
    app.teardown_request(lambda _error: patience.end())
