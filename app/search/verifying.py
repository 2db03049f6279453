"""Comparing an index with the database, topic by topic, while both go on."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from app.discussion.models import Topic
from app.kernel.db import db, unit_of_work
from app.search.changes import S, note
from app.search.documents import ANEW, Change, load_whole, next_topics
from app.search.fingerprints import entry_mark
from app.search.models import SearchChange
from app.search.port import Engine

BATCH = 2_000
# What differs may be on its way: it is looked at again.
LOOKS = 3
PAUSE_SECONDS = 1.0
_END = 1 << 62
T = Topic.__table__.c


@dataclass(slots=True)
class Differences:
    """The ids of topics that are not indexed as they are: `missing` ones, those that should not be there
    (`extra`), those that are indexed otherwise (`stale`). `checked`: how many were looked at."""

    missing: set[int] = field(default_factory=set)
    extra: set[int] = field(default_factory=set)
    stale: set[int] = field(default_factory=set)
    checked: int = 0

    @property
    def topic_ids(self) -> list[int]:
        """All of them."""
        return sorted(self.missing | self.extra | self.stale)


def verify(engine: Engine, *, pause: float = PAUSE_SECONDS) -> Differences:
    """Compare what is indexed with the database, after all of it was read. Raises Broken. What the indexer
    has not followed yet is no difference."""
    engine.check()
    found = Differences()
    for window in _windows(engine):
        _compare(found, engine, *window)
    for _look in range(LOOKS):
        topic_ids = found.topic_ids
        if not topic_ids:
            break
        time.sleep(pause)
        again = Differences()
        for topic_id in sorted(set(topic_ids) - _waiting(engine, topic_ids)):
            _compare(again, engine, topic_id - 1, topic_id)
        again.checked = found.checked
        found = again
    return found


def mend(differences: Differences) -> int:
    """Have all that differs indexed anew; returns the id of the last change written for it, 0 for none."""
    with unit_of_work() as session:
        note(Change(topic_id, ANEW, topic_id) for topic_id in differences.topic_ids)
        last = select(S.id).order_by(S.id.desc()).limit(1)
        return (session.scalar(last) or 0) if differences.topic_ids else 0


def _windows(engine: Engine) -> Iterator[tuple[int, int]]:
    """Yield stretches of topic ids (after, upto) that cover all topics of the database and of the index."""
    after = 0
    while topic_ids := next_topics(after, passages=BATCH):
        yield after, topic_ids[-1]
        after = topic_ids[-1]
    if engine.contents(after=after, limit=1):
        yield after, _END


def _compare(found: Differences, engine: Engine, after: int, upto: int) -> None:
    indexed = _indexed(engine, after, upto)
    entries = load_whole(_topics_between(after, upto))
    wanted = {entry.topic_id: entry_mark(entry) for entry in entries if entry.facts is not None}
    db.session.rollback()
    found.checked += len(wanted.keys() | indexed.keys())
    found.missing |= wanted.keys() - indexed.keys()
    found.extra |= indexed.keys() - wanted.keys()
    found.stale |= {one for one in wanted.keys() & indexed.keys() if wanted[one] != indexed[one]}


def _topics_between(after: int, upto: int) -> list[int]:
    if upto == _END:
        return []
    from_rows = select(T.id).where(T.id > after, T.id <= upto).order_by(T.id)
    return list(db.session.scalars(from_rows))


def _indexed(engine: Engine, after: int, upto: int) -> dict[int, str]:
    found: dict[int, str] = {}
    while page := engine.contents(after=after, limit=BATCH):
        found.update((topic_id, mark) for topic_id, mark in page if topic_id <= upto)
        after = page[-1][0]
        if after >= upto:
            break
    return found


def _waiting(engine: Engine, topic_ids: Collection[int]) -> set[int]:
    """Return those of some topics for which a change waits behind the index."""
    cursor = engine.cursor()
    behind = select(SearchChange.topic_id).where(S.id > cursor).distinct()
    waiting = set(db.session.scalars(behind)) & set(topic_ids)
    db.session.rollback()
    return waiting
