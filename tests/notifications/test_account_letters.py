"""Letters about accounts: who gets one, in which language, and that secrets stay in mailboxes."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import User
from app.kernel.db import db, unit_of_work
from app.notifications.models import Mail
from app.notifications.post import deliver, purge_mails
from app.outbox.models import OutboxDelivery, OutboxEvent
from tests.accounts.browser import Visitor
from tests.cast import PASSWORD, Cast
from tests.notifications.mailbox import Mailbox, html_of, link_in, text_of

NEW = "newcomer@example.test"
MEMBER = "member@example.test"


def set_user(cast: Cast, persona: str, **columns: object) -> None:
    with unit_of_work() as session:
        user = session.get_one(User, cast.users[persona])
        for name, value in columns.items():
            setattr(user, name, value)


def sign_up(app: Flask, email: str, language: str = "en") -> Visitor:
    person = Visitor(app)
    person.headers["Accept-Language"] = language
    person.post("/sign-up", name="许楠", email=email, password=PASSWORD)
    return person


def test_the_newcomers_link_opens_the_account(app: Flask, mailbox: Mailbox) -> None:
    person = sign_up(app, NEW)
    mail = mailbox.one_to(NEW)
    assert mail["Subject"] == "Open your account at Planetarium"
    assert "Hello 许楠," in text_of(mail) and link_in(mail) in html_of(mail)
    assert person.post(link_in(mail)).status_code == 303
    assert person.signed_in


def test_in_the_newcomers_language(app: Flask, mailbox: Mailbox) -> None:
    sign_up(app, NEW, "zh-CN")
    mail = mailbox.one_to(NEW)
    assert mail["Subject"] == "开通你在 Planetarium 的账号"
    assert "许楠，你好：" in text_of(mail)
    assert '<html lang="zh-Hans">' in html_of(mail)


def test_the_holder_of_a_known_address_gets_a_word_instead(cast: Cast, mailbox: Mailbox) -> None:
    sign_up(cast.app, MEMBER)
    mail = mailbox.one_to(MEMBER)
    assert "/confirm/" not in text_of(mail)
    assert link_in(mail) == "/sign-in"
    assert "http://planet.test/reset" in text_of(mail)


def test_the_link_again(app: Flask, mailbox: Mailbox) -> None:
    person = sign_up(app, NEW)
    first = link_in(mailbox.one_to(NEW))
    mailbox.empty()
    person.post("/sign-up/sent")
    second = link_in(mailbox.one_to(NEW))
    assert person.get(first).status_code == 410
    assert person.post(second).status_code == 303


def test_a_reset_by_mail(cast: Cast, mailbox: Mailbox) -> None:
    set_user(cast, "member", language="en")
    person = Visitor(cast.app)
    person.post("/reset", email=MEMBER)
    path = link_in(mailbox.one_to(MEMBER))
    person.post(path, password="an even longer passphrase")
    assert person.sign_in(MEMBER, "an even longer passphrase").status_code == 303
    mails = mailbox.to(MEMBER)
    assert {m["Subject"] for m in mails} == {
        "A new password for Planetarium",
        "Your password at Planetarium was changed",
    }


def test_an_unknown_address_gets_no_letter(cast: Cast, mailbox: Mailbox) -> None:
    Visitor(cast.app).post("/reset", email="nobody@example.test")
    assert mailbox.collect() == []


def test_a_closed_account_gets_no_letter(cast: Cast, mailbox: Mailbox, noon: datetime) -> None:
    set_user(cast, "member", deactivated_at=noon)
    Visitor(cast.app).post("/reset", email=MEMBER)
    assert mailbox.collect() == []


def test_a_changed_password_is_told_in_the_persons_language(cast: Cast, mailbox: Mailbox) -> None:
    set_user(cast, "member", language="zh_Hans")
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    here.post("/account/password", current_password=PASSWORD, password="an even longer passphrase")
    assert mailbox.one_to(MEMBER)["Subject"] == "你在 Planetarium 的密码已修改"


def test_a_change_of_address_writes_to_both(cast: Cast, mailbox: Mailbox) -> None:
    set_user(cast, "member", language="en")
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    new = "wang@example.test"
    here.post("/account/address", email=new, address_password=PASSWORD)
    note = mailbox.one_to(MEMBER)
    assert "w•••@e•••.test" in text_of(note) and new not in text_of(note)
    here.post(link_in(mailbox.one_to(new)))
    subjects = {mail["Subject"] for mail in mailbox.to(MEMBER)}
    assert "Your account at Planetarium has a new address" in subjects
    assert len(mailbox.to(new)) == 1


def test_wanting_anothers_address_tells_him_and_gives_no_link(cast: Cast, mailbox: Mailbox) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    here.post("/account/address", email="other@example.test", address_password=PASSWORD)
    assert "/address/" not in text_of(mailbox.one_to("other"))
    assert "o•••@e•••.test" in text_of(mailbox.one_to("member"))


# --- the post office ------------------------------------------------------------------------------


def test_a_mail_has_the_headers_of_a_machines_letter(app: Flask, mailbox: Mailbox) -> None:
    sign_up(app, NEW)
    mail = mailbox.one_to(NEW)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Planetarium <planetarium@localhost>"
    assert mail["Date"] and mail["Message-ID"].endswith("@localhost>")
    assert "List-Unsubscribe" not in mail
    assert mail.get_content_type() == "multipart/alternative"


def test_no_secret_stays_in_the_database(app: Flask, mailbox: Mailbox) -> None:
    sign_up(app, NEW)
    secret = link_in(mailbox.one_to(NEW)).rpartition("/")[2]
    row = db.session.scalars(sa.select(Mail)).one()
    assert row.sent_at is not None and row.letter == {}
    payloads = db.session.scalars(sa.select(OutboxEvent.payload)).all()
    assert secret not in str(payloads)


def test_a_repeated_delivery_sends_nothing_twice(app: Flask, mailbox: Mailbox) -> None:
    sign_up(app, NEW)
    mailbox.one_to(NEW)
    mailbox.empty()
    with unit_of_work() as session:
        session.execute(sa.update(OutboxDelivery).values(state="pending"))
    mails = mailbox.collect()
    # The wish's handler issues no second letter under the same name, the mail is sent already.
    assert mails == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Mail)) == 1


def test_a_crash_after_sending_makes_one_mail_for_the_receiver(
    app: Flask, mailbox: Mailbox
) -> None:
    """Sent twice, it bears the same Message-ID, which mail programs show once."""
    sign_up(app, NEW)
    first = mailbox.one_to(NEW)
    letter = {"subject": "s", "lines": [], "button": "", "link": "", "after": []}
    with unit_of_work() as session:
        session.execute(sa.update(Mail).values(sent_at=None, letter=letter))
    mail_id = db.session.scalar(sa.select(Mail.id))
    deliver({"mail_id": mail_id})
    assert mailbox.one_to(NEW)["Message-ID"] == first["Message-ID"]


def test_a_server_that_fails_is_tried_again(
    app: Flask, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def refuse(_mail: object) -> None:
            raise ConnectionRefusedError

        broken.setattr("app.notifications.mailer.hand_over", refuse)
        sign_up(app, NEW)
        assert mailbox.collect() == []
    with unit_of_work() as session:
        row = session.scalars(
            sa.select(OutboxDelivery).where(OutboxDelivery.handler == "mail.send")
        ).one()
        assert (row.state, row.last_error[:22]) == ("pending", "ConnectionRefusedError")
        row.next_try_at = row.next_try_at.replace(year=2000)
    assert link_in(mailbox.one_to(NEW)).startswith("/confirm/")


def test_old_mails_are_purged(app: Flask, mailbox: Mailbox) -> None:
    sign_up(app, NEW)
    mailbox.collect()
    assert purge_mails() == 0
    with unit_of_work() as session:
        row = session.scalars(sa.select(Mail)).one()
        assert row.sent_at is not None
        row.sent_at = row.sent_at.replace(year=2000)
    assert purge_mails() == 1
