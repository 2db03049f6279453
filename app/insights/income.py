"""Income: what the ledger says, by month, by what was sold, by currency.

Every booking of the months counts once, so the sums equal those of the ledger's own lists.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import case, func, select

from app.billing.gateway import gateways
from app.billing.ledger import DISPUTES, FEES, INCOME, PLATFORM, TAX
from app.billing.models import LedgerEntry, LedgerTransaction, Order, Plan, PlanVersion
from app.insights.months import Months
from app.kernel.db import db
from app.planets.queries import PlanetView
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
    """Return the months' income, the oldest first; months without bookings have no line. Two
    queries."""
    require(actor, Action.INCOME_READ)
    names = _plan_names(planet.id)
    place = months.place(LedgerTransaction.at).label("place")
    account = case(
        (LedgerEntry.account.like(f"{PAYABLE}:%"), PAYABLE), else_=LedgerEntry.account
    ).label("kept_on")
    source = LedgerTransaction.source
    by = (place, Order.plan_id, Order.kind, LedgerEntry.currency, source, account)
    rows = db.session.execute(
        select(*by, func.sum(LedgerEntry.amount))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .outerjoin(Order, Order.id == LedgerTransaction.order_id)
        .where(
            LedgerTransaction.planet_id == planet.id,
            LedgerTransaction.environment == gateways.environment,
            LedgerTransaction.at >= months.begins,
            LedgerTransaction.at < months.ends,
        )
        .group_by(*by)
    )
    found: dict[tuple[int, Sold, str], Sums] = defaultdict(Sums)
    for month, plan_id, kind, currency, cause, kept_on, amount in rows:
        sold = Sold(names.get(plan_id, ""), "" if plan_id else kind or "")
        found[month, sold, currency].add(_sums(cause, kept_on, int(amount)))
    lines = [Line(*key, sums) for key, sums in found.items()]
    return sorted(lines, key=lambda one: (one.month, one.currency, one.sold.plan, one.sold.kind))


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
