"""Proving that somebody knows his password."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from app.accounts.actions.sessions import Proof
from app.accounts.models import User
from app.accounts.passwords import hash_password, is_outdated, verify_password
from app.kernel.db import db


def prove_by_email(email: str, password: str) -> Proof | None:
    """Return the proof that this password is that of the address's account; None for any other case.

    Takes as long for an unknown address as for a wrong password. Outside a unit of work.
    """
    return _prove(User.email == email, password)


def prove_by_id(user_id: int, password: str) -> Proof | None:
    """Return the proof that a signed-in person knows his password; None when he does not."""
    return _prove(User.id == user_id, password)


def _prove(whose: ColumnElement[bool], password: str) -> Proof | None:
    statement = select(User.id, User.email, User.password_hash)
    row = db.session.execute(statement.where(whose, User.deactivated_at.is_(None))).one_or_none()
    # The reading transaction ends here: hashing is slow and needs none.
    db.session.rollback()
    if not verify_password(row.password_hash if row else None, password) or row is None:
        return None
    outdated = is_outdated(row.password_hash)
    new_hash = hash_password(password) if outdated else ""
    return Proof(row.id, row.email, row.password_hash, new_hash)
