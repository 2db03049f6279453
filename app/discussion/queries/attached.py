"""Images that a text may show inside its paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    statement = _IMAGES.where(A.public_id.in_(public_ids), A.planet_id == actor.planet.id)
    return {row[1]: _ref(row) for row in db.session.execute(statement)}


def images_of(owner_type: str, owner_ids: Sequence[int]) -> dict[int, dict[str, ImageRef]]:
    """Return the images that texts of these owners may show, by owner and public id."""
    found: dict[int, dict[str, ImageRef]] = {owner_id: {} for owner_id in owner_ids}
    statement = _IMAGES.where(A.owner_type == owner_type, A.owner_id.in_(owner_ids))
    for row in db.session.execute(statement):
        found[row[0]][row[1]] = _ref(row)
    return found


_IMAGES = select(A.owner_id, A.public_id, A.width, A.height).where(A.purpose == "image")


def _ref(row: Sequence[Any]) -> ImageRef:
    _owner, public_id, width, height = row
    return ImageRef(MEDIA_PATH + public_id, width or 0, height or 0, "")
