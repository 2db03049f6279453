"""Signing up: a wish for every address alike, an account once the mailbox is proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import limits
from app.accounts.events import SignUpWanted
from app.accounts.models import SignUp, User
from app.accounts.names import name_key
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, NotFound
from app.kernel.ids import hash_secret, new_public_id, new_secret
from app.outbox.events import put

SIGN_UP_LIFE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who wants an account: checked and normalised, the password hashed already."""

    name: str
    email: str
    password_hash: str
    language: str = ""
    timezone: str = ""


def sign_up(newcomer: Newcomer) -> str:
    """Write the wish down and ask for the letter; returns its public id.

    Does the same for an address that has an account: the letter's handler decides. An address that
    was written to often enough gets no further letter, and the answer is the same again.
    """
    moment = clock.now()
    row = SignUp(
        public_id=new_public_id(),
        token_hash=hash_secret(new_secret()),
        email=newcomer.email,
        name=newcomer.name,
        password_hash=newcomer.password_hash,
        language=newcomer.language,
        timezone=newcomer.timezone,
        created_at=moment,
        expires_at=moment + SIGN_UP_LIFE,
    )
    db.session.add(row)
    db.session.flush()
    _ask_for_letter(row.id, row.email)
    return row.public_id


def repeat_sign_up_letter(public_id: str) -> None:
    """Ask for the letter once more; nothing happens when the wish is gone or fulfilled."""
    statement = select(SignUp).where(SignUp.public_id == public_id, SignUp.used_at.is_(None))
    row = db.session.scalars(statement).one_or_none()
    if row is not None and row.expires_at > clock.now():
        _ask_for_letter(row.id, row.email)


def _ask_for_letter(sign_up_id: int, email: str) -> None:
    if limits.allow_letter(email):
        put(SignUpWanted(sign_up_id=sign_up_id, letter=new_public_id()))


def issue_sign_up_secret(sign_up_id: int) -> str | None:
    """Make the secret of the link, for the letter alone; an older link of this wish ends.

    None when the wish is gone or fulfilled.
    """
    secret = new_secret()
    issued = db.session.execute(
        update(SignUp)
        .where(SignUp.id == sign_up_id, SignUp.used_at.is_(None))
        .values(token_hash=hash_secret(secret))
        .returning(SignUp.id)
    ).first()
    return secret if issued else None


def open_account(secret: str) -> int:
    """Make the person whose mailbox this link proves; returns the user's row id.

    NotFound when the link is used, expired or unknown; Conflict when the address has an account by
    now. The caller has made sure that it is the person who signed up (his browser or password).
    """
    moment = clock.now()
    wish = db.session.execute(
        update(SignUp)
        .where(
            SignUp.token_hash == hash_secret(secret),
            SignUp.used_at.is_(None),
            SignUp.expires_at > moment,
        )
        .values(used_at=moment)
        .returning(
            SignUp.email, SignUp.name, SignUp.password_hash, SignUp.language, SignUp.timezone
        )
    ).one_or_none()
    if wish is None:
        raise NotFound("sign-up link")
    return add_person(Newcomer(**wish._asdict()))


def add_person(newcomer: Newcomer, *, site_admin: bool = False) -> int:
    """Write a person whose address is proven; returns the row id. Conflict when it has an account."""
    moment = clock.now()
    person = User(
        email=newcomer.email,
        email_confirmed_at=moment,
        name=newcomer.name,
        name_key=name_key(newcomer.name),
        password_hash=newcomer.password_hash,
        language=newcomer.language,
        timezone=newcomer.timezone,
        site_admin=site_admin,
        created_at=moment,
    )
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        raise Conflict("address") from None
    return person.id
