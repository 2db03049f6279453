"""What `bin/bench letters` measures, small: how many commits and calls to the mail server a letter takes."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel.db import db, unit_of_work
from app.memberships.events import RoleChanged
from app.memberships.models import Membership
from app.notifications import mailer
from app.notifications.mailer import MailServer
from app.outbox.delivery import deliver_due
from app.outbox.events import Lane, put_all
from bench.letters import committed, work_off
from tests.cast import Cast
from tests.notifications.smtp_server import SmtpServer


@pytest.fixture
def server(app: Flask, tmp_path: Path) -> Iterator[SmtpServer]:
    """The mail server of the installation under test."""
    folder = Path(app.config["MAIL_FILE_PATH"])
    made = SmtpServer()
    mailer.install(
        app, MailServer("smtp", tmp_path, "planet@example.test", host="127.0.0.1", port=made.port)
    )
    yield made
    made.close()
    mailer.install(app, MailServer("file", folder, "planet@example.test"))


def test_letters_share_transactions_and_calls(cast: Cast, server: SmtpServer) -> None:
    deliver_due()
    before, calls = len(server.mails), server.calls
    with unit_of_work():
        members = db.session.scalars(sa.select(Membership.id)).all()
        put_all([RoleChanged(membership_id=one) for one in members])
    with committed() as commits:
        work_off(*(lane for lane in Lane if lane is not Lane.OUTSIDE))
        work_off(Lane.OUTSIDE)
    letters = len(server.mails) - before
    assert letters >= 4
    # One for each letter that is sent, and a few for each ten; it was six for each.
    assert len(commits) < 2 * letters
    assert server.calls == calls + 1


def test_the_call_ends_when_nothing_waits_and_a_broken_one_is_made_anew(
    cast: Cast, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "FRESH_SECONDS", 0.0)
    send_to = "member@example.test"
    outgoing = mailer.Outgoing(to=send_to, subject="短", text="你好", html="<p>你好</p>", key="a")
    mailer.hand_over(outgoing)
    mailer.hand_over(outgoing)
    assert (len(server.mails), server.calls) == (2, 1)
    mailer._calls.backend.connection.sock.shutdown(socket.SHUT_RDWR)
    mailer.hand_over(outgoing)
    assert (len(server.mails), server.calls) == (3, 2), "no letter is lost or tried twice"
    mailer.hang_up()
    assert mailer._calls.backend is None
