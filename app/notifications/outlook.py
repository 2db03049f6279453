"""Whether letters leave: what readiness, metrics and doctor tell of the mail server."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db
from app.notifications.models import Mail
from app.notifications.refusals import MailRefused
from app.outbox.queries import Failing, find_failing

# The outbox's name for the handler that sends.
SENDER = "mail.send"
# A second try comes after five seconds and a third after twenty: what fails for longer is no hiccup.
PATIENCE = timedelta(seconds=60)


def find_unsent() -> Failing:
    """Return the mails that could not be handed to the mail server. What a receiver's own server refuses is
    not among them: the way there is sound."""
    return find_failing(SENDER, besides=MailRefused.__name__)


def oldest_unsent_seconds() -> float:
    """Return the age of the oldest mail that is neither sent nor dropped, 0 when there is none."""
    waiting = select(func.min(Mail.created_at)).where(
        Mail.sent_at.is_(None), Mail.dropped_at.is_(None)
    )
    written_at = db.session.scalar(waiting)
    return max(0.0, (clock.now() - written_at).total_seconds()) if written_at else 0.0


def find_mail_trouble() -> str | None:
    """Return why letters do not leave, in words for whoever keeps the installation; None when they do.
    Names no server and no address: strangers may ask."""
    unsent = find_unsent()
    if unsent.written_at is None or clock.now() - unsent.written_at < PATIENCE:
        return None
    return (
        f"{unsent.count} letters could not be handed to the mail server, the oldest since "
        f"{unsent.written_at:%F %T}Z; see flask outbox list --pending and PLANETARIUM_SMTP_*, mend it, then: "
        "flask outbox retry-all"
    )
