"""Handing mails over: to a mail server, to the console, or into files. The one importer of the mail
library."""

from __future__ import annotations

import hashlib
import os
import re
import smtplib
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import Header
from email.message import EmailMessage, Message
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import flask_mailman
from flask_mailman.backends import base, smtp
from flask_mailman.utils import DNS_NAME

from app.kernel import clock
from app.notifications.refusals import MailRefused

# Below the lease of a delivery, with room for a slow greeting and a slow goodbye.
TIMEOUT_SECONDS = 20
SMTPS_PORT = 465
# Servers end a call after so many, or count further letters as too many.
LETTERS_IN_A_CALL = 100
# A call on which something was said so shortly ago still stands.
FRESH_SECONDS = 2.0

_mail = flask_mailman.Mail()


@dataclass(frozen=True, slots=True)
class MailServer:
    """How mails leave: `backend` file (into `folder`), console or smtp; `sender` is the From line.

    `tls` means STARTTLS, or TLS from the first byte on port 465; the certificate is checked.
    """

    backend: Literal["file", "console", "smtp"]
    folder: Path
    sender: str
    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = ""
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail ready to go. `key` makes its Message-ID: a mail sent twice is one to the receiver."""

    to: str
    subject: str
    text: str
    html: str
    key: str
    no_mail_link: str = ""


class FileBackend(base.BaseEmailBackend):  # type: ignore[misc]
    """Writes each mail to a file of its own, `<time>-<hash>.eml`; one mail sent twice is one file."""

    def send_messages(self, messages: list[Any]) -> int:
        """Write the files; each is whole or not there."""
        folder = Path(self.mailman.file_path)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in messages:
            built = message.message()
            name = hashlib.sha256(built["Message-ID"].encode()).hexdigest()[:16]
            for old in folder.glob(f"*-{name}.eml"):
                old.unlink(missing_ok=True)
            path = folder / f"{clock.now():%Y%m%d-%H%M%S-%f}-{name}.eml"
            draft = path.with_suffix(".tmp")
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(built.as_bytes())
            draft.rename(path)
        return len(messages)


class SmtpBackend(smtp.EmailBackend):  # type: ignore[misc]
    """The library's, but it checks the server's certificate after STARTTLS too."""

    connection: smtplib.SMTP | None

    def open(self) -> bool:
        """Connect, secure and sign in as the settings say; True when a new connection was made."""
        if self.connection:
            return False
        if self.use_ssl or not self.use_tls:
            return bool(super().open())
        connection = smtplib.SMTP(
            self.host, self.port, local_hostname=DNS_NAME.get_fqdn(), timeout=self.timeout
        )
        try:
            connection.starttls(context=_trust())
            if self.username and self.password:
                connection.login(self.username, self.password)
        except BaseException:
            connection.close()
            raise
        self.connection = connection
        return True

    def still_stands(self) -> bool:
        """Whether the server still listens; many end a call on which nothing was said for a while."""
        if self.connection is None:
            return False
        try:
            code, _words = self.connection.noop()
        except (OSError, smtplib.SMTPException):
            return False
        return int(code) == 250

    def let_go(self) -> None:
        """End the call, politely where the server still listens."""
        connection, self.connection = self.connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed: reading them costs more than a letter."""
    return ssl.create_default_context()


def install(app: Any, server: MailServer) -> None:
    """Connect the application (a Flask object) with its mail server."""
    hang_up()
    _trust.cache_clear()
    implicit = server.tls and server.port == SMTPS_PORT
    app.config.update(
        MAIL_BACKEND={"file": FileBackend, "smtp": SmtpBackend}.get(server.backend, "console"),
        MAIL_FILE_PATH=str(server.folder),
        MAIL_DEFAULT_SENDER=server.sender,
        MAIL_SERVER=server.host,
        MAIL_PORT=server.port,
        MAIL_USERNAME=server.user or None,
        MAIL_PASSWORD=server.password or None,
        MAIL_USE_SSL=implicit,
        MAIL_USE_TLS=server.tls and not implicit,
        MAIL_TIMEOUT=TIMEOUT_SECONDS,
    )
    _mail.init_app(app)


