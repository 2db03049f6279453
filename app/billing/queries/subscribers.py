"""Members as those see them who look after subscriptions: sought, sifted, page by page.

A page is one statement over memberships, whatever is asked; what a line says of plan and origin comes
with two more. Nothing here holds an e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from app.accounts.models import User
from app.accounts.names import name_key
from app.billing.models import Order, Plan, PlanVersion
from app.billing.queries.orders import shown_to
from app.billing.queries.troubles import TROUBLES, buyers_in
from app.kernel.db import db
from app.memberships.facts import has_standing, read_facts
from app.memberships.models import Entitlement, Membership
from app.memberships.queries.people import SHOWN_NAME, find_membership_id
from app.memberships.rows import get_terms, planet_of
from app.policy import Action, Actor, Standing, derive_standing
from app.policy.gate import require

PAGE = 50
# Counting stops here: "more than a thousand" is as good as the number.
COUNT_TO = 1_000
# What a source in the filter stands for among the sources of entitlements.
SOURCES: dict[str, tuple[str, ...]] = {
    "paid": ("order", "invoice"),
    "code": ("code",),
    "comp": ("comp",),
    "trial": ("trial",),
    "staff": ("staff",),
    "free": ("open", "approval", "invitation"),
}


@dataclass(frozen=True, slots=True)
class Sieve:
    """What members are sifted by; "" and None leave it wide.

    `name`: part of a name, a number, or an order's number. `person`: a user's row id (0: nobody), found
    by an address. `trouble`: a key of TROUBLES. `plan`: a plan's public id. `source`: a key
    of SOURCES. Plan and source are what somebody has or had. `ends_from` and `ends_before` bound the
    end of access.
    """

    name: str = ""
    standing: str = ""
    plan: str = ""
    source: str = ""
    trouble: str = ""
    person: int | None = None
    ends_from: datetime | None = None
    ends_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A line of the list. `plan_ref` and `source` are those of what ends last; "" for none."""

    id: int
    public_id: str
    user_id: int
    name: str
    avatar: str
    role: str
    number: int | None
    joined_at: datetime | None
    requested_at: datetime | None
    expires_at: datetime | None
    grace: str
    left_at: datetime | None
    removed_at: datetime | None
    standing: Standing = Standing.VISITOR
    plan_ref: str = ""
    source: str = ""


_OTHER: dict[str, Any] = {"name": SHOWN_NAME, "avatar": User.avatar}
_OF_ROW = tuple(Subscriber.__dataclass_fields__)[:13]
_ROW = select(
    *(_OTHER[name] if name in _OTHER else Membership.__table__.c[name] for name in _OF_ROW)
).join(User, User.id == Membership.user_id)


def list_subscribers(
    actor: Actor, *, sieve: Sieve, after: str = "", limit: int = PAGE
) -> tuple[list[Subscriber], str]:
    """Return members, the newest first, and the next page's cursor or "".

    `after` is the public id of the last membership seen; an unknown one is none. Refused by the policy.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    statement = sift(_ROW, actor, sieve)
    if last := find_membership_id(planet_of(actor), after):
        statement = statement.where(Membership.id < last)
    rows = db.session.execute(statement.order_by(Membership.id.desc()).limit(limit + 1))
    found = [Subscriber(*row) for row in rows]
    page = found[:limit]
    return _told(actor, page), page[-1].public_id if len(found) > limit else ""


def count_subscribers(actor: Actor, *, sieve: Sieve) -> int:
    """Return how many members a sieve holds; COUNT_TO + 1 for more than COUNT_TO."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    some = sift(select(Membership.id), actor, sieve).limit(COUNT_TO + 1).subquery()
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def each_subscriber(actor: Actor, *, sieve: Sieve) -> Iterator[Subscriber]:
    """Yield everybody whom a sieve holds, the newest first, read in large pages."""
    after = ""
    while True:
        page, after = list_subscribers(actor, sieve=sieve, after=after, limit=2_000)
        yield from page
        if not after:
            return


