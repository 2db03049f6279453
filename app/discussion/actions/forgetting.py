"""What the discussion forgets of a person whose account closes: all that nobody else ever saw."""

from __future__ import annotations

from sqlalchemy import delete

from app.discussion.models import Bookmark, Draft, ReadMark
from app.kernel.db import db
from app.policy import Action, Actor, require


def forget_private(actor: Actor) -> None:
    """Delete what the actor kept, with their notes, their drafts, and what they have read. Runs in the
    caller's unit of work; pictures of drafts go with the next purge of uploads."""
    require(actor, Action.ACCOUNT_USE)
    run = db.session.execute
    run(delete(Bookmark).where(Bookmark.user_id == actor.user_id))
    run(delete(Draft).where(Draft.user_id == actor.user_id))
    run(delete(ReadMark).where(ReadMark.user_id == actor.user_id))
