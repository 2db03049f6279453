"""Telling a person something: a notice in the page and, if he wants, a mail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from app.accounts.queries import find_recipient
from app.kernel import clock
from app.kernel.db import db
from app.kernel.reading import Ready
from app.notifications.extras import More
from app.notifications.kinds import COMMENTS, Kind
from app.notifications.models import Mail, Notification
from app.notifications.post import post_notice
from app.notifications.sight import look_at


@dataclass(frozen=True, slots=True)
class About:
    """What a notice is about, by row ids. `person_id` is who acted: never an anonymous asker."""

    planet_id: int
    person_id: int | None = None
    topic_id: int | None = None
    comment_id: int | None = None
    invitation_id: int | None = None
    order_id: int | None = None
    reminder_id: int | None = None


_TOLD = Ready(
    select(Notification.id).where(
        Notification.user_id == bindparam("user_id"),
        Notification.dedupe_key == bindparam("dedupe_key"),
    )
)


def tell(
    user_id: int,
    kind: Kind,
    *,
    about: About,
    dedupe_key: str,
    by_mail: bool = True,
    more: More | None = None,
) -> None:
    """Write a notice, and a mail for who wants them. Runs in the caller's unit of work.

    Nothing happens when the person may not see it, when the account is closed, and when he was told
    before under this key. `more` names what a mail says beyond the sentence. `by_mail` False
    where another letter brings the news (an invitation).
    """
    recipient = find_recipient(user_id)
    if recipient is None or _TOLD.first(user_id=user_id, dedupe_key=dedupe_key) is not None:
        return
    notice = Notification(
        user_id=user_id,
        dedupe_key=dedupe_key,
        kind=kind,
        person_id=about.person_id,
        planet_id=about.planet_id,
        topic_id=about.topic_id,
        comment_id=about.comment_id,
        invitation_id=about.invitation_id,
        order_id=about.order_id,
        reminder_id=about.reminder_id,
        created_at=clock.now(),
    )
    if look_at(notice) is None:
        return
    db.session.add(notice)
    db.session.flush()
    if by_mail and recipient.wants_notices and not _waits(notice):
        post_notice(notice, recipient, more)


def forget_person(*, topic_id: int, person_id: int) -> None:
    """Let the notices about a topic name this person no more. Runs in the caller's unit of work."""
    db.session.execute(
        update(Notification)
        .where(Notification.topic_id == topic_id, Notification.person_id == person_id)
        .values(person_id=None)
    )


def _waits(notice: Notification) -> bool:
    """Whether a mail about replies in the same topic went out that he has not looked at since: one
    is enough to bring him back, a lively thread must not fill his mailbox."""
    if notice.kind not in COMMENTS:
        return False
    unseen = (
        select(Mail.id)
        .join(Notification, Notification.id == Mail.notification_id)
        .where(
            Notification.user_id == notice.user_id,
            Notification.topic_id == notice.topic_id,
            Notification.kind.in_(COMMENTS),
            Notification.read_at.is_(None),
        )
    )
    return db.session.scalar(unseen.limit(1)) is not None
