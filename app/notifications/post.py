"""The post office: write a mail in the transaction of its cause, send it afterwards, once.

Rights and facts are asked at each try to send, and a mail that is not so any more is dropped: that of a
notice is composed only then, any other is held to its ground. What was sent or dropped keeps no words:
they may hold the secret of a link.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from app.accounts.queries import Recipient, find_recipient
from app.billing.queries.receipts import find_receipt
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.reading import Ready
from app.notifications import links, mailer, pace
from app.notifications.composing import compose, keep_more
from app.notifications.events import AwaitedMailWritten, MailWritten
from app.notifications.extras import More
from app.notifications.grounds import Basis, Ground, holds
from app.notifications.letters import Letter
from app.notifications.models import Mail, Notification
from app.notifications.paper import write_out
from app.notifications.receipts import receipt
from app.notifications.refusals import MailRefused, Meaning
from app.outbox.delivery import Later
from app.outbox.events import Settle, put
from app.policy import Action, Actor, require

KEEP_MAILS = timedelta(days=30)
KEEP_REFUSED = timedelta(days=180)
# Whoever asked for these waits at the screen; what tells of an account is sent as fast.
AWAITED = (Basis.LINK, Basis.SIGN_UP, Basis.ACCOUNT)


def post(
    letter: Letter,
    *,
    to: str,
    language: str,
    dedupe_key: str,
    ground: Ground,
    user_id: int | None = None,
) -> None:
    """Write a mail, to be sent soon. Runs in the caller's unit of work.

    `dedupe_key` names the cause: the same one again writes nothing. `ground` must still hold when it is
    sent. `user_id` when it goes to a person's account, which must then still be open.
    """
    if db.session.scalar(select(Mail.id).where(Mail.dedupe_key == dedupe_key)) is not None:
        return
    _write(
        dedupe_key=dedupe_key,
        user_id=user_id,
        to_address=to,
        language=language,
        letter=letter.to_json(),
        basis=ground.basis,
        basis_id=ground.row_id,
        basis_mark=ground.mark,
    )


def post_notice(notice: Notification, recipient: Recipient, more: More | None) -> None:
    """Write the mail of a notice, whose words are found when it is sent. In the caller's unit of work."""
    _write(
        dedupe_key=f"notice:{notice.public_id}",
        user_id=recipient.user_id,
        notification_id=notice.id,
        to_address=recipient.email,
        language=recipient.language,
        letter=keep_more(more),
        basis=Basis.NOTICE,
        basis_id=notice.id,
    )


_MAIL = insert(Mail).returning(Mail.id)


def _write(*, basis: Basis, **columns: Any) -> None:
    row = {**columns, "basis": basis, "created_at": clock.now()}
    # As a statement: there are many, and nobody reads them here.
    db.session.flush()
    mail_id = db.session.connection().scalars(_MAIL, row).one()
    written = AwaitedMailWritten if basis in AWAITED else MailWritten
    put(written(mail_id=mail_id))


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
    basis: str
    basis_id: int | None
    basis_mark: str


_UNSETTLED = Ready(
    select(*(Mail.__table__.c[name] for name in _Waiting.__dataclass_fields__)).where(
        Mail.id == bindparam("mail_id"), Mail.sent_at.is_(None), Mail.dropped_at.is_(None)
    )
)


def deliver(payload: dict[str, Any]) -> Settle | None:
    """Send a mail that waits: the outbox's handler outside any transaction. Bears repetition. Returns what
    writes down that it is done with."""
    row = _UNSETTLED.first(mail_id=payload["mail_id"])
    if row is None:
        return None
    waiting = _Waiting(*row)
    outgoing = _prepare(waiting)
    # No transaction stays open while a mail server takes its time.
    db.session.rollback()
    if outgoing is None:
        return partial(_settle, waiting, "dropped_at")
    if pace.is_slow(outgoing.to):
        turn = pace.find_turn(outgoing.to) or pace.take_turn(outgoing.to)
        if turn is not None:
            raise Later(turn)
    return _hand_over(waiting, outgoing)


def _hand_over(waiting: _Waiting, outgoing: mailer.Outgoing) -> Settle:
    try:
        mailer.hand_over(outgoing)
    except MailRefused as refused:
        if refused.meaning is not Meaning.NO_MAILBOX:
            pace.slow_down(outgoing.to, refused.words)
            raise
        return partial(_settle, waiting, "dropped_at", to=outgoing.to, refused=refused)
    return partial(_settle, waiting, "sent_at", to=outgoing.to)


