"""Income: what the ledger says, by month, by what was sold, by currency.

Every booking of the months counts once, so the sums equal those of the ledger's own lists.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.billing.gateway import gateways
from app.billing.ledger import DISPUTES, FEES, INCOME, PLATFORM, TAX
from app.billing.models import LedgerEntry, LedgerTransaction, Order, Plan, PlanVersion
from app.insights.months import Months, month_of
from app.insights.tallies import Kind, Part, read
from app.kernel.db import db
from app.planets.counted import BOOKINGS
from app.planets.queries import PlanetView
from app.planets.zones import zone_of
from app.policy import Action, Actor
from app.policy.gate import require

PAYABLE = "payable"
# Bookings that move a part of the income to whom it is owed.
TURNED_OVER = ("tax", "platform_fee", "share")


@dataclass(slots=True)
class Sums:
    """Amounts in minor units. `net` is what is left of `paid` after all the others."""

    paid: int = 0
    refunded: int = 0
    disputed: int = 0
    fees: int = 0
    tax: int = 0
    platform: int = 0
    shares: int = 0

    @property
    def net(self) -> int:
        """What stays."""
        taken = self.refunded + self.disputed + self.fees + self.tax + self.platform + self.shares
        return self.paid - taken

    def add(self, other: Sums) -> None:
        """Add another's amounts."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold: a plan by its name now, else the kind of order (question, gift …) or ""."""

    plan: str
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """The sums of one month, one thing that was sold and one currency. `month` is a place in it."""

    month: int
    sold: Sold
    currency: str
    sums: Sums


def list_income(actor: Actor, planet: PlanetView, months: Months) -> list[Line]:
    """Return the months' income, the oldest first; months without bookings have no line."""
    require(actor, Action.INCOME_READ)
    names = _plan_names(planet.id)
    places = months.places
    found: dict[tuple[int, Sold, str], Sums] = defaultdict(Sums)
    for key, amount in read(KIND, planet, actor.now).items():
        month, plan, kind, currency, cause, kept_on = key.split("|")
        if month in places:
            sold = Sold(names.get(int(plan or 0), ""), "" if plan else kind)
            found[places[month], sold, currency].add(_sums(cause, kept_on, amount))
    lines = [Line(*key, sums) for key, sums in found.items()]
    return sorted(lines, key=lambda one: (one.month, one.currency, one.sold.plan, one.sold.kind))


def _terms(_planet: PlanetView) -> str:
    return f"1 {zone_of('')} {gateways.environment}"


def _refs(planet_id: int, after: str, most: int) -> list[str]:
    booked = LedgerTransaction
    return [
        str(number)
        for number in db.session.scalars(
            select(booked.id)
            .where(booked.planet_id == planet_id, booked.id > int(after or 0))
            .order_by(booked.id)
            .limit(most)
        )
    ]


def _measure(_planet: PlanetView, refs: Collection[str], _moment: datetime) -> dict[str, Part]:
    """Measure bookings. One query."""
    booked = LedgerTransaction
    rows = db.session.execute(
        select(
            booked.id,
            booked.at,
            booked.source,
            Order.plan_id,
            Order.kind,
            LedgerEntry.currency,
            LedgerEntry.account,
            LedgerEntry.amount,
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == booked.id)
        .outerjoin(Order, Order.id == booked.order_id)
        .where(
            booked.id.in_([int(ref) for ref in refs]),
            booked.environment == gateways.environment,
        )
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for number, at, source, plan_id, kind, currency, account, amount in rows:
        kept_on = PAYABLE if account.startswith(f"{PAYABLE}:") else account
        sold = f"{plan_id or ''}|{kind or ''}|{currency}"
        found[str(number)][f"{month_of(at, zone_of(''))}|{sold}|{source}|{kept_on}"] += amount
    return {ref: Part(counts) for ref, counts in found.items()}


KIND = Kind(BOOKINGS, _terms, _refs, _measure)


def _sums(source: str, account: str, amount: int) -> Sums:
    """Return an amount where it belongs; a debit is above 0. What only moves money is nothing."""
    if account == FEES:
        return Sums(fees=amount)
    if account == TAX:
        return Sums(tax=-amount)
    if account == PLATFORM:
        return Sums(platform=-amount)
    if account == PAYABLE and source == "share":
        return Sums(shares=-amount)
    if account not in (INCOME, DISPUTES) or source in TURNED_OVER:
        return Sums()
    if source == "payment":
        return Sums(paid=-amount)
    return Sums(disputed=amount) if source == "dispute" else Sums(refunded=amount)


def _plan_names(planet_id: int) -> dict[int, str]:
    rows = db.session.execute(
        select(Plan.id, PlanVersion.name)
        .join(PlanVersion, PlanVersion.plan_id == Plan.id)
        .where(Plan.planet_id == planet_id, PlanVersion.version == Plan.version)
    )
    return {row[0]: row[1] for row in rows}
