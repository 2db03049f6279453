"""What a link from a letter is for, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.actions.links import Purpose
from app.accounts.models import AccountToken, SignUp, User
from app.kernel import clock
from app.kernel.db import db
from app.kernel.ids import hash_secret


@dataclass(frozen=True, slots=True)
class SignUpView:
    """A sign-up whose link is still good. `password_hash` is there to be verified, never shown."""

    public_id: str
    email: str
    name: str
    password_hash: str


def find_sign_up(secret: str) -> SignUpView | None:
    """Return the sign-up of a link; None when the link is used, expired or unknown."""
    statement = select(SignUp.public_id, SignUp.email, SignUp.name, SignUp.password_hash).where(
        SignUp.token_hash == hash_secret(secret),
        SignUp.used_at.is_(None),
        SignUp.expires_at > clock.now(),
    )
    row = db.session.execute(statement).one_or_none()
    return SignUpView(*row) if row else None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link that is still good: for whom, and the address that it proves."""

    user_id: int
    name: str
    email: str


def find_link(secret: str, *purposes: Purpose) -> LinkView | None:
    """Return what a link is for; None when it is used, expired, unknown or for something else."""
    statement = (
        select(User.id, User.name, AccountToken.email)
        .join(User, User.id == AccountToken.user_id)
        .where(
            AccountToken.token_hash == hash_secret(secret),
            AccountToken.purpose.in_(purposes),
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > clock.now(),
            User.deactivated_at.is_(None),
        )
    )
    row = db.session.execute(statement).one_or_none()
    return LinkView(*row) if row else None