class _Message(flask_mailman.EmailMultiAlternatives):  # type: ignore[misc]
    """The library's, but a long subject begins on its header's first line: the library encodes without
    the header's name, and some providers show a subject that begins on the second line as empty."""

    def message(self) -> Any:
        """Return the mail as the email library has it."""
        built = super().message()
        del built["Subject"]
        charset = "us-ascii" if self.subject.isascii() else "utf-8"
        subject = Header(self.subject, charset, header_name="Subject")
        # Past the library's own, which takes no Header.
        Message.__setitem__(built, "Subject", subject)
        return built


def hand_over(mail: Outgoing) -> None:
    """Give a mail to the server; MailRefused when it refuses this one, else what it or the network
    raises. The call to it stands until `hang_up`, for the letters that follow."""
    try:
        _send(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise MailRefused(code, _said(words)) from error
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        raise MailRefused(error.smtp_code, _said(error.smtp_error)) from error
    except (OSError, smtplib.SMTPException):
        hang_up()
        raise


def _said(words: bytes | str) -> str:
    return words if isinstance(words, str) else words.decode("utf-8", "replace")


def _send(mail: Outgoing) -> None:
    backend = _call()
    name = hashlib.sha256(mail.key.encode()).hexdigest()[:32]
    headers = {
        "Message-ID": f"<{name}@{_host_of(str(backend.mailman.default_sender))}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.no_mail_link:
        headers["List-Unsubscribe"] = f"<{mail.no_mail_link}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = _Message(
        subject=" ".join(mail.subject.split()),
        body=mail.text,
        to=[mail.to],
        headers=headers,
        connection=backend,
    )
    message.attach_alternative(mail.html, "text/html")
    message.send()


class _Calls(threading.local):
    """The call to the mail server that a thread holds, and how many letters went over it."""

    backend: Any = None
    letters = 0
    heard_at = 0.0


_calls = _Calls()


def _call() -> Any:
    """Return a call to the mail server: the one before if it still stands, else a new one. A letter is never
    tried twice for an old call that has ended: that is asked before."""
    backend, held = _mail.get_connection(), _calls.backend
    fresh = time.monotonic() - _calls.heard_at < FRESH_SECONDS
    _calls.heard_at = time.monotonic()
    if held is not None and held.mailman is backend.mailman:
        _calls.letters += 1
        if _calls.letters < LETTERS_IN_A_CALL and (fresh or held.still_stands()):
            return held
    hang_up()
    if isinstance(backend, SmtpBackend):
        backend.open()
        _calls.backend = backend
    return backend


def hang_up() -> None:
    """End this thread's call to the mail server, if it holds one."""
    backend, _calls.backend, _calls.letters = _calls.backend, None, 0
    if backend is not None:
        backend.let_go()


@lru_cache(maxsize=8)
def _host_of(sender: str) -> str:
    """The part after @ of the sender: what receivers expect in a Message-ID."""
    found = re.search(r"@([A-Za-z0-9.-]+)", sender)
    return found.group(1) if found else "localhost"


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """A mail that the file backend wrote. `at` is aware UTC; `text` the text part."""

    name: str
    to: str
    subject: str
    at: datetime
    text: str


def list_written(folder: Path, limit: int = 50) -> list[WrittenMail]:
    """Return the newest mails of the file backend, newest first; for development."""
    newest = sorted(folder.glob("*.eml"), reverse=True)[:limit]
    return [_read(path) for path in newest]


def find_written(folder: Path, name: str) -> WrittenMail | None:
    """Return one of those mails by its file name; None when there is no such mail."""
    if not re.fullmatch(r"[0-9]{8}-[0-9]{6}-[0-9]{6}-[0-9a-f]{16}\.eml", name):
        return None
    path = folder / name
    return _read(path) if path.is_file() else None


def _read(path: Path) -> WrittenMail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(preferencelist=("plain",))
    return WrittenMail(
        name=path.name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        text=str(part.get_content()) if part else "",
    )
