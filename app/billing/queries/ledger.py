"""Reading the ledger of a planet: sums and journal of a period, for those who may see income."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.accounts.models import User
from app.billing.models import (
    IncomeShare,
    LedgerEntry,
    LedgerTransaction,
    Order,
    Plan,
    PlanVersion,
)
from app.kernel.db import db
from app.memberships.models import Membership
from app.memberships.queries.people import SHOWN_NAME
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require

PAYABLE = "payable:"
PAGE = 50
# Where money is the planet's own or leaves it: what these come to is the planet's.
OWN = ("provider", "bank", "tax", "platform", "paid_out")
# What was paid out of what was owed: the money went from the owner's own account.
PAID_OUT = "paid_out"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period: from `starts` up to, not including, `ends`."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Total:
    """What bookings of a kind, or an account, come to in a currency."""

    name: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One entry. `account` names a person instead of his row id; `amount` above 0 is a debit."""

    transaction: int
    at: datetime
    booked_at: datetime
    kind: str
    reference: str
    order: str
    account: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class ShareView:
    """Who is owed how much of what. `plan` "" : of questions put to him."""

    public_id: str
    name: str
    plan: str
    percent: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to somebody in a currency; below 0 when more was paid out than is owed now."""

    member_id: str
    name: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody with whom income can be shared."""

    public_id: str
    name: str


def sum_kinds(actor: Actor, stretch: Stretch) -> list[Total]:
    """Return what each kind of booking brought the planet or cost it, per currency."""
    require(actor, Action.INCOME_READ)
    own = LedgerEntry.account.in_(OWN) | LedgerEntry.account.startswith(PAYABLE)
    rows = db.session.execute(
        select(LedgerTransaction.kind, LedgerEntry.currency, func.sum(LedgerEntry.amount))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(*_within(actor, stretch), own)
        .group_by(LedgerTransaction.kind, LedgerEntry.currency)
        # Paying out what was owed brings nothing and costs nothing.
        .having(LedgerTransaction.kind != "payout")
        .order_by(LedgerEntry.currency, LedgerTransaction.kind)
    )
    return [Total(kind, currency, int(amount)) for kind, currency, amount in rows]


