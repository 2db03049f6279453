"""The post office: write a mail in the transaction of its cause, send it afterwards, once.

A mail whose receiver lost the right to it in between is dropped. What was sent or dropped keeps no
words: they may hold the secret of a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from app.accounts.queries import find_recipient
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications import links, mailer, pace
from app.notifications.events import MailWritten
from app.notifications.letters import Letter
from app.notifications.models import Mail, Notification
from app.notifications.paper import write_out
from app.notifications.refusals import MailRefused, Meaning
from app.notifications.sight import look_at
from app.outbox.delivery import Later
from app.outbox.events import put

KEEP_MAILS = timedelta(days=30)
KEEP_REFUSED = timedelta(days=180)


def post(
    letter: Letter,
    *,
    to: str,
    language: str,
    dedupe_key: str,
    user_id: int | None = None,
    notification_id: int | None = None,
) -> None:
    """Write a mail, to be sent soon. Runs in the caller's unit of work.

    `dedupe_key` names the cause: the same one again writes nothing. `user_id` when it goes to a
    person's account, which must then still be open; `notification_id` when it brings a notice.
    """
    if db.session.scalar(select(Mail.id).where(Mail.dedupe_key == dedupe_key)) is not None:
        return
    mail = Mail(
        dedupe_key=dedupe_key,
        user_id=user_id,
        notification_id=notification_id,
        to_address=to,
        language=language,
        letter=letter.to_json(),
        created_at=clock.now(),
    )
    db.session.add(mail)
    db.session.flush()
    put(MailWritten(mail_id=mail.id))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A mail's row, read before sending."""

    id: int
    dedupe_key: str
    user_id: int | None
    notification_id: int | None
    to_address: str
    language: str
    letter: dict[str, Any]


_COLUMNS = tuple(Mail.__table__.c[name] for name in _Waiting.__dataclass_fields__)


def deliver(payload: dict[str, Any]) -> None:
    """Send a mail that waits: the outbox's handler outside any transaction. Bears repetition."""
    statement = select(*_COLUMNS).where(
        Mail.id == payload["mail_id"], Mail.sent_at.is_(None), Mail.dropped_at.is_(None)
    )
    row = db.session.execute(statement).one_or_none()
    if row is None:
        return
    waiting = _Waiting(*row)
    outgoing = _prepare(waiting)
    # No transaction stays open while a mail server takes its time.
    db.session.rollback()
    if outgoing is None:
        _settle(waiting, "dropped_at")
        return
    turn = pace.find_turn(waiting.to_address) or pace.take_turn(waiting.to_address)
    db.session.rollback()
    if turn is not None:
        raise Later(turn)
    try:
        mailer.hand_over(outgoing)
    except MailRefused as refused:
        if refused.meaning is not Meaning.NO_MAILBOX:
            pace.slow_down(waiting.to_address, refused.words)
            raise
        _settle(waiting, "dropped_at", refused)
    else:
        _settle(waiting, "sent_at")


def _settle(waiting: _Waiting, settled: str, refused: MailRefused | None = None) -> None:
    """Write down that a mail is done with: sent, or dropped; of a refusal its words, at the address too."""
    words = str(refused)[:200] if refused else ""
    with unit_of_work() as session:
        done = {settled: clock.now(), "letter": {}, "refusal": words}
        session.execute(update(Mail).where(Mail.id == waiting.id).values(done))
        if refused is not None:
            pace.mark_refused(waiting.to_address, words)
        elif settled == "sent_at":
            pace.was_taken(waiting.to_address)


def _prepare(waiting: _Waiting) -> mailer.Outgoing | None:
    """Return the mail as it goes out; None when nobody may have it any more."""
    no_mail_link = ""
    if waiting.user_id is not None:
        recipient = find_recipient(waiting.user_id)
        if recipient is None:
            return None
        if waiting.notification_id is not None:
            if not recipient.mail_notices or not _still_visible(waiting):
                return None
            # Letters that somebody asks for are tried all the same: the mailbox may be there again.
            if pace.find_refused([waiting.to_address]):
                return None
            token = links.no_mail_token(recipient.public_id)
            no_mail_link = links.absolute(links.NO_MAIL, token=token)
    letter = Letter.from_json(waiting.letter)
    sheet = write_out(letter, language=waiting.language, no_mail_link=no_mail_link)
    return mailer.Outgoing(
        to=waiting.to_address,
        subject=letter.subject,
        text=sheet.text,
        html=sheet.html,
        key=waiting.dedupe_key,
        no_mail_link=no_mail_link,
    )


def _still_visible(waiting: _Waiting) -> bool:
    notice = db.session.get(Notification, waiting.notification_id)
    return notice is not None and look_at(notice) is not None


def purge_mails() -> int:
    """Delete mails settled a month ago: they hold addresses. A timed job; returns how many."""
    before = clock.now() - KEEP_MAILS
    with unit_of_work() as session:
        gone = session.execute(
            delete(Mail)
            .where(or_(Mail.sent_at < before, Mail.dropped_at < before))
            .returning(Mail.id)
        )
        pace.purge(addresses_before=clock.now() - KEEP_REFUSED, paces_before=before)
        return len(gone.all())
