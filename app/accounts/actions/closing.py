"""Closing an account: the person is gone, what he wrote stays under his name."""

from __future__ import annotations

from sqlalchemy import delete, or_, update

from app.accounts.actions.links import Purpose, end_links
from app.accounts.actions.sessions import Proof, end_all_sessions, proven_person
from app.accounts.models import AccountToken, SignUp, User, UserSession
from app.kernel import audit, clock
from app.kernel.db import db
from app.media.actions import withdraw_picture
from app.policy import Action, Actor, require


def close_account(actor: Actor, *, proof: Proof) -> None:
    """Close the actor's account for good: no sign-in, no mails, no bio and no picture any more, and
    the address is free again. Memberships are ended before, in the same unit of work (`farewell`)."""
    require(actor, Action.ACCOUNT_USE)
    _close(proven_person(actor, proof))


def close_again(actor: Actor) -> None:
    """Close an account that was closed before and came back with a restored database."""
    require(actor, Action.ACCOUNT_USE)
    _close(db.session.get_one(User, actor.user_id))


def _close(person: User) -> None:
    former = person.email
    _clear(person)
    _forget_ways(person, former)
    end_all_sessions(person.id)
    end_links(person.id, *Purpose)
    audit.record("account.close", actor_id=person.id, planet_id=None, subject=("user", person.id))
    db.session.flush()


def _forget_ways(person: User, former: str) -> None:
    """Forget the address where it was typed, and which browsers and networks the person came from."""
    db.session.execute(delete(SignUp).where(SignUp.email == former))
    db.session.execute(
        delete(AccountToken).where(
            or_(AccountToken.user_id == person.id, AccountToken.email == former)
        )
    )
    mine = update(UserSession).where(UserSession.user_id == person.id)
    db.session.execute(mine.values(user_agent="", address=""))


def _clear(person: User) -> None:
    withdraw_picture(person.avatar)
    person.deactivated_at = clock.now()
    # No letter goes there: the domain is reserved for names that must never exist.
    person.email = f"{person.public_id.lower()}-{person.id}@closed.invalid"
    person.email_confirmed_at = None
    person.password_hash = ""
    person.bio = person.avatar = person.language = person.timezone = ""
    person.mail_notices = False
    person.site_admin = False
