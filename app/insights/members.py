"""Members: how they stand, whose access ends soon, who came and who was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, and_, case, exists, func, select

from app.billing.gateway import gateways
from app.billing.models import Order, Subscription
from app.insights.months import Months
from app.insights.terms import Cohort, Flow, Life, Term, count
from app.kernel.db import db
from app.memberships.facts import has_standing
from app.memberships.models import Entitlement, Membership
from app.memberships.settling import TRIAL
from app.planets.queries import PlanetView
from app.policy import Action, Actor, PlanetRole, Standing
from app.policy.gate import require

STANDINGS = (
    Standing.ACTIVE,
    Standing.GRACE,
    Standing.EXPIRED,
    Standing.LEFT,
    Standing.REMOVED,
    Standing.PENDING,
)
SOON = (7, 30, 90)
_MEMBER = Membership.role == PlanetRole.MEMBER.value
# As `memberships.actions` and R13 have it: what renews by itself.
_RUNNING = ("active", "trialing", "past_due")


@dataclass(frozen=True, slots=True)
class Head:
    """How many members stand so now, and how many of the team (owner, partners, admins, guests)."""

    standing: Standing
    members: int
    team: int


@dataclass(frozen=True, slots=True)
class Ends:
    """How many members' access ends within so many days; `renewing` of them renew by themselves."""

    days: int
    ends: int
    renewing: int


def count_standings(actor: Actor, planet: PlanetView) -> list[Head]:
    """Return how people stand at this moment. One query."""
    require(actor, Action.INCOME_READ)
    moment = planet.moment(actor.now)
    sums: list[ColumnElement[int]] = []
    for standing in STANDINGS:
        stands = has_standing(standing, now=moment, grace=planet.grace)
        sums += [_sum(and_(stands, _MEMBER)), _sum(and_(stands, ~_MEMBER))]
    row = db.session.execute(select(*sums).where(Membership.planet_id == planet.id)).one()
    numbers = [int(number or 0) for number in row]
    return [
        Head(standing, *numbers[2 * place : 2 * place + 2])
        for place, standing in enumerate(STANDINGS)
    ]


def count_ends(actor: Actor, planet: PlanetView) -> list[Ends]:
    """Return whose access ends in the next days, counted from now and cumulative. One query."""
    require(actor, Action.INCOME_READ)
    moment = planet.moment(actor.now)
    renews = exists().where(
        Order.planet_id == planet.id,
        Order.user_id == Membership.user_id,
        Order.environment == gateways.environment,
        Subscription.order_id == Order.id,
        Subscription.status.in_(_RUNNING),
        Subscription.cancel_at.is_(None),
        Subscription.cancel_at_period_end.is_(False),
        Subscription.end_wanted == "",
    )
    sums: list[ColumnElement[int]] = []
    for days in SOON:
        within = Membership.expires_at <= moment + timedelta(days=days)
        sums += [_sum(within), _sum(and_(within, renews))]
    row = db.session.execute(
        select(*sums).where(
            Membership.planet_id == planet.id,
            _MEMBER,
            has_standing(Standing.ACTIVE, now=moment, grace=planet.grace),
            Membership.expires_at <= moment + timedelta(days=SOON[-1]),
        )
    ).one()
    numbers = [int(number or 0) for number in row]
    return [Ends(days, *numbers[2 * place : 2 * place + 2]) for place, days in enumerate(SOON)]


def count_turns(
    actor: Actor, planet: PlanetView, months: Months
) -> tuple[list[Flow], list[Cohort]]:
    """Return who came, renewed and was lost in each month, and what became of each month's
    newcomers; see `terms`. One query."""
    require(actor, Action.INCOME_READ)
    return count(
        _lives(planet.id),
        months,
        now=planet.moment(actor.now),
        grace=timedelta(days=planet.renewal_days),
    )


def _sum(clause: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((clause, 1), else_=0))


def _lives(planet_id: int) -> Iterator[Life]:
    """Read every member's terms; those of another kind of money hold nothing here."""
    rows = db.session.execute(
        select(
            Membership.id,
            Membership.left_at,
            Membership.removed_at,
            Entitlement.starts_at,
            Entitlement.since_at,
            Entitlement.until_at,
            Entitlement.revoked_at,
        )
        .join(Entitlement, Entitlement.membership_id == Membership.id)
        .where(
            Membership.planet_id == planet_id,
            _MEMBER,
            Entitlement.source != TRIAL,
            Entitlement.environment.in_(("", gateways.environment)),
        )
        .order_by(Membership.id)
    )
    for _member, held in groupby(rows, key=lambda row: row[0]):
        found = list(held)
        gone = [moment for moment in found[0][1:3] if moment is not None]
        terms = [term for row in found if (term := _term(*row[3:])) is not None]
        yield Life(terms, min(gone, default=None))


def _term(
    bought: datetime, since: datetime, until: datetime | None, revoked: datetime | None
) -> Term | None:
    """Return a term; None for what never gave any time."""
    taken_back = revoked is not None and (until is None or revoked < until)
    until = revoked if taken_back else until
    if until is not None and until <= since:
        return None
    return Term(bought, since, until, taken_back)
