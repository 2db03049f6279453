"""Closing an account: the person is gone, what he wrote stays under his name."""

from __future__ import annotations

from app.accounts.actions.links import Purpose, end_links
from app.accounts.actions.sessions import Proof, end_all_sessions, proven_person
from app.accounts.models import User
from app.kernel import audit, clock
from app.kernel.db import db
from app.media.actions import release_picture
from app.policy import Action, Actor, require


def close_account(actor: Actor, *, proof: Proof) -> None:
    """Close the actor's account for good: no sign-in, no mails, no bio and no picture any more, and
    his address is free again. His memberships are ended before, in the same unit of work."""
    require(actor, Action.ACCOUNT_USE)
    person = proven_person(actor, proof)
    _clear(person)
    end_all_sessions(person.id)
    end_links(person.id, *Purpose)
    audit.record("account.close", actor_id=person.id, planet_id=None, subject=("user", person.id))
    db.session.flush()


def _clear(person: User) -> None:
    release_picture(person.avatar)
    person.deactivated_at = clock.now()
    # No letter goes there: the domain is reserved for names that must never exist.
    person.email = f"{person.public_id.lower()}-{person.id}@closed.invalid"
    person.email_confirmed_at = None
    person.password_hash = ""
    person.bio = person.avatar = ""
    person.mail_notices = False
    person.site_admin = False