def _settle(
    waiting: _Waiting, settled: str, *, to: str = "", refused: MailRefused | None = None
) -> None:
    """Write down that a mail is done with: sent, or dropped; of a refusal its words, at the address too. Runs
    in the caller's unit of work."""
    words = str(refused)[:200] if refused else ""
    done = {settled: clock.now(), "letter": {}, "refusal": words}
    rows = update(Mail).where(Mail.id == waiting.id).values(done)
    db.session.connection().execute(rows)
    if refused is not None:
        pace.mark_refused(to, words)
    elif settled == "sent_at":
        pace.was_taken(to)


def _prepare(waiting: _Waiting) -> mailer.Outgoing | None:
    """Return the mail as it goes out; None when nobody may have it any more, or it is not so any more."""
    recipient = find_recipient(waiting.user_id) if waiting.user_id is not None else None
    if waiting.user_id is not None and recipient is None:
        return None
    if waiting.basis == Basis.NOTICE:
        return _prepare_notice(waiting, recipient)
    ground = Ground(Basis(waiting.basis), waiting.basis_id, waiting.basis_mark)
    if not holds(ground, to=waiting.to_address, user_id=waiting.user_id):
        return None
    letter = _find_words(waiting, recipient)
    return _put_on_paper(waiting, letter, to=waiting.to_address, language=waiting.language)


def _find_words(waiting: _Waiting, recipient: Recipient | None) -> Letter:
    """Return the letter as it was written; a receipt says what has been paid and given back by now."""
    bought = find_receipt(waiting.basis_id or 0) if waiting.basis == Basis.RECEIPT else None
    if bought is None or recipient is None:
        return Letter.from_json(waiting.letter)
    return receipt(replace(recipient, language=waiting.language), bought)


_NOTICE_COLUMNS = tuple(column.key for column in Notification.__table__.c)
_NOTICE = Ready(select(*Notification.__table__.c).where(Notification.id == bindparam("notice_id")))


def _prepare_notice(waiting: _Waiting, recipient: Recipient | None) -> mailer.Outgoing | None:
    """Return the mail of a notice, to where its receiver has their mail now, in their present language."""
    row = _NOTICE.first(notice_id=waiting.notification_id or 0)
    if row is None or recipient is None or not recipient.wants_notices:
        return None
    notice = Notification(**dict(zip(_NOTICE_COLUMNS, row, strict=True)))
    # Letters that somebody asks for are tried all the same: the mailbox may be there again.
    if pace.find_refused([recipient.email]):
        return None
    letter = compose(notice, recipient, waiting.letter)
    if letter is None:
        return None
    token = links.no_mail_token(recipient.public_id)
    way_out = links.absolute(links.NO_MAIL, token=token)
    to, language = recipient.email, recipient.language
    return _put_on_paper(waiting, letter, to=to, language=language, no_mail_link=way_out)


def _put_on_paper(
    waiting: _Waiting, letter: Letter, *, to: str, language: str, no_mail_link: str = ""
) -> mailer.Outgoing:
    sheet = write_out(letter, language=language, no_mail_link=no_mail_link)
    return mailer.Outgoing(
        to=to,
        subject=letter.subject,
        text=sheet.text,
        html=sheet.html,
        key=waiting.dedupe_key,
        no_mail_link=no_mail_link,
    )


def call_back(user_id: int, *, notices: str) -> None:
    """Drop the mails that wait about somebody's notices whose keys begin so: they wish for them no more.
    Runs in the caller's unit of work."""
    about = select(Notification.id).where(
        Notification.user_id == user_id,
        Notification.dedupe_key.startswith(notices, autoescape=True),
    )
    db.session.execute(
        update(Mail)
        .where(Mail.notification_id.in_(about), Mail.sent_at.is_(None), Mail.dropped_at.is_(None))
        .values(dropped_at=clock.now(), letter={})
        .execution_options(synchronize_session=False)
    )


def forget_receiver(actor: Actor, *, address: str, gone: str) -> None:
    """Drop all that waits for a person whose account closes, put `gone` in the place of their address, and
    delete their notices. Runs in the caller's unit of work."""
    require(actor, Action.ACCOUNT_USE)
    theirs = update(Mail).where(or_(Mail.user_id == actor.user_id, Mail.to_address == address))
    blank = {"to_address": gone, "letter": {}, "refusal": ""}
    unsent = theirs.where(Mail.sent_at.is_(None), Mail.dropped_at.is_(None))
    db.session.execute(unsent.values(dropped_at=clock.now()))
    db.session.execute(theirs.values(blank))
    db.session.execute(delete(Notification).where(Notification.user_id == actor.user_id))
    pace.forget(address)


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
