"""Images that a text may show inside its paragraphs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.kernel.db import db
from app.kernel.text import ImageRef
from app.media.models import Attachment
from app.policy import Actor

A = Attachment.__table__.c
# Where the media door serves an attachment; texts keep this address in their HTML.
MEDIA_PATH = "/media/"


def image_refs(actor: Actor, public_ids: Sequence[str]) -> dict[str, ImageRef]:
    """Return the images of the actor's planet among these that a text may show, by public id.

    Whether they may be attached at all is asked when the text is stored. A picture that its writer
    gave no words gets none: a file's name describes nothing, and may say whose it is.
    """
    if not public_ids or actor.planet is None:
        return {}
    statement = select(A.public_id, A.width, A.height).where(
        A.public_id.in_(public_ids), A.planet_id == actor.planet.id, A.purpose == "image"
    )
    return {
        public_id: ImageRef(MEDIA_PATH + public_id, width or 0, height or 0, "")
        for public_id, width, height in db.session.execute(statement)
    }