def list_chosen(actor: Actor, public_ids: Sequence[str]) -> list[Subscriber]:
    """Return the members of these public ids; those of other planets are left out."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.execute(
        _ROW.where(Membership.planet_id == planet_of(actor), Membership.public_id.in_(public_ids))
        .order_by(Membership.id.desc())
        .limit(len(public_ids))
    )
    return _told(actor, [Subscriber(*row) for row in rows])


def list_plan_names(actor: Actor) -> dict[str, str]:
    """Return public id -> present name of every plan of the planet, also of those no longer sold."""
    rows = db.session.execute(
        select(Plan.public_id, PlanVersion.name)
        .join(
            PlanVersion, and_(PlanVersion.plan_id == Plan.id, PlanVersion.version == Plan.version)
        )
        .where(Plan.planet_id == planet_of(actor))
        .order_by(Plan.position, Plan.id)
    )
    return {row[0]: row[1] for row in rows}


def sift(statement: Select[Any], actor: Actor, sieve: Sieve) -> Select[Any]:
    """Narrow a select over memberships to the actor's planet and a sieve."""
    planet_id = planet_of(actor)
    clauses: list[ColumnElement[bool]] = [Membership.planet_id == planet_id]
    if sieve.standing in set(Standing):
        terms = get_terms(planet_id)
        standing = Standing(sieve.standing)
        clauses.append(has_standing(standing, now=terms.moment(), grace=terms.grace))
    else:
        clauses.append(Membership.joined_at.is_not(None))
    if sieve.name:
        clauses.append(_named(actor, sieve.name, planet_id))
    if sieve.person is not None:
        clauses.append(Membership.user_id == sieve.person)
    if sieve.trouble in TROUBLES:
        clauses.append(Membership.user_id.in_(buyers_in(actor, sieve.trouble)))
    if granted := _granted(sieve):
        # One list of memberships, read from one index, whatever is asked of their entitlements.
        held = select(Entitlement.membership_id).where(*granted)
        clauses.append(Membership.id.in_(held))
    if sieve.ends_from is not None:
        clauses.append(Membership.expires_at >= sieve.ends_from)
    if sieve.ends_before is not None:
        clauses.append(Membership.expires_at < sieve.ends_before)
    return statement.where(*clauses)


def _granted(sieve: Sieve) -> list[ColumnElement[bool]]:
    granted: list[ColumnElement[bool]] = []
    if sieve.plan:
        granted.append(Entitlement.plan_ref == sieve.plan)
    if sieve.source in SOURCES:
        granted.append(Entitlement.source.in_(SOURCES[sieve.source]))
    return granted


def _named(actor: Actor, typed: str, planet_id: int) -> ColumnElement[bool]:
    """A number, an order's number, or a part of the name shown in the planet.

    Names are sought by their keys: those lie in an index of the planet's, and forgive capitals,
    accents and look-alikes.
    """
    number = typed.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return Membership.number == int(number)
    buyer = select(Order.user_id).where(
        Order.public_id == typed, Order.planet_id == planet_id, shown_to(actor)
    )
    bought = Membership.user_id == buyer.scalar_subquery()
    key = name_key(typed)
    if not key:
        return or_(bought, false())
    same_planet = select(Membership.id).where(
        Membership.planet_id == planet_id, Membership.name_key.contains(key, autoescape=True)
    )
    return or_(bought, Membership.id.in_(same_planet))


def _told(actor: Actor, page: list[Subscriber]) -> list[Subscriber]:
    """Return lines with standing, plan and origin."""
    terms = get_terms(planet_of(actor))
    moment = terms.moment()
    origins = _origins(row.id for row in page)
    return [
        replace(
            row,
            standing=derive_standing(read_facts(row), now=moment, grace=terms.grace),
            plan_ref=origins.get(row.id, ("", ""))[0],
            source=origins.get(row.id, ("", ""))[1],
        )
        for row in page
    ]


def _origins(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return membership id -> (plan, source) of what ends last among what holds."""
    rows = db.session.execute(
        select(
            Entitlement.membership_id,
            Entitlement.plan_ref,
            Entitlement.source,
        )
        .where(
            Entitlement.membership_id.in_(list(ids)),
            Entitlement.revoked_at.is_(None),
            Entitlement.suspended_at.is_(None),
            or_(Entitlement.until_at.is_(None), Entitlement.until_at > Entitlement.since_at),
        )
        # The last one read stays: what has no end, else what ends last.
        .order_by(Entitlement.until_at.is_(None), Entitlement.until_at, Entitlement.id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}
