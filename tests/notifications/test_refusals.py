"""Mails that a server refuses: by kind, per receiving domain, and told to who can mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.header import decode_header
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import SignUp
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications import mailer, pace
from app.notifications.grounds import Basis, Ground
from app.notifications.letters import Letter
from app.notifications.mailer import Outgoing
from app.notifications.models import Mail, MailPace
from app.notifications.post import post
from app.notifications.refusals import MailRefused, Meaning, read_refusal
from app.outbox.delivery import deliver_due
from app.outbox.models import OutboxDelivery
from tests.cast import Cast
from tests.discussion import threads
from tests.notifications.smtp_server import SmtpServer
from tests.notifications.telling import kinds

LETTER = Letter(subject="短", lines=("你好",))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (550, "5.1.1 <a@b.cn>: Recipient address rejected: User unknown in virtual mailbox table"),
        (550, "No such user here"),
        (550, "Mailbox not found. http://service.mail.qq.com/cgi-bin/help?id=20022"),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; not found"),
        (553, "5.1.3 The recipient address is not a valid RFC 5321 address"),
        (550, "Invalid User: busy.blocked@example.cn"),
        (550, "5.2.1 The email account that you tried to reach is disabled"),
        (550, "<x@y.cn> 用户不存在"),
    ],
)
def test_no_such_mailbox(code: int, words: str) -> None:
    assert read_refusal(code, words) is Meaning.NO_MAILBOX


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (550, "Domain frequency limited. http://service.mail.qq.com/cgi-bin/help?id=20022"),
        (550, "Ip frequency limited"),
        (550, "Connection frequency limited"),
        (550, "5.1.1 Too many invalid recipients"),
        (550, "5.7.1 Message rejected due to the reputation of 203.0.113.4, user unknown to us"),
        (554, "DT:SPM 163 smtp9,xxx Please see http://mail.163.com/help/help_spam_16.htm"),
        (421, "4.7.0 Try again later"),
        (450, "4.2.0 Greylisted"),
        (452, "4.2.2 The email account is over quota: no such user space"),
        (552, "5.2.2 Mailbox full"),
        (550, "发信频率过高，请稍后再试"),
        (550, "5.1.8 Bad sender's system address"),
        (550, "Requested action not taken"),
        (554, "Transaction failed"),
    ],
)
def test_what_is_tried_again(code: int, words: str) -> None:
    assert read_refusal(code, words) is Meaning.SLOWER


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, MailRefused | None]]:
    """Let the server refuse by address; what it took stands under "taken"."""
    answers: dict[str, MailRefused | None] = {}

    def hand_over(mail: Outgoing) -> None:
        refused = answers.get(mail.to)
        if refused is not None:
            raise refused

    monkeypatch.setattr(mailer, "hand_over", hand_over)
    yield answers


def _write(address: str, key: str) -> None:
    """Write a letter to somebody whose sign-up waits."""
    with unit_of_work() as session:
        wish = SignUp(
            token_hash=key,
            email=address,
            name="许楠",
            password_hash="x",
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(days=3),
        )
        session.add(wish)
        session.flush()
        ground = Ground(Basis.SIGN_UP, wish.id, key)
        post(LETTER, to=address, language="zh_Hans", dedupe_key=key, ground=ground)


def _mail(key: str) -> Mail:
    db.session.rollback()
    return db.session.scalars(sa.select(Mail).where(Mail.dedupe_key == key)).one()


def _states() -> list[str]:
    db.session.rollback()
    handled = OutboxDelivery.handler == "mail.send"
    rows = db.session.scalars(sa.select(OutboxDelivery.state).where(handled))
    return sorted(rows)


def test_a_refused_address_ends_the_letter_and_is_marked(
    app: Flask, refusing: dict[str, MailRefused | None]
) -> None:
    refusing["nobody@example.test"] = MailRefused(550, "5.1.1 no such user")
    _write("nobody@example.test", "one")
    deliver_due()
    mail = _mail("one")
    assert mail.dropped_at and mail.letter == {} and "no such user" in mail.refusal
    assert _states() == ["done"]
    assert "nobody@example.test" in pace.find_refused(["nobody@example.test"])
    assert pace.list_slow() == []
    # A letter that somebody asks for is tried; once it is taken, the address is good again.
    refusing.clear()
    _write("nobody@example.test", "two")
    deliver_due()
    assert _mail("two").sent_at
    assert pace.find_refused(["nobody@example.test"]) == {}


def test_notices_spare_a_refused_address_and_its_owner_is_told(
    cast: Cast, refusing: dict[str, MailRefused | None]
) -> None:
    refusing["guest@example.test"] = MailRefused(550, "No such user")
    topic = threads.post(cast, "guest")
    threads.say(cast, "member", topic)
    kinds(cast, "guest")
    deliver_due()
    other = threads.post(cast, "guest")
    refusing.clear()
    threads.say(cast, "member", other)
    kinds(cast, "guest")
    db.session.rollback()
    mails = db.session.scalars(sa.select(Mail).where(Mail.to_address == "guest@example.test"))
    assert [bool(mail.sent_at) for mail in mails] == [False, False]
    guest = cast.client("guest")
    for page in ("/notices", "/account/security"):
        shown = guest.get(page, headers={"Accept-Language": "en"}).text
        assert "mailbox" in shown, page
    assert "no such mailbox" not in cast.client("member").get("/account/security").text


def test_staff_see_that_an_invitation_came_back(
    cast: Cast, refusing: dict[str, MailRefused | None]
) -> None:
    refusing["typo@example.test"] = MailRefused(550, "User unknown")
    owner = cast.client("owner")
    form = {"email": "typo@example.test", "role": "guest"}
    assert owner.post("/p/orbit/invitations", data=form).status_code == 303
    deliver_due()
    page = owner.get("/p/orbit/invitations", headers={"Accept-Language": "en"}).text
    assert "no such mailbox" in page


def test_frequency_slows_one_domain_and_no_other(
    app: Flask, refusing: dict[str, MailRefused | None], noon: object
) -> None:
    refusing["a@qq.test"] = MailRefused(550, "Domain frequency limited")
    for number, address in enumerate(("a@qq.test", "b@qq.test", "c@qq.test", "d@fine.test")):
        _write(address, f"n{number}")
    deliver_due()
    assert [bool(_mail(f"n{n}").sent_at) for n in range(4)] == [False, False, False, True]
    assert _states() == ["done", "pending", "pending", "pending"]
    refusing.clear()
    moment, sent = clock.now(), []
    for minute in range(1, 12):
        with clock.fixed(moment + timedelta(minutes=minute)):
            deliver_due()
            sent.append(sum(bool(_mail(f"n{n}").sent_at) for n in range(3)))
    assert sent[0] == 1, "one at a time"
    assert sent[-1] == 3
    assert pace.list_slow() == []


def test_each_refusal_doubles_the_wait(app: Flask, noon: object) -> None:
    waits = []
    for _number in range(9):
        pace.slow_down("a@qq.test", "frequency limited")
        row = db.session.get_one(MailPace, "qq.test")
        waits.append(row.seconds)
        db.session.rollback()
    assert waits[:3] == [60, 120, 240] and waits[-1] == 3600


def test_what_the_server_says_to_the_recipient_reaches_the_letter(app: Flask) -> None:
    server = SmtpServer(refuse="550 5.1.1 no such user")
    mailer.install(
        app, mailer.MailServer("smtp", Path("/nowhere"), "p@example.test", "localhost", server.port)
    )
    with pytest.raises(MailRefused) as caught:
        mailer.hand_over(Outgoing("x@example.test", "短", "文", "<p>文</p>", "k"))
    server.close()
    mailer.install(
        app, mailer.MailServer("file", Path(app.config["MAIL_FILE_PATH"]), "p@example.test")
    )
    assert caught.value.meaning is Meaning.NO_MAILBOX


@pytest.fixture
def raw_subject(app: Flask, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    old = app.config["MAIL_FILE_PATH"]
    mailer.install(app, mailer.MailServer("file", tmp_path, "p@example.test"))

    def raw(subject: str) -> str:
        mailer.hand_over(Outgoing("x@example.test", subject, "文", "<p>文</p>", subject))
        text = max(tmp_path.glob("*.eml")).read_bytes().decode()
        head = text[text.index("Subject:") :].split("\n")
        end = next(i for i, line in enumerate(head[1:], 1) if not line.startswith(" "))
        return "\n".join(head[:end])

    yield raw
    mailer.install(app, mailer.MailServer("file", Path(old), "p@example.test"))


@pytest.mark.parametrize(
    "subject",
    [
        "短",
        "星球馆里有人回答了你的问题" * 8,
        "Planet " * 30,
        "A" * 40 + "星球" * 40,
        "星" + "👩‍👩‍👧" * 20,
    ],
)
def test_a_subject_begins_on_its_first_line(
    raw_subject: Callable[[str], str], subject: str
) -> None:
    raw = raw_subject(subject)
    lines = raw.split("\n")
    assert raw.isascii()
    assert lines[0].removeprefix("Subject:").strip()
    assert all(len(line) <= 78 for line in lines)
    words = decode_header(raw.removeprefix("Subject:").replace("\n", "").strip())
    said = "".join(w if isinstance(w, str) else w.decode(c or "ascii") for w, c in words)
    assert said.strip() == subject.strip()


def test_a_refused_address_is_not_kept_with_the_failure(
    app: Flask, refusing: dict[str, MailRefused | None]
) -> None:
    words = "5.7.1 lin@example.test: rejected by policy"
    refusing["lin@example.test"] = MailRefused(550, words)
    _write("lin@example.test", "one")
    deliver_due()
    db.session.rollback()
    (told,) = db.session.scalars(
        sa.select(OutboxDelivery.last_error).where(OutboxDelivery.handler == "mail.send")
    )
    (slow,) = db.session.scalars(sa.select(MailPace.words))
    for kept in (told, slow):
        assert "5.7.1 (address): rejected by policy" in kept


def test_what_stands_for_an_address_is_not_read_as_the_servers_words() -> None:
    refused = MailRefused(550, "lin@example.test: relay not found")
    assert refused.words == "(address): relay not found"
    assert refused.meaning is Meaning.SLOWER
