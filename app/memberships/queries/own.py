"""A person's own row in a planet: what he and the landing page's button may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from app.accounts.models import User
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.memberships.settling import NEVER_HELD
from app.planets.models import Planet
from app.policy import Actor


@dataclass(frozen=True, slots=True)
class OwnMembership:
    """A membership as its own person sees it. `grace` is a `policy.Grace`; `name` is the one
    shown in this planet."""

    public_id: str
    role: str
    number: int | None
    nickname: str
    account_name: str
    joined_at: datetime | None
    expires_at: datetime | None
    grace: str
    requested_at: datetime | None
    request_answer: str
    declined_at: datetime | None
    declined_reason: str
    removed_reason: str
    muted_until: datetime | None
    takes_questions: bool
    rules_version: int
    rules_accepted_at: datetime | None
    pinned_at: datetime | None

    @property
    def name(self) -> str:
        """The name shown in this planet."""
        return self.nickname or self.account_name

    @property
    def ran_until(self) -> datetime | None:
        """The end to be shown; None also when everything was given back: then he never had time."""
        return None if self.expires_at == NEVER_HELD else self.expires_at


@dataclass(frozen=True, slots=True)
class Signature:
    """The name under which somebody's words stand in a planet, where it is not the account's."""

    planet: str
    name: str


def list_signatures(user_id: int) -> list[Signature]:
    """Return the names of a person's own choosing in planets, also in those they left; 50 at most."""
    statement = (
        select(Planet.name, Membership.nickname)
        .join(Membership, Membership.planet_id == Planet.id)
        .where(Membership.user_id == user_id, Membership.nickname != "")
        .order_by(Membership.id)
        .limit(50)
    )
    return [Signature(planet, name) for planet, name in db.session.execute(statement)]


_COLUMNS = tuple(
    User.name if name == "account_name" else Membership.__table__.c[name]
    for name in OwnMembership.__dataclass_fields__
)


def find_own(actor: Actor) -> OwnMembership | None:
    """Return the actor's own row in the planet he is in; None when he has none."""
    if actor.membership_id is None:
        return None
    row = db.session.execute(
        select(*_COLUMNS)
        .join(User, User.id == Membership.user_id)
        .where(Membership.id == actor.membership_id)
    ).one_or_none()
    return OwnMembership(*row) if row else None


def has_bought_time(actor: Actor) -> bool:
    """Whether something the actor paid for would still hold if he came back after leaving."""
    found = select(Entitlement.id).where(
        Entitlement.membership_id == actor.membership_id,
        Entitlement.environment != "",
        Entitlement.revoked_at.is_(None),
        Entitlement.suspended_at.is_(None),
        or_(Entitlement.until_at.is_(None), Entitlement.until_at > actor.now),
    )
    return db.session.scalar(found.limit(1)) is not None
