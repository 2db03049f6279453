"""What an installation's keeper does at the command line, by address and without an actor."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.accounts.actions.links import write_reset
from app.accounts.actions.sessions import end_all_sessions
from app.accounts.models import User
from app.kernel import audit
from app.kernel.db import db
from app.kernel.errors import NotFound


def appoint_admin(email: str) -> None:
    """Make somebody an administrator of the site. NotFound for an address without an account."""
    _change_admin(email, admin=True)


def dismiss_admin(email: str) -> None:
    """Take an administrator's rights back. NotFound for an address without an account."""
    _change_admin(email, admin=False)


def _change_admin(email: str, *, admin: bool) -> None:
    person = _get(email)
    person.site_admin = admin
    _note("site.appoint" if admin else "site.dismiss", person)


def sign_out_everywhere(email: str) -> int:
    """End all sessions of somebody; returns how many. NotFound as above."""
    person = _get(email)
    ended = end_all_sessions(person.id)
    _note("account.sign_out_all", person, count=ended)
    return ended


def make_reset_secret(email: str) -> str:
    """Return the secret of a fresh link for a new password, to be handed over by other means than
    mail. NotFound as above."""
    person = _get(email)
    _note("account.reset_link", person)
    return write_reset(person)


def note_added(user_id: int, *, admin: bool) -> None:
    """Write down that the keeper added a person, and whether as an administrator of the site."""
    _note("account.add", db.session.get_one(User, user_id), admin=admin)


def _note(action: str, person: User, **data: Any) -> None:
    audit.record(action, actor_id=None, planet_id=None, subject=("user", person.id), **data)


def _get(email: str) -> User:
    statement = select(User).where(User.email == email, User.deactivated_at.is_(None))
    person = db.session.scalars(statement).one_or_none()
    if person is None:
        raise NotFound("account")
    return person
