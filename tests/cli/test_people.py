"""`flask people` and `flask mail`, as the keeper types them."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.accounts.models import User
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from tests.accounts.browser import Visitor
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox


def flask(app: Flask, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run a command; returns its status and what it said."""
    result = app.test_cli_runner().invoke(args=list(arguments), input=typed)
    db.session.rollback()
    return result.exit_code, result.output


def test_a_person_is_added_and_signs_in(app: Flask) -> None:
    typed = "a long enough passphrase\n" * 2
    status, told = flask(
        app, "people", "add", "Lin@Example.test", "--name", "林悦", "--admin", typed=typed
    )
    assert status == 0 and "administers the site" in told
    assert "passphrase" not in told
    assert db.session.scalars(sa.select(User.site_admin)).one() is True
    assert Visitor(app).sign_in("lin@example.test", "a long enough passphrase").status_code == 303


def test_what_is_wrong_is_said(cast: Cast) -> None:
    add = ("people", "add", "--name", "林悦", "--password")
    assert "email: bad address" in flask(cast.app, *add, "a long passphrase", "nowhere")[1]
    assert "password: too common" in flask(cast.app, *add, "1234567890", "x@example.test")[1]
    assert "password: too short, min 10" in flask(cast.app, *add, "short", "x@example.test")[1]
    status, told = flask(cast.app, *add, "a long passphrase", "member@example.test")
    assert status == 1 and "has an account already" in told
    assert "no open account" in flask(cast.app, "people", "appoint", "nobody@example.test")[1]


def test_administrators_come_and_go_and_it_is_written_down(cast: Cast) -> None:
    assert flask(cast.app, "people", "appoint", "member@example.test")[0] == 0
    assert db.session.get_one(User, cast.users["member"]).site_admin
    assert flask(cast.app, "people", "dismiss", "member@example.test")[0] == 0
    assert not db.session.get_one(User, cast.users["member"]).site_admin
    actions = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["site.appoint", "site.dismiss"]


def test_a_reset_link_without_mail(cast: Cast) -> None:
    status, told = flask(cast.app, "people", "reset-link", "member@example.test")
    path = told.strip().removeprefix("http://planet.test")
    person = Visitor(cast.app)
    assert status == 0 and person.get(path).status_code == 200
    assert person.post(path, password="an even longer passphrase").status_code == 303


def test_sign_out_everywhere(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.sign_in("member@example.test")
    assert "1 sessions" in flask(cast.app, "people", "sign-out", "member@example.test")[1]
    assert not person.signed_in


def test_mails_in_files_are_read(cast: Cast) -> None:
    mailbox = Mailbox(cast.app)
    assert "No mails" in flask(cast.app, "mail", "list")[1]
    assert flask(cast.app, "mail", "show")[0] == 1
    Visitor(cast.app).post("/reset", email="member@example.test")
    mailbox.collect()
    name = flask(cast.app, "mail", "list")[1].partition("\t")[0]
    for arguments in (("show",), ("show", name)):
        assert "http://planet.test/reset/" in flask(cast.app, "mail", *arguments)[1]
    assert flask(cast.app, "mail", "show", "../secret")[0] == 1
