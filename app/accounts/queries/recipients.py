"""Whom letters go to, and what they are about."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from app.accounts.actions.links import Purpose
from app.accounts.models import AccountToken, SignUp, User
from app.kernel import clock
from app.kernel.db import db
from app.kernel.reading import Ready, Row


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to write to. `language` and `timezone` "" are the installation's."""

    user_id: int
    public_id: str
    email: str
    name: str
    language: str
    confirmed: bool
    mail_notices: bool
    timezone: str

    @property
    def wants_notices(self) -> bool:
        """Whether notices go to their mailbox too: they wish so, and it is proven to be theirs."""
        return self.mail_notices and self.confirmed


_RECIPIENT = select(
    User.id,
    User.public_id,
    User.email,
    User.name,
    User.language,
    User.email_confirmed_at,
    User.mail_notices,
    User.timezone,
).where(User.deactivated_at.is_(None))
# Ready: asked for each notice that is made and each letter that is sent.
_BY_ID = Ready(_RECIPIENT.where(User.id == bindparam("user_id")))
_BY_EMAIL = Ready(_RECIPIENT.where(User.email == bindparam("email")))


def find_recipient(user_id: int) -> Recipient | None:
    """Return whom to write to; None when the account is closed or unknown."""
    return _recipient(_BY_ID.first(user_id=user_id))


def find_recipient_by_email(email: str) -> Recipient | None:
    """Return the holder of an address; None when it has no open account."""
    return _recipient(_BY_EMAIL.first(email=email))


def _recipient(row: Row | None) -> Recipient | None:
    if row is None:
        return None
    user_id, public_id, email, name, language, confirmed_at, mail_notices, timezone = row
    confirmed = confirmed_at is not None
    return Recipient(user_id, public_id, email, name, language, confirmed, mail_notices, timezone)


@dataclass(frozen=True, slots=True)
class Wish:
    """A sign-up or a link's row as the letter's handler reads it."""

    email: str
    former_email: str
    name: str
    language: str
    user_id: int | None


def find_sign_up_wish(sign_up_id: int) -> Wish | None:
    """Return a sign-up that is neither fulfilled nor too old; None otherwise."""
    statement = select(SignUp.email, SignUp.name, SignUp.language).where(
        SignUp.id == sign_up_id, SignUp.used_at.is_(None), SignUp.expires_at > clock.now()
    )
    row = db.session.execute(statement).one_or_none()
    return Wish(row.email, "", row.name, row.language, None) if row else None


def find_address_wish(token_id: int) -> Wish | None:
    """Return a link's addresses and whose it is, used or not; None when the row or person is gone."""
    columns = (AccountToken.email, AccountToken.former_email, User.name, User.language, User.id)
    statement = (
        select(*columns)
        .join(User, User.id == AccountToken.user_id)
        .where(AccountToken.id == token_id, User.deactivated_at.is_(None))
    )
    row = db.session.execute(statement).one_or_none()
    return Wish(*row) if row else None


def sign_up_holds(sign_up_id: int, token_hash: str) -> bool:
    """Whether a sign-up still waits; with a hash also whether that link of it is the newest."""
    statement = select(SignUp.token_hash).where(
        SignUp.id == sign_up_id, SignUp.used_at.is_(None), SignUp.expires_at > clock.now()
    )
    return _matches(db.session.scalar(statement), token_hash)


def address_link_holds(token_id: int, token_hash: str) -> bool:
    """Whether a link about a person's address or password still works for them as they are now; with a
    hash also whether it is the newest link of this wish."""
    row = db.session.execute(
        select(AccountToken, User.email, User.email_confirmed_at)
        .join(User, User.id == AccountToken.user_id)
        .where(
            AccountToken.id == token_id,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > clock.now(),
            User.deactivated_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return False
    token, email, confirmed_at = row
    if token.purpose == Purpose.CONFIRM and confirmed_at is not None:
        return False
    own = token.former_email if token.purpose == Purpose.CHANGE_EMAIL else token.email
    return own == email and _matches(token.token_hash, token_hash)


def _matches(found: str | None, wanted: str) -> bool:
    return found is not None and wanted in ("", found)
