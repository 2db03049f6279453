"""Reading attachments. Whether one may be read is asked of its owner, by the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.reading import Ready
from app.media.models import Attachment


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """An attachment as pages read it. `size` in bytes, width and height in pixels."""

    public_id: str
    owner_type: str
    owner_id: int | None
    purpose: str
    filename: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    uploader_id: int
    storage_key: str
    thumbnail_key: str

    @property
    def is_image(self) -> bool:
        """Whether pages show it inline."""
        return self.purpose == "image"


_COLUMNS = tuple(Attachment.__table__.c[name] for name in AttachmentView.__dataclass_fields__)

_OWNED = Ready(
    select(*_COLUMNS)
    .where(
        Attachment.owner_type == bindparam("owner_type"),
        Attachment.owner_id.in_(bindparam("owner_ids", expanding=True)),
    )
    .order_by(Attachment.owner_id, Attachment.position)
)


def get_attachment(public_id: str) -> AttachmentView:
    """Return one attachment; NotFound. The caller asks the policy of its owner."""
    row = db.session.execute(
        select(*_COLUMNS).where(Attachment.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise NotFound(public_id)
    return AttachmentView(*row)


def list_attachments(owner_type: str, owner_ids: Sequence[int]) -> dict[int, list[AttachmentView]]:
    """Return the attachments of several owners in one query, each list in its order."""
    found: dict[int, list[AttachmentView]] = {}
    if not owner_ids:
        return found
    for row in _OWNED.rows(owner_type=owner_type, owner_ids=owner_ids):
        view = AttachmentView(*row)
        found.setdefault(view.owner_id or 0, []).append(view)
    return found


def list_waiting(uploader_id: int, public_ids: Sequence[str]) -> list[AttachmentView]:
    """Return those of these uploads that wait for their owner, in the order asked: for composers."""
    statement = select(*_COLUMNS).where(
        Attachment.public_id.in_(list(public_ids)),
        Attachment.owner_id.is_(None),
        Attachment.uploader_id == uploader_id,
    )
    found = {row.public_id: AttachmentView(*row) for row in db.session.execute(statement)}
    return [found[public_id] for public_id in public_ids if public_id in found]
