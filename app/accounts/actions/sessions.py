"""Signing in and out: sessions are rows, so that each can be seen and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.sql import ColumnElement

from app.accounts import limits
from app.accounts.limits import Origin
from app.accounts.models import AccountToken, SignUp, User, UserSession
from app.accounts.places import truncated_address
from app.kernel import audit, clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound
from app.kernel.ids import hash_secret, new_secret
from app.policy import Action, Actor, require

# A browser that comes back within this time stays signed in; the cookie lives as long.
SESSION_LIFE = timedelta(days=60)
# `last_seen_at` is written at most this often: reading a page must not cost a write.
SEEN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Proof:
    """That somebody gave the right password: whose, against which stored hash, and the hash to store
    instead when the old one is outdated ("" otherwise)."""

    user_id: int
    email: str
    password_hash: str
    new_hash: str = ""


def proven_person(actor: Actor, proof: Proof) -> User:
    """Return the actor's row; NotFound when the proof is another's or the password changed since."""
    person = db.session.get_one(User, actor.user_id)
    if proof.user_id != person.id or proof.password_hash != person.password_hash:
        raise NotFound("credentials")
    return person


def sign_in(proof: Proof, *, origin: Origin) -> str:
    """Start a session for a proven person; returns the secret for the cookie.

    NotFound when the password was changed or the account closed since it was proven.
    """
    # Locked until the session is there: a password changed at this moment ends every session there is.
    held = db.session.execute(
        select(User.id)
        .where(
            User.id == proof.user_id,
            User.password_hash == proof.password_hash,
            User.deactivated_at.is_(None),
        )
        .with_for_update(key_share=True)
    ).first()
    if held is None:
        raise NotFound("credentials")
    if proof.new_hash:
        db.session.execute(
            update(User).where(User.id == proof.user_id).values(password_hash=proof.new_hash)
        )
    limits.forgive_sign_in(proof.email, origin)
    return start_session(proof.user_id, origin=origin)


def start_session(user_id: int, *, origin: Origin) -> str:
    """Write a session row; returns its secret, which is stored nowhere."""
    secret, moment = new_secret(), clock.now()
    db.session.add(
        UserSession(
            token_hash=hash_secret(secret),
            user_id=user_id,
            created_at=moment,
            last_seen_at=moment,
            expires_at=moment + SESSION_LIFE,
            user_agent=origin.user_agent[:300],
            address=truncated_address(origin.address),
        )
    )
    db.session.flush()
    return secret


def refresh_session(session_id: int) -> None:
    """Write down that the browser is still in use, and let the session live on."""
    moment = clock.now()
    db.session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.last_seen_at <= moment - SEEN_EVERY)
        .values(last_seen_at=moment, expires_at=moment + SESSION_LIFE)
    )


def sign_out(actor: Actor, *, session_id: int) -> None:
    """End the session of this browser."""
    require(actor, Action.ACCOUNT_USE)
    _revoke(UserSession.user_id == actor.user_id, UserSession.id == session_id)


def revoke_session(actor: Actor, *, public_id: str) -> None:
    """End one of the actor's sessions; NotFound when it is not his or has ended."""
    require(actor, Action.ACCOUNT_USE)
    mine = (UserSession.user_id == actor.user_id, UserSession.public_id == public_id)
    if _revoke(*mine) == 0:
        raise NotFound("session")


def revoke_other_sessions(actor: Actor, *, session_id: int) -> int:
    """End all of the actor's sessions but the one named; returns how many ended."""
    require(actor, Action.ACCOUNT_USE)
    ended = _revoke(UserSession.user_id == actor.user_id, UserSession.id != session_id)
    audit.record(
        "account.sign_out_others",
        actor_id=actor.user_id,
        planet_id=None,
        subject=("user", actor.user_id),
        count=ended,
    )
    return ended


def end_all_sessions(user_id: int, *, keep: int | None = None) -> int:
    """End a person's sessions, all or all but one (a row id); returns how many ended."""
    conditions = [UserSession.user_id == user_id]
    if keep is not None:
        conditions.append(UserSession.id != keep)
    return _revoke(*conditions)


def _revoke(*conditions: ColumnElement[bool]) -> int:
    ended = db.session.execute(
        update(UserSession)
        .where(UserSession.revoked_at.is_(None), *conditions)
        .values(revoked_at=clock.now())
        .returning(UserSession.id)
    )
    return len(ended.all())


def purge_stale() -> int:
    """Delete what ended long ago: sessions after a month, links and sign-ups after a week. A timed
    job; returns how many rows."""
    moment = clock.now()
    week, month = moment - timedelta(days=7), moment - timedelta(days=30)
    with unit_of_work() as session:
        gone = [
            session.execute(delete(row).where(condition).returning(row.id))
            for row, condition in (
                (SignUp, SignUp.expires_at < week),
                (AccountToken, AccountToken.expires_at < week),
                (UserSession, UserSession.expires_at < month),
                (UserSession, UserSession.revoked_at < month),
            )
        ]
        return sum(len(rows.all()) for rows in gone)


def refresh_is_due(last_seen_at: datetime) -> bool:
    """Tell whether `refresh_session` would write for a session last seen at this moment."""
    return clock.now() - last_seen_at >= SEEN_EVERY
