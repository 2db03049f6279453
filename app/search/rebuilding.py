"""Making an index anew, beside the one in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from app.discussion.models import Topic
from app.kernel.db import db
from app.kernel.logs import get_logger
from app.kernel.progress import following, signal
from app.search.changes import head, is_known
from app.search.documents import load_whole, next_topics
from app.search.port import Engine, Rebuild
from app.search.writing import Lock

# Passages read and handed over at once.
BATCH = 2_000

log = get_logger("search")


class Busy(Exception):
    """Another process is making the index anew."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is, in topics. `resumed`: so many an earlier one has done. `seconds_left` by the pace
    so far."""

    done: int
    total: int
    resumed: int
    seconds_left: float


def rebuild(
    engine: Engine,
    lock: Lock,
    *,
    tell: Callable[[Progress], None] = lambda _progress: None,
    stopping: Callable[[], bool] = lambda: False,
) -> bool:
    """Make the index anew and put it in the place of the old one; False when told to stop before.

    Broken off at any moment, the next call goes on. Busy while another process is at it.
    """
    if not lock.take():
        raise Busy
    try:
        with following("rebuild of the index"):
            building = _begin(engine)
            if not _fill(building, tell, stopping):
                return False
            building.finish()
        log.info("the index is made anew", engine=engine.name)
        return True
    finally:
        lock.give_back()


def _begin(engine: Engine) -> Rebuild:
    cursor = head()
    building = engine.begin_rebuild(cursor=cursor)
    if not is_known(building.cursor):
        # Broken off so long ago that the changes since are not known any more.
        building.abandon()
        building = engine.begin_rebuild(cursor=cursor)
    log.info("rebuilding the index", engine=engine.name, after=building.done_upto)
    return building


def _fill(
    building: Rebuild, tell: Callable[[Progress], None], stopping: Callable[[], bool]
) -> bool:
    after = building.done_upto
    total = _count(0)
    resumed = done = total - _count(after)
    began = time.monotonic()
    while topic_ids := next_topics(after, passages=BATCH):
        if stopping():
            return False
        entries = [entry for entry in load_whole(topic_ids) if entry.facts is not None]
        db.session.rollback()
        after = topic_ids[-1]
        building.add(entries, upto=after)
        done += len(topic_ids)
        pace = (time.monotonic() - began) / (done - resumed)
        tell(Progress(done, max(total, done), resumed, max(total - done, 0) * pace))
        signal(done, of=max(total, done))
    return True


def _count(after: int) -> int:
    count = db.session.scalar(select(func.count(Topic.id)).where(Topic.id > after)) or 0
    db.session.rollback()
    return count
