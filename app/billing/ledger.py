"""The ledger: double entry, from payments, fees, refunds, disputes and shares; only ever added to.

What ought to be booked is a pure function of rows (`dues_of`); what is booked already is read back, and
the difference is added. So any order and any repetition ends in the same balances, and a booking once
made is never touched: what turned out otherwise is booked in the other direction.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.billing.house import house
from app.billing.models import (
    IncomeShare,
    LedgerEntry,
    LedgerTransaction,
    Order,
    PaidQuestion,
    Payment,
    Refund,
)
from app.billing.owed import PAIR, owed_by
from app.kernel import clock
from app.kernel.db import db

INCOME, FEES, PLATFORM, DISPUTES, TAX = "income", "fees", "platform", "disputes", "tax"
# Where money lies: at the provider, or in the owner's bank when it was transferred by hand.
MONEY = {"transfer": "bank"}
OPEN_DISPUTES = frozenset({"needs_response", "under_review"})
# Refunds that the provider counts: a failed one gives back nothing.
COUNTED = frozenset({"pending", "succeeded"})


@dataclass(frozen=True, slots=True)
class Cause:
    """What a booking stands for. `source` and `ref` name it once for ever."""

    planet_id: int
    order_id: int | None
    environment: str
    kind: str
    source: str
    ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A signed amount in minor units on an account; a debit is above 0."""

    account: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Due:
    """What ought to stand on accounts because of one fact. `back` is the kind of a later correction."""

    kind: str
    back: str
    source: str
    ref: str
    at: datetime
    amounts: Mapping[str, int]


def book(cause: Cause, lines: Iterable[Line]) -> LedgerTransaction | None:
    """Add a transaction, in the caller's transaction; None when this cause is booked already.

    ValueError unless its lines sum to 0 in each currency and none of them is 0.
    """
    rows = _write([(cause, list(lines))])
    return rows[0] if rows else None


def is_booked(cause: Cause) -> bool:
    """Tell whether a cause was booked before."""
    found = select(LedgerTransaction.id).where(
        LedgerTransaction.source == cause.source, LedgerTransaction.source_ref == cause.ref
    )
    return db.session.scalar(found) is not None


def _refuse_unbalanced(cause: Cause, lines: Sequence[Line]) -> None:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.currency] += line.amount
    if not lines or any(sums.values()) or not all(line.amount for line in lines):
        raise ValueError(f"unbalanced booking of {cause.source} {cause.ref}")


def _write(bookings: Sequence[tuple[Cause, Sequence[Line]]]) -> list[LedgerTransaction]:
    """Add transactions with their entries; those that were booked meanwhile are left out."""
    for cause, lines in bookings:
        _refuse_unbalanced(cause, lines)
    moment = clock.now()
    rows = [
        LedgerTransaction(
            planet_id=cause.planet_id,
            order_id=cause.order_id,
            environment=cause.environment,
            kind=cause.kind,
            source=cause.source,
            source_ref=cause.ref,
            at=cause.at,
            booked_at=moment,
        )
        for cause, _lines in bookings
    ]
    try:
        with db.session.begin_nested():
            db.session.add_all(rows)
            db.session.flush()
            db.session.execute(
                insert(LedgerEntry),
                [
                    {"transaction_id": row.id, **asdict(line)}
                    for row, (_cause, lines) in zip(rows, bookings, strict=True)
                    for line in lines
                ],
            )
    except IntegrityError:
        return [row for one in bookings for row in _write([one])] if len(bookings) > 1 else []
    return rows


def book_order(order: Order) -> list[LedgerTransaction]:
    """Book what is not booked yet of an order's payments and refunds; returns what was added."""
    return book_orders([order])


def book_orders(orders: Sequence[Order]) -> list[LedgerTransaction]:
    """Book what is not booked yet of several orders; see `book_order`."""
    db.session.flush()
    by_id = {order.id: order for order in orders}
    # Two syncs of one order book one after the other.
    db.session.scalars(
        select(Order.id).where(Order.id.in_(by_id)).order_by(Order.id).with_for_update()
    ).all()
    refunds = _read_payments(by_id)
    if not refunds:
        return []
    booked, shares = _read_booked(by_id), _Shares(orders)
    missing: list[tuple[Cause, list[Line]]] = []
    for payment in refunds:
        order = by_id[payment.order_id]
        if payment.platform_percent is None:
            payment.platform_percent = house.platform_fee_percent
        dues = dues_of(
            payment,
            refunds[payment],
            money=MONEY.get(order.gateway, "provider"),
            shares=shares.of(order, payment.paid_at),
            now=clock.now(),
        )
        found = [_missing(order, payment.currency, due, booked[order.id]) for due in dues]
        missing += [booking for booking in found if booking is not None]
    return _write(missing) if missing else []


