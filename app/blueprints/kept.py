"""Drawn parts of pages, kept in this process: what is drawn once need not be drawn for the next reader.

The rule that keeps readers apart: a part hangs on its key and on nothing else. So whoever would be shown
something different has another key: his language and time zone (`language.look`) are in each, his name
or his rights only where the part shows them. What a key cannot tell (an author's new name or picture)
is seen a minute later at most.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from threading import Lock
from typing import Generic, TypeVar

from flask import Flask, current_app
from markupsafe import Markup

from app.blueprints.language import look
from app.kernel import clock

KEPT_FOR = timedelta(minutes=1)
KEPT_CHARACTERS = 12_000_000
# Stands in a drawn part where something of the page's own goes; no text can hold it by design or by chance.
GAP = f"\x1e{token_hex(8)}\x1e"
HOLE = Markup(GAP)  # noqa: S704 - ours
Part = TypeVar("Part")
# A drawn part as it is sent, between its gaps. Encoding a long page anew costs more than all its queries.
Pieces = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Part]):
    part: Part
    size: int
    until: datetime


class Shelf(Generic[Part]):
    """Parts by key, the oldest given up first: after a minute, or when all are too long together."""

    def __init__(self, characters: int = KEPT_CHARACTERS) -> None:
        self._kept: dict[Hashable, _Kept[Part]] = {}
        self._left = characters
        self._lock = Lock()

    def get(self, key: Hashable, now: datetime) -> Part | None:
        """Return the part kept under this key; None when there is none or it is too old."""
        found = self._kept.get(key)
        return found.part if found is not None and now <= found.until else None

    def put(self, key: Hashable, part: Part, *, size: int, now: datetime) -> None:
        """Keep a part of `size` characters."""
        with self._lock:
            self._drop(key)
            self._kept[key] = _Kept(part, size, now + KEPT_FOR)
            self._left -= size
            while self._left < 0 and self._kept:
                self._drop(next(iter(self._kept)))

    def parts(self) -> list[Part]:
        """Return all that is kept, also what is too old."""
        return [kept.part for kept in list(self._kept.values())]

    def clear(self) -> None:
        """Give up everything."""
        with self._lock:
            for key in list(self._kept):
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._left += gone.size


def markups() -> Shelf[Markup]:
    """Return the application's shelf of drawn HTML."""
    shelf: Shelf[Markup] = current_app.extensions["planetarium.markups"]
    return shelf


def drawn(key: Hashable, make: Callable[[], Markup]) -> Markup:
    """Return what is kept under this key for the page's language and zone, or make it now."""
    shelf, now, key = markups(), clock.now(), (look(), key)
    found = shelf.get(key, now)
    if found is None:
        found = make()
        shelf.put(key, found, size=len(found), now=now)
    return found


def pieces(key: Hashable, make: Callable[[], str]) -> Pieces:
    """Return the same as `drawn` does, ready to be sent: encoded, and cut at its gaps."""
    shelf: Shelf[Pieces] = current_app.extensions["planetarium.pieces"]
    now, key = clock.now(), (look(), key)
    found = shelf.get(key, now)
    if found is None:
        found = cut(make())
        shelf.put(key, found, size=sum(map(len, found)), now=now)
    return found


def counted(key: Hashable, count: Callable[[], Part]) -> Part:
    """Return what was counted under this key in the last minute, or count it now: of what grows for
    ever and is told to everybody alike. Nothing that may be done hangs on it."""
    shelf: Shelf[Part] = current_app.extensions["planetarium.counts"]
    now = clock.now()
    found = shelf.get(key, now)
    if found is None:
        found = count()
        shelf.put(key, found, size=100, now=now)
    return found


def cut(part: str) -> Pieces:
    """Return a drawn part encoded, in the pieces between its gaps."""
    return tuple(piece.encode() for piece in part.split(GAP))


def filled(part: Pieces, own: Iterable[bytes]) -> Iterator[bytes]:
    """Give a part's pieces with the page's own between them. ValueError unless each gap is filled."""
    start, *rest = part
    yield start
    for mine, piece in zip(own, rest, strict=True):
        yield mine
        yield piece


def draw(macro: Callable[..., Markup], *values: Hashable) -> Markup:
    """Return what a macro draws of these values; in templates `{{ kept(macro, …) }}`.

    The macro is imported without context and asks nothing of the request (no token, no `may`), so
    that its values, and the words and times of the page, are all it hangs on.
    """
    return drawn((macro, values), partial(macro, *values))


def install(app: Flask, *, development: bool) -> None:
    """Give the application its shelves, and templates `kept()`. In development nothing fits on a
    shelf, so that templates reload."""
    room = 0 if development else KEPT_CHARACTERS
    app.extensions["planetarium.markups"] = Shelf[Markup](room)
    app.extensions["planetarium.pieces"] = Shelf[Pieces](room)
    app.extensions["planetarium.counts"] = Shelf[object](room)
    app.jinja_env.globals["kept"] = draw
