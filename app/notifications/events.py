"""What happened in this room, as told to its own handlers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.outbox.events import Event


@dataclass(frozen=True, slots=True)
class MailWritten(Event):
    """A mail waits to be sent."""

    name: ClassVar[str] = "notifications.mail_written"
    mail_id: int


@dataclass(frozen=True, slots=True)
class AwaitedMailWritten(Event):
    """A mail waits to be sent for which somebody sits and waits: it brings a link, or a word about an
    account."""

    name: ClassVar[str] = "notifications.awaited_mail_written"
    mail_id: int
