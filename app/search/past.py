"""What a person searched for, for himself alone."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.kernel import clock
from app.kernel.db import db
from app.kernel.reading import Ready
from app.kernel.text import clean
from app.policy import Action, Actor, require
from app.search.models import PastSearch

KEPT = 100
LONGEST = 100
_ROWS = cast(Table, PastSearch.__table__)
P = _ROWS.c
# Every page of results asks and writes these: put together once, not for each.
_MINE = P.user_id == bindparam("mine")
_SAME = (_MINE, P.words == bindparam("said"))
_BEFORE = Ready(select(P.at).where(*_SAME))
_AGAIN = update(_ROWS).where(*_SAME).values(at=bindparam("moment"))
_NEW = {
    name: dialect.insert(_ROWS).on_conflict_do_nothing()
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_LATEST = select(P.id).where(_MINE).order_by(P.at.desc(), P.id.desc()).limit(KEPT)
_MAKE_ROOM = delete(_ROWS).where(_MINE, P.id.not_in(_LATEST))


class PastWords(NamedTuple):
    """One past search, as it was typed."""

    words: str
    at: datetime


def remember(actor: Actor, *, words: str) -> bool:
    """Keep what was searched for; the oldest make room. False when the same was searched today already,
    so that a page that is loaded again counts as one search. Longer texts are not kept: questions that
    were pasted are no searches to come back to."""
    require(actor, Action.ACCOUNT_USE)
    words = " ".join(clean(words).split())
    if not words or len(words) > LONGEST or actor.user_id is None:
        return False
    moment, mine = clock.now(), actor.user_id
    before = _BEFORE.first(mine=mine, said=words)
    connection = db.session.connection()
    if before is not None:
        connection.execute(_AGAIN, {"mine": mine, "said": words, "moment": moment})
        return bool(before[0].date() < moment.date())
    new = {"user_id": mine, "words": words, "at": moment}
    if not connection.execute(_NEW[connection.dialect.name], new).rowcount:
        # Searched in the same moment in another tab.
        return False
    connection.execute(_MAKE_ROOM, {"mine": mine})
    return True


def list_past(user_id: int, *, limit: int = KEPT) -> list[PastWords]:
    """Return what somebody searched for, the latest first."""
    latest = select(P.words, P.at).where(P.user_id == user_id).order_by(P.at.desc(), P.id.desc())
    return [PastWords(*row) for row in db.session.execute(latest.limit(limit))]


def forget(actor: Actor, *, words: str) -> None:
    """Delete one past search; nothing happens when there is none."""
    require(actor, Action.ACCOUNT_USE)
    db.session.execute(delete(_ROWS).where(P.user_id == actor.user_id, P.words == words))


def forget_all(actor: Actor) -> None:
    """Delete all past searches."""
    require(actor, Action.ACCOUNT_USE)
    db.session.execute(delete(_ROWS).where(P.user_id == actor.user_id))
