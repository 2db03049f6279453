"""Former texts of answers and comments, with who replaced them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.discussion.models import Revision
from app.discussion.queries.authors import Author, AuthorJoin
from app.kernel.db import db
from app.planets.models import Planet
from app.policy import Actor

R = Revision.__table__.c
P = Planet.__table__.c
_editor = AuthorJoin("editor")


@dataclass(frozen=True, slots=True)
class FormerText:
    """What a text said until `replaced_at`. `editor` is None where an anonymous asker edited."""

    number: int
    source: str
    replaced_at: datetime
    editor: Author | None


def list_revisions(actor: Actor, subject: tuple[str, int]) -> list[FormerText]:
    """Return the former texts of `subject`, which is (answer or comment, row id), oldest first.

    The caller has asked the policy for the history.
    """
    source = Revision.__table__.join(
        Planet.__table__, P.id == (actor.planet.id if actor.planet else 0)
    )
    statement = (
        select(R.number, R.source, R.replaced_at, *_editor.columns)
        .select_from(_editor.onto(source, R.editor_id, P.id))
        .where(R.subject_type == subject[0], R.subject_id == subject[1])
        .order_by(R.number)
    )
    return [
        FormerText(row[0], row[1], row[2], _editor.read(row[3:], actor.now))
        for row in db.session.execute(statement)
    ]
