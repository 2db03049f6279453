"""What an installation's keeper does at the command line, by address and without an actor."""

from __future__ import annotations

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
    action = "site.appoint" if admin else "site.dismiss"
    audit.record(action, actor_id=None, planet_id=None, subject=("user", person.id))


def sign_out_everywhere(email: str) -> int:
    """End all sessions of somebody; returns how many. NotFound as above."""
    return end_all_sessions(_get(email).id)


def make_reset_secret(email: str) -> str:
    """Return the secret of a fresh link for a new password, to be handed over by other means than
    mail. NotFound as above."""
    person = _get(email)
    audit.record("account.reset_link", actor_id=None, planet_id=None, subject=("user", person.id))
    return write_reset(person)


def _get(email: str) -> User:
    statement = select(User).where(User.email == email, User.deactivated_at.is_(None))
    person = db.session.scalars(statement).one_or_none()
    if person is None:
        raise NotFound("account")
    return person