def _read_payments(order_ids: Collection[int]) -> dict[Payment, list[Refund]]:
    """Return the payments of orders with what was asked back of each, the oldest first."""
    refunds: dict[Payment, list[Refund]] = defaultdict(list)
    for payment, refund in db.session.execute(
        select(Payment, Refund)
        .outerjoin(Refund, Refund.payment_id == Payment.id)
        .where(Payment.order_id.in_(order_ids))
        .order_by(Payment.order_id, Payment.id, Refund.id)
    ):
        refunds[payment] += [refund] if refund is not None else []
    return refunds


def dues_of(
    payment: Payment,
    refunds: Sequence[Refund],
    *,
    money: str,
    shares: Mapping[int, int],
    now: datetime,
) -> list[Due]:
    """Return all that ought to be booked of a payment as it is now. Pure.

    `shares` are percents by user id; `now` dates what has no moment of its own. Fees and shares are
    of what is left after tax, floored; the rest is the creator's (R21). Of a part that went back the
    same part of the tax is owed no more.
    """
    ref, at = payment.provider_ref, payment.paid_at
    left = payment.amount - payment.refunded
    disputed = min(payment.dispute_amount or left, left) if payment.dispute else 0
    lost = disputed if payment.dispute == "lost" else 0
    kept = max(left - lost, 0)
    tax = payment.tax * kept // payment.amount if payment.amount else 0
    net = kept - tax
    dues = [
        Due("payment", "payment", "payment", ref, at, _move(INCOME, money, payment.amount)),
        Due("fee", "fee", "fee", ref, at, _move(money, FEES, payment.fee)),
        *_refund_dues(payment, refunds, money, now),
        _dispute_due(payment, disputed, money, now),
        Due("dispute_fee", "dispute_fee", "dispute_fee", ref, payment.dispute_at or at,
            _move(money, FEES, payment.dispute_fee)),
        Due("tax", "tax", "tax", ref, at, _move(TAX, INCOME, tax)),
        Due("platform_fee", "platform_fee", "platform_fee", ref, at,
            _move(PLATFORM, INCOME, _part(net, payment.platform_percent or 0))),
    ]  # fmt: skip
    for user_id, percent in sorted(shares.items()):
        part = _move(f"payable:{user_id}", INCOME, _part(net, percent))
        dues.append(Due("share", "share", "share", f"{ref}:{user_id}", at, part))
    return dues


def _refund_dues(
    payment: Payment, refunds: Sequence[Refund], money: str, now: datetime
) -> list[Due]:
    """Each refund that we know by its reference, and what the provider counts beyond them."""
    known = [refund for refund in refunds if refund.provider_ref]
    rest = payment.refunded - sum(r.amount for r in known if r.state in COUNTED)
    dues = [
        Due(
            "refund",
            "refund_failed",
            "refund",
            refund.provider_ref or "",
            refund.settled_at or refund.asked_at,
            _move(money, INCOME, refund.amount if refund.state in COUNTED else 0),
        )
        for refund in known
    ]
    back = _move(money, INCOME, rest)
    return [*dues, Due("adjustment", "adjustment", "adjustment", payment.provider_ref, now, back)]


def _dispute_due(payment: Payment, disputed: int, money: str, now: datetime) -> Due:
    """Money of an open dispute is taken back meanwhile; of a lost one for good (R19)."""
    if payment.dispute in OPEN_DISPUTES:
        amounts, kind = _move(money, DISPUTES, disputed), "dispute"
    elif payment.dispute == "lost":
        amounts, kind = _move(money, INCOME, disputed), "dispute_lost"
    else:
        amounts, kind = {}, "dispute_won"
    at = payment.dispute_at or now
    return Due(kind, kind, "dispute", payment.provider_ref, at, amounts)


def _move(credit: str, debit: str, amount: int) -> dict[str, int]:
    return {debit: amount, credit: -amount} if amount else {}


