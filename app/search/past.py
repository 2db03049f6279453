"""What a person searched for, for himself alone."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.kernel import clock
from app.kernel.db import db
from app.kernel.text import clean
from app.policy import Action, Actor, require
from app.search.models import PastSearch as P

KEPT = 100
LONGEST = 100


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
    moment = clock.now()
    mine = (P.user_id == actor.user_id, P.words == words)
    before = db.session.scalar(select(P.at).where(*mine))
    if before is not None:
        db.session.execute(update(P).where(*mine).values(at=moment))
        return before.date() < moment.date()
    try:
        with db.session.begin_nested():
            db.session.add(P(user_id=actor.user_id, words=words, at=moment))
    except IntegrityError:
        # Searched in the same moment in another tab.
        return False
    _make_room(actor.user_id)
    return True


def _make_room(user_id: int) -> None:
    latest = select(P.id).where(P.user_id == user_id).order_by(P.at.desc(), P.id.desc())
    kept = list(db.session.scalars(latest.limit(KEPT)))
    if len(kept) == KEPT:
        db.session.execute(delete(P).where(P.user_id == user_id, P.id.not_in(kept)))


def list_past(user_id: int, *, limit: int = KEPT) -> list[PastWords]:
    """Return what somebody searched for, the latest first."""
    latest = select(P.words, P.at).where(P.user_id == user_id).order_by(P.at.desc(), P.id.desc())
    return [PastWords(*row) for row in db.session.execute(latest.limit(limit))]


def forget(actor: Actor, *, words: str) -> None:
    """Delete one past search; nothing happens when there is none."""
    require(actor, Action.ACCOUNT_USE)
    db.session.execute(delete(P).where(P.user_id == actor.user_id, P.words == words))


def forget_all(actor: Actor) -> None:
    """Delete all past searches."""
    require(actor, Action.ACCOUNT_USE)
    db.session.execute(delete(P).where(P.user_id == actor.user_id))
