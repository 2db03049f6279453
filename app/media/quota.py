"""How much one person may keep here, over all planets, and how often pictures of theirs may go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from app.kernel import limits
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, LimitReached
from app.media.models import Attachment
from app.policy import Actor, PlanetRole

MIB = 1024 * 1024
# Pictures that a decoder had to be stopped at, per person: each cost seconds of the machine.
BAD_PICTURES, BAD_WINDOW = 5, timedelta(hours=1)
BAD_CODES = frozenset({"too_much_work", "too_many_scans"})
_TEACHING = frozenset({PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN, PlanetRole.GUEST})


@dataclass
class Quotas:
    """In MiB, filled by the factory from the settings: for members, and for whoever runs a planet or
    is its guest (a course's files come from few)."""

    member_mib: int = 1024
    staff_mib: int = 20 * 1024


quotas = Quotas()


def used_bytes(user_id: int) -> int:
    """Return the bytes of everything that a person uploaded and that is still kept."""
    used = select(func.coalesce(func.sum(Attachment.size), 0))
    return int(db.session.scalar(used.where(Attachment.uploader_id == user_id)) or 0)


def check_quota(actor: Actor, *, size: int) -> None:
    """Invalid(`quota_full`, limit in MiB) when `size` more bytes are above what the actor may keep."""
    if actor.user_id is None:
        return
    teaching = actor.inside and actor.role in _TEACHING
    limit = quotas.staff_mib if teaching or actor.site_admin else quotas.member_mib
    if used_bytes(actor.user_id) + size > limit * MIB:
        raise Invalid("file", "quota_full", limit=limit)


def check_bad_pictures(user_id: int) -> None:
    """LimitReached for whoever sent several pictures in the last hour that had to be stopped."""
    if limits.peek(_key(user_id), window=BAD_WINDOW) >= BAD_PICTURES:
        raise LimitReached(limits.seconds_left(BAD_WINDOW))


def count_bad_picture(user_id: int) -> None:
    """Count a picture that had to be stopped. In a unit of work of its own."""
    with unit_of_work():
        try:
            limits.hit(_key(user_id), limit=BAD_PICTURES, window=BAD_WINDOW)
        except LimitReached:
            return


def _key(user_id: int) -> str:
    return f"picture:user:{user_id}"
