"""The demo's logins, whose password everybody knows: taken away before an installation is in earnest."""

from __future__ import annotations

from sqlalchemy import select, update

from app.accounts.actions.sessions import end_all_sessions
from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.accounts.queries import prove_by_email
from app.cli.demo.cast import CAST, PASSWORD, email_of
from app.kernel.db import db, unit_of_work
from app.kernel.ids import new_secret


def list_open_logins() -> list[str]:
    """Return the addresses of the demo's people who can still sign in with the password of the README."""
    known = [email_of(persona) for persona in CAST]
    held = db.session.scalars(select(User.email).where(User.email.in_(known))).all()
    return sorted(email for email in held if prove_by_email(email, PASSWORD) is not None)


def shut(emails: list[str]) -> None:
    """Give each of these people a password that nobody knows, and end their sessions."""
    for email in emails:
        secret = hash_password(new_secret())
        with unit_of_work() as session:
            user_id = session.scalars(select(User.id).where(User.email == email)).one()
            session.execute(update(User).where(User.id == user_id).values(password_hash=secret))
            end_all_sessions(user_id)
