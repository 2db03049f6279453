"""Notices by mail: rights checked again, one mail for a lively thread, and the way out."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import User
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications.links import no_mail_token
from app.notifications.models import Mail, Notification
from app.outbox.claiming import claim
from app.outbox.delivery import deliver
from app.outbox.events import Lane
from tests.accounts.browser import Visitor
from tests.cast import Cast
from tests.discussion.threads import post, say
from tests.notifications.mailbox import Mailbox, html_of, link_in, text_of
from tests.notifications.telling import answer, put_question


def set_user(cast: Cast, persona: str, **columns: object) -> None:
    with unit_of_work() as session:
        user = session.get_one(User, cast.users[persona])
        for name, value in columns.items():
            setattr(user, name, value)


def write_mails() -> None:
    """Let the worker make notices and write mails, without sending any."""
    while letters := claim(Lane.INSIDE):
        for letter in letters:
            deliver(letter)


def test_the_mail_says_what_happened_and_where_but_not_what_was_written(
    cast: Cast, mailbox: Mailbox
) -> None:
    set_user(cast, "member", language="en")
    topic = put_question(cast, "member", text="这是一个私密的问题？")
    answer(cast, topic)
    mail = mailbox.one_to("member")
    assert mail["Subject"] == "Your question was answered at Planetarium"
    assert "陈默 answered your question in 轨道." in text_of(mail)
    for part in (text_of(mail), html_of(mail)):
        assert "私密" not in part and "因为" not in part and topic not in part


def test_the_mail_in_chinese(cast: Cast, mailbox: Mailbox) -> None:
    set_user(cast, "guest", language="zh_Hans")
    put_question(cast, "member")
    mail = mailbox.one_to("guest")
    assert mail["Subject"] == "Planetarium：有一个问题等你回答"
    assert "王小雨 在“轨道”向你提了一个问题。" in text_of(mail)
    assert "不再接收邮件通知" in html_of(mail)


def test_the_link_marks_the_notice_read_and_leads_there(cast: Cast, mailbox: Mailbox) -> None:
    topic = put_question(cast, "member")
    path = link_in(mailbox.one_to("guest"))
    guest = Visitor(cast.app)
    assert guest.get(path).location == f"/sign-in?next={path}"
    guest.sign_in("guest@example.test")
    assert guest.get(path).location == f"/p/orbit/t/{topic}"
    assert db.session.scalar(sa.select(Notification.read_at)) is not None


@pytest.mark.parametrize(
    "lost",
    [
        {"removed_at": True},
        {"left_at": True},
    ],
)
def test_rights_are_checked_again_at_sending(
    cast: Cast, mailbox: Mailbox, lost: dict[str, bool]
) -> None:
    topic = post(cast, "guest")
    say(cast, "other", topic, parent=say(cast, "member", topic))
    write_mails()
    cast.set_membership("member", **dict.fromkeys(lost, clock.now()))
    assert mailbox.to("member") == []
    row = db.session.scalars(sa.select(Mail).where(Mail.user_id == cast.users["member"])).one()
    assert row.dropped_at is not None and row.sent_at is None and row.letter == {}


def test_a_mail_switched_off_in_between_is_not_sent(cast: Cast, mailbox: Mailbox) -> None:
    put_question(cast, "member")
    write_mails()
    set_user(cast, "guest", mail_notices=False)
    assert mailbox.collect() == []


def test_who_wants_no_mails_gets_notices_only(cast: Cast, mailbox: Mailbox) -> None:
    set_user(cast, "guest", mail_notices=False)
    put_question(cast, "member")
    assert mailbox.collect() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Notification)) == 1


def test_an_unproven_address_gets_no_notices(cast: Cast, mailbox: Mailbox) -> None:
    set_user(cast, "guest", email_confirmed_at=None)
    put_question(cast, "member")
    assert mailbox.collect() == []


def test_a_lively_thread_is_one_mail_until_he_looks(cast: Cast, mailbox: Mailbox) -> None:
    topic = post(cast, "guest")
    for persona in ("member", "other", "admin"):
        say(cast, persona, topic)
        mailbox.collect()
    assert len(mailbox.to("guest")) == 1
    guest = Visitor(cast.app)
    guest.sign_in("guest@example.test")
    guest.post("/notices/read")
    say(cast, "member", topic)
    assert len(mailbox.to("guest")) == 2


def test_another_topic_is_another_mail(cast: Cast, mailbox: Mailbox) -> None:
    for _ in range(2):
        say(cast, "member", post(cast, "guest"))
    assert len(mailbox.to("guest")) == 2


# --- the way out ----------------------------------------------------------------------------------


def wants_mails(cast: Cast) -> bool | None:
    db.session.rollback()
    return db.session.scalar(sa.select(User.mail_notices).where(User.id == cast.users["guest"]))


def test_the_way_out_stands_in_the_mail(cast: Cast, mailbox: Mailbox) -> None:
    put_question(cast, "member")
    mail = mailbox.one_to("guest")
    link = mail["List-Unsubscribe"].strip(" <>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in text_of(mail) and link in html_of(mail)
    path = link.removeprefix("http://planet.test")
    reader = Visitor(cast.app)
    assert reader.get(path).status_code == 200
    assert wants_mails(cast) is True
    assert reader.post(path).status_code == 200
    assert wants_mails(cast) is False


def test_a_mail_program_switches_off_on_its_own(cast: Cast) -> None:
    cast.app.config["WTF_CSRF_ENABLED"] = True
    path = f"/notices/mail-off/{no_mail_token(cast.public_ids['guest'])}"
    program = cast.app.test_client()
    answer = program.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert wants_mails(cast) is False


def test_nobody_switches_anothers_mails_off(app: Flask, cast: Cast) -> None:
    token = no_mail_token(cast.public_ids["guest"])
    forged = token[:-2] + ("BB" if token.endswith("A") else "AA")
    other = f"{cast.public_ids['guest']}.{no_mail_token('x').partition('.')[2]}"
    person = Visitor(app)
    for token in (forged, other, cast.public_ids["guest"], "x"):
        assert person.get(f"/notices/mail-off/{token}").status_code == 404
        assert person.post(f"/notices/mail-off/{token}").status_code == 404
    assert wants_mails(cast) is True
