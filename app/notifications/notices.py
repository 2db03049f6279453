"""Telling a person something: a notice in the page and, if he wants, a mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import select, update

from app.accounts.queries import Recipient, find_recipient
from app.kernel import clock
from app.kernel.db import db
from app.notifications import links
from app.notifications.kinds import COMMENTS, Kind, sentence, subject
from app.notifications.letters import Letter
from app.notifications.models import Mail, Notification
from app.notifications.office import the_office
from app.notifications.post import post
from app.notifications.sight import Sight, look_at
from app.notifications.speech import say_day, speak


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


@dataclass(frozen=True, slots=True)
class Extra:
    """What a mail says beyond its sentence: further lines, and small print."""

    lines: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


More = Callable[[Recipient], Extra]


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
    before under this key. `more` returns what a mail says beyond the sentence. `by_mail` False
    where another letter brings the news (an invitation).
    """
    told = select(Notification.id).where(
        Notification.user_id == user_id, Notification.dedupe_key == dedupe_key
    )
    recipient = find_recipient(user_id)
    if recipient is None or db.session.scalar(told) is not None:
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
    seen = look_at(notice)
    if seen is None:
        return
    db.session.add(notice)
    db.session.flush()
    if by_mail and recipient.mail_notices and recipient.confirmed and not _waits(notice):
        _mail(notice, seen, recipient, more)


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


def _mail(notice: Notification, seen: Sight, recipient: Recipient, more: More | None) -> None:
    letter = letter_of(seen, recipient, public_id=notice.public_id)
    if more is not None:
        extra = more(recipient)
        letter = replace(letter, lines=(*letter.lines, *extra.lines), after=extra.after)
    post(
        letter,
        to=recipient.email,
        language=recipient.language,
        dedupe_key=f"notice:{notice.public_id}",
        user_id=recipient.user_id,
        notification_id=notice.id,
    )


def letter_of(seen: Sight, recipient: Recipient, *, public_id: str) -> Letter:
    """Return the mail of a notice: the sentence and the way there, nothing of what was written."""
    language = recipient.language
    _ = speak(language)
    day = say_day(seen.day, language=language, timezone=recipient.timezone) if seen.day else ""
    said = sentence(_, seen.kind, who=seen.who, planet=seen.planet, role=seen.role, day=day)
    return Letter(
        subject=subject(_, seen.kind, site=the_office().site_name),
        lines=(_("Hello %(name)s,", name=recipient.name), said),
        button=_("Have a look"),
        link=links.absolute(links.NOTICE, public_id=public_id),
    )