def sum_accounts(actor: Actor, stretch: Stretch) -> list[Total]:
    """Return how each account moved, per currency."""
    require(actor, Action.INCOME_READ)
    rows = db.session.execute(
        select(LedgerEntry.account, LedgerEntry.currency, func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(*_within(actor, stretch))
        .group_by(LedgerEntry.account, LedgerEntry.currency)
        .order_by(LedgerEntry.currency, LedgerEntry.account)
    ).all()
    names = _names(account for account, _, _ in rows)
    return [Total(names.get(acc, acc), currency, int(amount)) for acc, currency, amount in rows]


def sum_owed_to(planet_id: int, user_id: int, currency: str) -> int:
    """Return what is owed to somebody in a currency."""
    owed = db.session.scalar(
        select(-func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(
            LedgerTransaction.planet_id == planet_id,
            LedgerEntry.account == f"{PAYABLE}{user_id}",
            LedgerEntry.currency == currency,
        )
    )
    return int(owed or 0)


def list_owed(actor: Actor) -> list[Owed]:
    """Return what the planet owes to people, per currency, whatever the month."""
    require(actor, Action.INCOME_READ)
    rows = db.session.execute(
        select(LedgerEntry.account, LedgerEntry.currency, -func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(
            LedgerTransaction.planet_id == planet_of(actor),
            LedgerEntry.account.startswith(PAYABLE),
        )
        .group_by(LedgerEntry.account, LedgerEntry.currency)
        .having(func.sum(LedgerEntry.amount) != 0)
        .order_by(LedgerEntry.account, LedgerEntry.currency)
    ).all()
    ids = {int(account.removeprefix(PAYABLE)) for account, _, _ in rows}
    people = {
        f"{PAYABLE}{user_id}": (member_id, name)
        for user_id, member_id, name in db.session.execute(
            select(Membership.user_id, Membership.public_id, SHOWN_NAME)
            .join(User, User.id == Membership.user_id)
            .where(Membership.planet_id == planet_of(actor), Membership.user_id.in_(ids))
        )
    }
    return [
        Owed(*people[account], currency, int(amount))
        for account, currency, amount in rows
        if account in people
    ]


def list_journal(
    actor: Actor, stretch: Stretch, *, skip: int = 0
) -> tuple[list[list[JournalLine]], bool]:
    """Return a page of transactions, newest first, each as its lines; and whether more follow."""
    require(actor, Action.INCOME_READ)
    wanted = (
        select(LedgerTransaction.id)
        .where(*_within(actor, stretch))
        .order_by(LedgerTransaction.at.desc(), LedgerTransaction.id.desc())
        .offset(skip)
        .limit(PAGE + 1)
    )
    ids = list(db.session.scalars(wanted))
    rows = db.session.execute(_lines().where(LedgerTransaction.id.in_(ids[:PAGE]))).all()
    lines = _named(rows)
    by_id: dict[int, list[JournalLine]] = {}
    for line in lines:
        by_id.setdefault(line.transaction, []).append(line)
    return [by_id[row_id] for row_id in ids[:PAGE]], len(ids) > PAGE


def iter_journal(actor: Actor, stretch: Stretch) -> Iterator[JournalLine]:
    """Yield every entry of the period, the oldest first: the file for the accountant."""
    require(actor, Action.INCOME_READ)
    return iter(_named(db.session.execute(_lines().where(*_within(actor, stretch))).all()))


def find_first_booking(actor: Actor) -> datetime | None:
    """Return when the planet's first booking was, None without any."""
    require(actor, Action.INCOME_READ)
    return db.session.scalar(
        select(func.min(LedgerTransaction.at)).where(
            LedgerTransaction.planet_id == planet_of(actor)
        )
    )


def list_shares(actor: Actor) -> list[ShareView]:
    """Return the shares that count now."""
    require(actor, Action.INCOME_READ)
    rows = db.session.execute(
        select(
            IncomeShare.public_id,
            SHOWN_NAME,
            func.coalesce(PlanVersion.name, ""),
            IncomeShare.percent,
            IncomeShare.created_at,
        )
        .join(User, User.id == IncomeShare.user_id)
        .join(
            Membership,
            (Membership.user_id == User.id) & (Membership.planet_id == IncomeShare.planet_id),
        )
        .outerjoin(Plan, Plan.id == IncomeShare.plan_id)
        .outerjoin(
            PlanVersion, (PlanVersion.plan_id == Plan.id) & (PlanVersion.version == Plan.version)
        )
        .where(IncomeShare.planet_id == planet_of(actor), IncomeShare.ended_at.is_(None))
        .order_by(IncomeShare.id)
    )
    return [ShareView(*row) for row in rows]


def list_sharers(actor: Actor, roles: tuple[str, ...]) -> list[Choice]:
    """Return the people of some roles in the planet, by name."""
    require(actor, Action.INCOME_READ)
    rows = db.session.execute(
        select(Membership.public_id, SHOWN_NAME)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.planet_id == planet_of(actor),
            Membership.role.in_(roles),
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
        )
        .order_by(SHOWN_NAME)
    )
    return [Choice(*row) for row in rows]


def _within(actor: Actor, stretch: Stretch) -> tuple[Any, ...]:
    return (
        LedgerTransaction.planet_id == planet_of(actor),
        LedgerTransaction.at >= stretch.starts,
        LedgerTransaction.at < stretch.ends,
    )


def _lines() -> Select[int, datetime, datetime, str, str, str, str, str, int]:
    return (
        select(
            LedgerTransaction.id,
            LedgerTransaction.at,
            LedgerTransaction.booked_at,
            LedgerTransaction.kind,
            LedgerTransaction.source_ref,
            func.coalesce(Order.public_id, ""),
            LedgerEntry.account,
            LedgerEntry.currency,
            LedgerEntry.amount,
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .outerjoin(Order, Order.id == LedgerTransaction.order_id)
        .order_by(LedgerTransaction.at, LedgerTransaction.id, LedgerEntry.amount.desc())
    )


def _named(rows: Iterable[Any]) -> list[JournalLine]:
    lines = [JournalLine(*row) for row in rows]
    names = _names(line.account for line in lines)
    return [
        replace(
            line,
            account=names.get(line.account, line.account),
            reference=_shown_reference(line),
        )
        for line in lines
    ]


def _shown_reference(line: JournalLine) -> str:
    """A share's reference ends with a row id and a payout's begins with one: those never leave the
    house."""
    if line.kind == "payout":
        return ""
    return line.reference.partition(":")[0] if line.kind == "share" else line.reference


def _names(accounts: Iterable[str]) -> dict[str, str]:
    """Return what to call accounts of people: by their names."""
    ids = {int(a.removeprefix(PAYABLE)) for a in accounts if a.startswith(PAYABLE)}
    if not ids:
        return {}
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {f"{PAYABLE}{user_id}": f"{PAYABLE} {name}" for user_id, name in rows}
