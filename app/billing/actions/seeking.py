"""Seeking a member by e-mail address: for who leads the planet, whole addresses only, in the trail.

Whoever pays writes from an address that need not be the name in the planet. A part of an address finds
nobody, and tries are counted, so that nobody reads addresses out of a planet.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.accounts.addresses import normalise_email
from app.accounts.models import User
from app.kernel import limits
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.models import Membership
from app.memberships.rows import person_of, planet_of
from app.policy import Action, Actor
from app.policy.gate import require

PER_HOUR = 60


def seek_by_address(actor: Actor, typed: str) -> int:
    """Return the user id of the planet's member with an address, 0 for nobody.

    In a unit of work of its own. Refused by the policy; LimitReached beyond 60 tries an hour.
    """
    require(actor, Action.INCOME_READ)
    limits.hit(f"seek:{person_of(actor)}", limit=PER_HOUR, window=timedelta(hours=1))
    found = db.session.execute(
        select(Membership.id, Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.planet_id == planet_of(actor), User.email == _address(typed))
    ).one_or_none()
    record(
        "member.seek_address",
        actor_id=actor.user_id,
        planet_id=planet_of(actor),
        subject=("membership", found.id if found else None),
    )
    return found.user_id if found else 0


def _address(typed: str) -> str:
    try:
        return normalise_email(typed)
    except Invalid:
        return ""
