"""Bytes that no row names: of uploads that were broken off, or whose row was never written.

A process can be killed between an object and its row. What it leaves is deleted two days later; but only
when it is little beside what rows do name: with another database than these files are of, everything would
seem to be left over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.logs import get_logger
from app.media.actions import ORPHANS_KEPT
from app.media.models import Attachment
from app.media.storage import Storage

_BATCH = 500
# So many left-over objects for each hundred that rows name.
_MOST_PERCENT = 10
# As `actions._row` makes them; what has another name is not ours to delete.
_KEY = re.compile(r"[^-]{12}-[^-]{12}(-t)?")
_ID = slice(0, 12)
A = Attachment.__table__.c

log = get_logger("media")


def sweep_left_over(storage: Storage) -> int:
    """Delete what uploads left that were broken off. A timed job; returns how many files and objects."""
    before = clock.now() - ORPHANS_KEPT
    swept = storage.sweep_broken_off(before)
    left, known = [], 0
    keys = (key for key in storage.keys(before) if _KEY.fullmatch(key))
    while some := list(islice(keys, _BATCH)):
        named = _named(some)
        known += len(named)
        left += [key for key in some if key not in named]
    if 100 * len(left) > _MOST_PERCENT * known:
        if left:
            log.warning(
                "files that no row names are left alone: too many", left=len(left), known=known
            )
        return swept
    for key in _still_unnamed(left):
        storage.delete(key)
        swept += 1
    return swept


def _still_unnamed(keys: Collection[str]) -> Iterator[str]:
    """Yield those that no row names now either: the walk may have taken long."""
    waiting = iter(keys)
    while some := list(islice(waiting, _BATCH)):
        named = _named(some)
        yield from (key for key in some if key not in named)


def _named(keys: Collection[str]) -> set[str]:
    """Return those of some keys that rows name. A key begins with its row's public id."""
    ids = {key[_ID] for key in keys}
    rows = db.session.execute(
        select(A.storage_key, A.thumbnail_key).where(A.public_id.in_(ids))
    ).all()
    db.session.rollback()
    return {key for row in rows for key in row} & set(keys)
