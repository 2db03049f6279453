"""What the installation owes to planets' owners, and how it came to that: statements (R32)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.accounts.models import User
from app.billing.gateway import gateways
from app.billing.models import LedgerEntry, LedgerTransaction
from app.billing.owed import OWED
from app.billing.queries.ledger import Stretch, Total
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.models import Membership
from app.memberships.rows import planet_of
from app.planets.models import Planet
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require

# Rises with what is owed; the entry itself is a debt, below 0.
_RISE = -func.sum(LedgerEntry.amount)


@dataclass(frozen=True, slots=True)
class Statement:
    """How what is owed moved in a period, in a currency: `opened` + `moves` − `paid` = `closed`.

    `moves` has a sum for each kind of booking, `settled` each payment of the installation.
    """

    currency: str
    opened: int
    moves: tuple[Total, ...]
    settled: tuple[Settled, ...]
    closed: int


@dataclass(frozen=True, slots=True)
class Settled:
    """A payment of the installation to the owner."""

    at: datetime
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class OwedOwner:
    """What is owed to the owner of a planet in a currency."""

    slug: str
    owner: str
    currency: str
    amount: int


def planet_named(slug: str) -> int:
    """Return the id of the planet with a slug, for whoever keeps the installation; or NotFound."""
    found = db.session.scalar(select(Planet.id).where(Planet.slug == slug))
    if found is None:
        raise NotFound
    return found


def sum_owed(planet_id: int, currency: str) -> int:
    """Return what the installation owes to a planet's owner in a currency."""
    found = _owed(_RISE).where(
        LedgerTransaction.planet_id == planet_id, LedgerEntry.currency == currency
    )
    return int(db.session.scalar(found) or 0)


def list_owed_owners() -> list[OwedOwner]:
    """Return what is owed to each planet's owner, for whoever keeps the installation."""
    rows = db.session.execute(
        _owed(Planet.slug, User.name, LedgerEntry.currency, _RISE)
        .join(Planet, Planet.id == LedgerTransaction.planet_id)
        .outerjoin(
            Membership,
            (Membership.planet_id == Planet.id) & (Membership.role == PlanetRole.OWNER.value),
        )
        .outerjoin(User, User.id == Membership.user_id)
        .group_by(Planet.slug, User.name, LedgerEntry.currency)
        .having(func.sum(LedgerEntry.amount) != 0)
        .order_by(Planet.slug, LedgerEntry.currency)
    )
    return [OwedOwner(slug, name or "", cur, int(amount)) for slug, name, cur, amount in rows]


def list_statements(actor: Actor, stretch: Stretch) -> list[Statement]:
    """Return the statement of a period in each currency that something was ever owed in."""
    require(actor, Action.INCOME_READ)
    return read_statements(planet_of(actor), stretch)


def read_statements(planet_id: int, stretch: Stretch) -> list[Statement]:
    """Return the statements of a planet for whoever keeps the installation; see `list_statements`."""
    own = _owed(LedgerEntry.currency, LedgerTransaction.kind, _RISE).where(
        LedgerTransaction.planet_id == planet_id
    )
    kinds = own.group_by(LedgerEntry.currency, LedgerTransaction.kind).order_by(
        LedgerTransaction.kind
    )
    before: dict[str, int] = {}
    for currency, _kind, amount in db.session.execute(
        kinds.where(LedgerTransaction.at < stretch.starts)
    ):
        before[currency] = before.get(currency, 0) + int(amount)
    within = (LedgerTransaction.at >= stretch.starts, LedgerTransaction.at < stretch.ends)
    moves = [
        Total(kind, currency, int(amount))
        for currency, kind, amount in db.session.execute(kinds.where(*within))
    ]
    settled = _list_settled(planet_id, stretch)
    currencies = sorted({*before, *(each.currency for each in moves)})
    return [_statement(each, before.get(each, 0), moves, settled) for each in currencies]


def _statement(currency: str, opened: int, moves: list[Total], settled: list[Settled]) -> Statement:
    own = [each for each in moves if each.currency == currency]
    return Statement(
        currency=currency,
        opened=opened,
        moves=tuple(each for each in own if each.name != "settlement"),
        settled=tuple(each for each in settled if each.currency == currency),
        closed=opened + sum(each.amount for each in own),
    )


def _list_settled(planet_id: int, stretch: Stretch) -> list[Settled]:
    rows = db.session.execute(
        _owed(LedgerTransaction.at, LedgerEntry.amount, LedgerEntry.currency)
        .where(
            LedgerTransaction.planet_id == planet_id,
            LedgerTransaction.kind == "settlement",
            LedgerTransaction.at >= stretch.starts,
            LedgerTransaction.at < stretch.ends,
        )
        .order_by(LedgerTransaction.at, LedgerTransaction.id)
    )
    return [Settled(*row) for row in rows]


def _owed(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Return a select over the entries of what is owed in this installation's environment."""
    return (
        select(*columns)
        .select_from(LedgerEntry)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(
            LedgerEntry.account == OWED,
            LedgerTransaction.environment == gateways.environment,
        )
    )