def _part(amount: int, percent: int) -> int:
    return amount * percent // 100


@dataclass
class _Booked:
    """What is booked of one fact: how often, and what that comes to."""

    times: int
    amounts: Counter[str]


def _missing(
    order: Order, currency: str, due: Due, booked: dict[tuple[str, str], _Booked]
) -> tuple[Cause, list[Line]] | None:
    """Return what is to be booked: the difference between what ought to stand and what stands."""
    held = booked[due.source, due.ref]
    wanted = {**due.amounts, **_owed(due.amounts, held.amounts)}
    lines = [
        Line(name, missing, currency)
        for name in sorted({*wanted, *held.amounts})
        if (missing := wanted.get(name, 0) - held.amounts[name])
    ]
    if not lines:
        return None
    first = held.times == 0
    if not first and all(line.account in PAIR for line in lines):
        # Booked before the installation owed its owners: a word on the same fact, so of its time.
        return _cause(order, due, "owed", f"{due.ref}#{held.times}", due.at), lines
    kind = due.kind if first or any(due.amounts.values()) else due.back
    ref = due.ref if first else f"{due.ref}#{held.times}"
    return _cause(order, due, kind, ref, due.at if first else clock.now()), lines


def _owed(amounts: Mapping[str, int], held: Mapping[str, int]) -> Mapping[str, int]:
    """Return what a fact changes of what is owed to the owner; where the installation owes nobody, what
    it once said of it stays."""
    if house.settles_owners:
        return owed_by(amounts)
    return {name: held[name] for name in PAIR if name in held}


def _cause(order: Order, due: Due, kind: str, ref: str, at: datetime) -> Cause:
    return Cause(
        planet_id=order.planet_id,
        order_id=order.id,
        environment=order.environment,
        kind=kind,
        source=due.source,
        ref=ref,
        at=at,
    )


def _read_booked(order_ids: Collection[int]) -> dict[int, dict[tuple[str, str], _Booked]]:
    rows = db.session.execute(
        select(
            LedgerTransaction.id,
            LedgerTransaction.order_id,
            LedgerTransaction.source,
            LedgerTransaction.source_ref,
            LedgerEntry.account,
            LedgerEntry.amount,
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerTransaction.order_id.in_(order_ids))
    )
    booked: dict[int, dict[tuple[str, str], _Booked]] = {
        order_id: defaultdict(lambda: _Booked(0, Counter())) for order_id in order_ids
    }
    seen: set[int] = set()
    for row_id, order_id, source, ref, account, amount in rows:
        assert order_id is not None
        held = booked[order_id][source, ref.partition("#")[0]]
        held.times += row_id not in seen
        held.amounts[account] += amount
        seen.add(row_id)
    return booked


class _Shares:
    """The shares that may count for orders, read at once."""

    def __init__(self, orders: Sequence[Order]) -> None:
        planets = {order.planet_id for order in orders}
        plans = {order.plan_id for order in orders}
        self._shares = db.session.scalars(
            select(IncomeShare).where(
                IncomeShare.planet_id.in_(planets),
                IncomeShare.plan_id.is_(None) | IncomeShare.plan_id.in_(plans - {None}),
            )
        ).all()
        # Earned by the answer: until then the money may have to go back.
        answered = select(PaidQuestion.order_id, PaidQuestion.addressee_id).where(
            PaidQuestion.order_id.in_([o.id for o in orders if o.kind == "question"]),
            PaidQuestion.outcome == "answered",
        )
        rows = db.session.execute(answered).all() if self._shares else []
        self._answerers = {(row.order_id, row.addressee_id) for row in rows}

    def of(self, order: Order, at: datetime) -> dict[int, int]:
        """Return whose percent of an order counted at a moment: its plan's, or that of who answered."""
        shares: Counter[int] = Counter()
        for share in self._shares:
            held = share.created_at <= at and (share.ended_at is None or share.ended_at > at)
            if held and self._counts(share, order):
                shares[share.user_id] += share.percent
        return dict(shares)

    def _counts(self, share: IncomeShare, order: Order) -> bool:
        if share.planet_id != order.planet_id:
            return False
        if order.kind == "question":
            return share.plan_id is None and (order.id, share.user_id) in self._answerers
        return share.plan_id is not None and share.plan_id == order.plan_id
