"""Members: how they stand, whose access ends soon, who came and who was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import and_, select

from app.billing.gateway import gateways
from app.billing.models import Order, Subscription
from app.insights.months import Months, month_of
from app.insights.tallies import Kind, Part, read, read_many
from app.insights.terms import Cohort, Flow, Life, Term, count, marks
from app.kernel.db import db
from app.memberships.facts import read_facts
from app.memberships.models import Entitlement, Membership
from app.memberships.settling import TRIAL
from app.planets.counted import MEMBERS
from app.planets.models import Planet
from app.planets.queries import PLANET_VIEW_COLUMNS, PlanetView, read_planet_view
from app.planets.zones import zone_of
from app.policy import (
    Action,
    Actor,
    PlanetRole,
    Standing,
    derive_standing,
    grace_of,
)
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
Sums = Counter[str]
TEAM, PLAIN = "team", "members"
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


def count_people(actor: Actor, planet: PlanetView) -> Sums:
    """Return what is counted of a planet's members at this moment; the functions below read it."""
    require(actor, Action.INCOME_READ)
    return read(KIND, planet, actor.now)


def list_standings(sums: Sums) -> list[Head]:
    """Return how people stand."""
    return [Head(one, sums[f"{one} {PLAIN}"], sums[f"{one} {TEAM}"]) for one in STANDINGS]


def list_ends(sums: Sums) -> list[Ends]:
    """Return whose access ends in the next days, counted from now and cumulative."""
    return [Ends(days, sums[f"ends {days}"], sums[f"ends {days} renewing"]) for days in SOON]


def list_turns(sums: Sums, months: Months) -> tuple[list[Flow], list[Cohort]]:
    """Return who came, renewed and was lost in each month, and what became of each month's
    newcomers; see `terms`."""
    places = months.places
    found = (
        (what, places[month], amount)
        for key, amount in sums.items()
        for month, _, what in (key.partition("|"),)
        if month in places
    )
    return count(found, months)


def count_inside(planets: Collection[int], now: datetime) -> dict[int, int]:
    """Return planet id -> how many people are inside: active or in grace, the team too."""
    rows = db.session.execute(select(*PLANET_VIEW_COLUMNS).where(Planet.id.in_(planets)))
    views = [read_planet_view(row)[0] for row in rows]
    inside = (Standing.ACTIVE, Standing.GRACE)
    keys = [f"{one} {who}" for one in inside for who in (PLAIN, TEAM)]
    sums = read_many(KIND, views, now, keys) if views else {}
    return {planet_id: sum(found[key] for key in keys) for planet_id, found in sums.items()}


def _terms(planet: PlanetView) -> str:
    return f"1 {zone_of('')} {planet.grace_days} {planet.renewal_days} {gateways.environment}"


def _refs(planet_id: int, after: str, most: int) -> list[str]:
    return [
        str(number)
        for number in db.session.scalars(
            select(Membership.id)
            .where(Membership.planet_id == planet_id, Membership.id > int(after or 0))
            .order_by(Membership.id)
            .limit(most)
        )
    ]


def _measure(planet: PlanetView, refs: Collection[str], moment: datetime) -> dict[str, Part]:
    """Measure members. Two queries."""
    ids = [int(ref) for ref in refs]
    renewing = _renewing(planet.id, ids)
    rows = db.session.execute(_held(ids))
    found: dict[str, Part] = {}
    for member_id, held in groupby(rows, key=lambda row: row[0]):
        his = list(held)
        renews = his[0].user_id in renewing
        found[str(member_id)] = _part(planet, his[0], _life(his), renews=renews, moment=moment)
    return found


def _held(ids: Sequence[int]) -> Any:
    """Select members with what they hold; what is of another kind of money holds nothing here."""
    here = Membership
    return (
        select(
            here.id,
            here.user_id,
            here.role,
            here.joined_at,
            here.requested_at,
            here.expires_at,
            here.grace,
            here.left_at,
            here.removed_at,
            Entitlement.starts_at,
            Entitlement.since_at,
            Entitlement.until_at,
            Entitlement.revoked_at,
        )
        .outerjoin(
            Entitlement,
            and_(
                Entitlement.membership_id == here.id,
                Entitlement.source != TRIAL,
                Entitlement.environment.in_(("", gateways.environment)),
            ),
        )
        .where(here.id.in_(ids))
        .order_by(here.id)
    )


def _renewing(planet_id: int, ids: Sequence[int]) -> set[int]:
    """Return which of these members' people have something that renews by itself."""
    people = select(Membership.user_id).where(Membership.id.in_(ids))
    return set(
        db.session.scalars(
            select(Order.user_id)
            .join(Subscription, Subscription.order_id == Order.id)
            .where(
                Order.planet_id == planet_id,
                Order.user_id.in_(people),
                Order.environment == gateways.environment,
                Subscription.status.in_(_RUNNING),
                Subscription.cancel_at.is_(None),
                Subscription.cancel_at_period_end.is_(False),
                Subscription.end_wanted == "",
            )
        )
    )


def _part(planet: PlanetView, member: Any, life: Life, *, renews: bool, moment: datetime) -> Part:
    """Return what a member adds to the figures, each key once, and when the clock changes that."""
    facts = read_facts(member)
    standing = derive_standing(facts, now=moment, grace=planet.grace)
    plain = facts.role is PlanetRole.MEMBER
    keys = [f"{standing} {PLAIN if plain else TEAM}"]
    turns = list(_turns_at(facts.expires_at, grace_of(facts.grace, planet.grace)))
    if plain:
        late = timedelta(days=planet.renewal_days)
        keys += [
            f"{month_of(at, zone_of(''))}|{what}"
            for what, at in marks(life, now=moment, grace=late)
        ]
        for term in life.terms:
            turns += _turns_at(term.until, late)
        if standing is Standing.ACTIVE:
            keys += _ends(facts.expires_at, renews=renews, moment=moment)
    counts: dict[str, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return Part(counts, min((turn for turn in turns if turn > moment), default=None))


def _turns_at(end: datetime | None, grace: timedelta) -> Iterator[datetime]:
    """Yield when an end changes what is said of it: as it comes near, is reached and is let go."""
    if end is not None and end.year > 1970:
        yield from (end, end + grace, *(end - timedelta(days=days) for days in SOON))


def _ends(end: datetime | None, *, renews: bool, moment: datetime) -> list[str]:
    near = [days for days in SOON if end is not None and end <= moment + timedelta(days=days)]
    words = ("", " renewing") if renews else ("",)
    return [f"ends {days}{word}" for days in near for word in words]


def _life(rows: Sequence[Any]) -> Life:
    moments = (rows[0].left_at, rows[0].removed_at)
    gone = [moment for moment in moments if moment is not None]
    held = [row[-4:] for row in rows if row.since_at is not None]
    terms = [term for row in held if (term := _term(*row)) is not None]
    return Life(terms, min(gone, default=None))


def _term(
    bought: datetime, since: datetime, until: datetime | None, revoked: datetime | None
) -> Term | None:
    """Return a term; None for what never gave any time."""
    taken_back = revoked is not None and (until is None or revoked < until)
    until = revoked if taken_back else until
    if until is not None and until <= since:
        return None
    return Term(bought, since, until, taken_back)


KIND = Kind(MEMBERS, _terms, _refs, _measure)
