"""What lies in people's mailboxes: the worker run to its end, and the files it wrote."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from flask import Flask

from app.outbox.delivery import deliver_due

_LINK = re.compile(r"http://planet\.test(/\S*)")


class Mailbox:
    """All mails of the installation under test."""

    def __init__(self, app: Flask) -> None:
        self.folder = Path(app.config["MAIL_FILE_PATH"])
        self.folder.mkdir(parents=True, exist_ok=True)
        self.empty()

    def empty(self) -> None:
        """Throw all mails away."""
        for path in self.folder.glob("*"):
            path.unlink()

    def collect(self) -> list[EmailMessage]:
        """Let the worker do all that is due and return all mails, in no order."""
        deliver_due()
        found = []
        for path in self.folder.glob("*.eml"):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            assert isinstance(message, EmailMessage)
            found.append(message)
        return found

    def to(self, persona_or_address: str) -> list[EmailMessage]:
        """Return the mails to one person."""
        address = persona_or_address
        if "@" not in address:
            address = f"{address}@example.test"
        return [mail for mail in self.collect() if mail["To"] == address]

    def one_to(self, persona_or_address: str) -> EmailMessage:
        """Return the only mail to one person."""
        (mail,) = self.to(persona_or_address)
        return mail


def text_of(mail: EmailMessage) -> str:
    """Return the text part."""
    part = mail.get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    """Return the HTML part."""
    part = mail.get_body(preferencelist=("html",))
    assert part is not None
    return str(part.get_content())


def link_in(mail: EmailMessage) -> str:
    """Return the path of the first link."""
    found = _LINK.search(text_of(mail))
    assert found is not None
    return found.group(1)
