"""Links that prove a mailbox: a new password, a new address. Single use, expiring.

A wish is written without its secret; the letter's handler issues that, so only the mail holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import limits
from app.accounts.actions.sessions import Proof, end_all_sessions, proven_person
from app.accounts.events import (
    AddressChanged,
    AddressChangeWanted,
    ConfirmationWanted,
    PasswordChanged,
    ResetWanted,
)
from app.accounts.models import AccountToken, User
from app.kernel import audit, clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.ids import hash_secret, new_public_id, new_secret
from app.outbox.events import put
from app.policy import Action, Actor, require


class Purpose(StrEnum):
    """What a link is for."""

    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE_EMAIL = "change_email"


LIFE = {
    Purpose.CONFIRM: timedelta(days=3),
    Purpose.RESET: timedelta(hours=1),
    Purpose.CHANGE_EMAIL: timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Issued:
    """A link's secret, for the letter alone, and to whom it goes."""

    secret: str
    user_id: int
    email: str


def want_reset(email: str) -> None:
    """Ask for a new password for an address, known or not; an often asked one gets no letter."""
    if limits.allow_letter(email):
        put(ResetWanted(token_id=_write(Purpose.RESET, email=email)))


def want_confirmation(actor: Actor) -> None:
    """Ask for the link that proves the actor's own address."""
    require(actor, Action.ACCOUNT_USE)
    person = db.session.get_one(User, actor.user_id)
    if person.email_confirmed_at is None and limits.allow_letter(person.email):
        token_id = _write(Purpose.CONFIRM, email=person.email, user_id=person.id)
        put(ConfirmationWanted(token_id=token_id))


def want_address(actor: Actor, *, proof: Proof, email: str) -> None:
    """Ask to change the actor's address to another (normalised), whether or not that is somebody's.

    Invalid("email", "same_address") when it is his own already.
    """
    require(actor, Action.ACCOUNT_USE)
    person = proven_person(actor, proof)
    if person.email == email:
        raise Invalid("email", "same_address")
    if limits.allow_letter(email):
        token_id = _write(
            Purpose.CHANGE_EMAIL, email=email, user_id=person.id, former_email=person.email
        )
        put(AddressChangeWanted(token_id=token_id))


def _write(
    purpose: Purpose, *, email: str, user_id: int | None = None, former_email: str = ""
) -> int:
    moment = clock.now()
    token = AccountToken(
        # Nobody knows this secret; `issue_secret` puts one in its place.
        token_hash=hash_secret(new_secret()),
        user_id=user_id,
        purpose=purpose,
        email=email,
        former_email=former_email,
        created_at=moment,
        expires_at=moment + LIFE[purpose],
    )
    db.session.add(token)
    db.session.flush()
    return token.id


def issue_secret(token_id: int) -> Issued | None:
    """Make the secret of a link, for the letter alone; None when there is nobody to write to.

    That is: the link was used or has expired, or a reset's address has no account.
    """
    token = db.session.get(AccountToken, token_id)
    if token is None or token.used_at is not None or token.expires_at <= clock.now():
        return None
    if token.user_id is None:
        holder = select(User.id).where(User.email == token.email, User.deactivated_at.is_(None))
        token.user_id = db.session.scalar(holder)
    if token.user_id is None:
        return None
    secret = new_secret()
    token.token_hash = hash_secret(secret)
    return Issued(secret, token.user_id, token.email)


def write_reset(person: User) -> str:
    """Write a reset link for a known person and return its secret, when no letter is to bring it."""
    token_id = _write(Purpose.RESET, email=person.email, user_id=person.id)
    secret = new_secret()
    db.session.get_one(AccountToken, token_id).token_hash = hash_secret(secret)
    return secret


def reset_password(secret: str, *, password_hash: str) -> int:
    """Set a new password by a reset link; returns the user's id. All sessions end.

    The link came by mail, so it proves the address too. NotFound when it is not good any more.
    """
    token = _use(secret, Purpose.RESET)
    person = _holder(token)
    if person.email != token.email:
        raise NotFound("reset link")
    person.email_confirmed_at = person.email_confirmed_at or clock.now()
    _set_password(person, password_hash)
    _note("account.password_reset", person)
    end_all_sessions(person.id)
    return person.id


def change_password(actor: Actor, *, proof: Proof, password_hash: str, session_id: int) -> None:
    """Set a new password for the actor, who has proven the old one; every other session ends."""
    require(actor, Action.ACCOUNT_USE)
    person = proven_person(actor, proof)
    _set_password(person, password_hash)
    _note("account.password", person)
    end_all_sessions(person.id, keep=session_id)


def _note(action: str, person: User) -> None:
    """Write an act of a person on their own account into the trail, without any address."""
    audit.record(action, actor_id=person.id, planet_id=None, subject=("user", person.id))


def _set_password(person: User, password_hash: str) -> None:
    person.password_hash = password_hash
    end_links(person.id, Purpose.RESET, Purpose.CHANGE_EMAIL)
    put(PasswordChanged(user_id=person.id, letter=new_public_id()))


def prove_address(secret: str) -> int:
    """Make a link's address the person's own and proven; returns the user's id.

    NotFound when the link is not good any more, Conflict when the address is somebody else's now.
    """
    token = _use(secret, Purpose.CONFIRM, Purpose.CHANGE_EMAIL)
    person = _holder(token)
    changes = token.purpose == Purpose.CHANGE_EMAIL
    if person.email != (token.former_email if changes else token.email):
        raise NotFound("address link")
    try:
        with db.session.begin_nested():
            person.email = token.email
            person.email_confirmed_at = clock.now()
    except IntegrityError:
        raise Conflict("address") from None
    if changes:
        end_links(person.id, *Purpose)
        put(AddressChanged(token_id=token.id))
        _note("account.address", person)
    return person.id


def _use(secret: str, *purposes: Purpose) -> AccountToken:
    """Take the link: of two who follow it at once, one gets it."""
    moment = clock.now()
    taken = db.session.execute(
        update(AccountToken)
        .where(
            AccountToken.token_hash == hash_secret(secret),
            AccountToken.purpose.in_(purposes),
            AccountToken.user_id.is_not(None),
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > moment,
        )
        .values(used_at=moment)
        .returning(AccountToken.id)
    ).scalar()
    if taken is None:
        raise NotFound("link")
    return db.session.get_one(AccountToken, taken, populate_existing=True)


def _holder(token: AccountToken) -> User:
    person = db.session.get_one(User, token.user_id)
    if person.deactivated_at is not None:
        raise NotFound("link")
    return person


def end_links(user_id: int, *purposes: Purpose) -> None:
    """Make a person's waiting links of these purposes worthless."""
    db.session.execute(
        update(AccountToken)
        .where(
            AccountToken.user_id == user_id,
            AccountToken.purpose.in_(purposes),
            AccountToken.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
