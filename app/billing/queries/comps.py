"""Reading complimentary access, for staff: what was given, and what waits for an address's owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import User
from app.billing.models import CompOffer
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.memberships.queries.people import SHOWN_NAME
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require

LISTED = 200


@dataclass(frozen=True, slots=True)
class CompView:
    """Complimentary access of a member. `until_at` None never ends."""

    ref: str
    member_id: str
    name: str
    reason: str
    created_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer that nobody took up. The address is what staff typed; it names no account."""

    public_id: str
    email: str
    days: int
    ends_at: datetime | None
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    """A member whom staff chose in a list."""

    public_id: str
    name: str


def list_comps(actor: Actor) -> list[CompView]:
    """Return complimentary access that runs or will run, the newest first."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.execute(
        select(
            Entitlement.source_ref,
            Membership.public_id,
            SHOWN_NAME,
            Entitlement.reason,
            Entitlement.created_at,
            Entitlement.until_at,
        )
        .join(Membership, Membership.id == Entitlement.membership_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.planet_id == planet_of(actor),
            Entitlement.source == "comp",
            Entitlement.revoked_at.is_(None),
            Entitlement.until_at.is_(None) | (Entitlement.until_at > actor.now),
        )
        .order_by(Entitlement.id.desc())
        .limit(LISTED)
    )
    return [CompView(*row) for row in rows]


def list_offers(actor: Actor) -> list[OfferView]:
    """Return offers that nobody took up yet and that are not over, the newest first."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.execute(
        select(
            CompOffer.public_id,
            CompOffer.email,
            CompOffer.days,
            CompOffer.ends_at,
            CompOffer.reason,
            CompOffer.created_at,
        )
        .where(
            CompOffer.planet_id == planet_of(actor),
            CompOffer.taken_at.is_(None),
            CompOffer.revoked_at.is_(None),
            CompOffer.ends_at.is_(None) | (CompOffer.ends_at > actor.now),
        )
        .order_by(CompOffer.id.desc())
        .limit(LISTED)
    )
    return [OfferView(*row) for row in rows]


def list_chosen(actor: Actor, public_ids: Sequence[str]) -> list[Chosen]:
    """Return the members of the planet among some public ids, by name."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.execute(
        select(Membership.public_id, SHOWN_NAME)
        .join(User, User.id == Membership.user_id)
        .where(Membership.planet_id == planet_of(actor), Membership.public_id.in_(public_ids))
        .order_by(SHOWN_NAME)
    )
    return [Chosen(*row) for row in rows]
