"""Handing mails over: to a server with and without TLS, and to the console."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from flask import Flask

from app.notifications import mailer
from app.notifications.mailer import MailServer, Outgoing
from tests.notifications.smtp_server import CERTIFICATE, SmtpServer, self_signed

MAIL = Outgoing(to="lin@example.test", subject="你好", text="正文\n", html="<p>正文</p>", key="one")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Return a bare application: mails need no database."""
    bare = Flask("mailer")
    with bare.app_context():
        yield bare


def send(
    app: Flask, folder: Path, backend: Literal["smtp", "console"] = "smtp", **settings: object
) -> None:
    server = MailServer(
        backend=backend,
        folder=folder,
        sender="星球馆 <planet@example.test>",
        **{"host": "localhost", **settings},  # type: ignore[arg-type]
    )
    mailer.install(app, server)
    mailer.hand_over(MAIL)


def test_a_plain_server(app: Flask, tmp_path: Path) -> None:
    server = SmtpServer()
    send(app, tmp_path, port=server.port)
    server.close()
    (mail,) = server.mails
    assert "To: lin@example.test" in mail and "planet@example.test" in mail
    assert "@example.test>" in mail.partition("Message-ID:")[2].partition("\n")[0]
    assert server.logins == []


def test_a_server_that_wants_a_name(app: Flask, tmp_path: Path) -> None:
    server = SmtpServer()
    send(app, tmp_path, port=server.port, user="planet", password="secret")
    server.close()
    assert server.logins == ["\0planet\0secret"]


def test_a_certificate_nobody_vouches_for_is_refused_before_the_password(
    app: Flask, tmp_path: Path
) -> None:
    server = SmtpServer(self_signed())
    with pytest.raises(ssl.SSLCertVerificationError):
        send(app, tmp_path, port=server.port, tls=True, user="planet", password="secret")
    server.close()
    assert server.logins == server.mails == []


def test_a_certificate_that_is_trusted(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SmtpServer(self_signed())
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    send(app, tmp_path, port=server.port, tls=True, user="planet", password="secret")
    server.close()
    assert server.secured == 1 and server.logins and len(server.mails) == 1


def test_no_server_is_an_error_for_the_outbox(app: Flask, tmp_path: Path) -> None:
    server = SmtpServer()
    server.close()
    with pytest.raises(OSError):
        send(app, tmp_path, port=server.port)


def test_the_console(app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    send(app, tmp_path, backend="console")
    assert "To: lin@example.test" in capsys.readouterr().out


def test_port_465_is_tls_from_the_first_byte(app: Flask, tmp_path: Path) -> None:
    mailer.install(app, MailServer("smtp", tmp_path, "planet@example.test", port=465, tls=True))
    assert (app.config["MAIL_USE_SSL"], app.config["MAIL_USE_TLS"]) == (True, False)
