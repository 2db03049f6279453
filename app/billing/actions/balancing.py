"""Comparing our books with what lies at the payment provider (R32)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.billing.gateway import Gateway, PayoutFact, gateways
from app.billing.models import LedgerEntry, LedgerTransaction, Order, ProviderPayout
from app.kernel.db import db, unit_of_work

# A payout may fail days after it was made; what is older than this does not change any more.
STILL_MOVES = timedelta(days=30)
CAME_BACK = ("failed", "canceled")
PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our books beside a provider's balance, in minor units of a currency.

    `booked`: what our ledger says came in there less what went out; `paid_out`: sent to the bank;
    `found`: what the provider says lies there.
    """

    gateway: str
    account: str
    currency: str
    booked: int
    paid_out: int
    found: int

    @property
    def expected(self) -> int:
        """What ought to lie there by our books."""
        return self.booked - self.paid_out

    @property
    def difference(self) -> int:
        """What lies there beyond our books; below 0: what is missing."""
        return self.found - self.expected


def record_payouts() -> int:
    """Write down what providers sent to the bank, with their states of now; returns how many were
    looked at. Opens its own units of work; GatewayError when a provider does not answer."""
    seen = 0
    for gateway, account in _accounts():
        since = _looked_at(gateway.name, account)
        found = list(gateway.payouts_since(since and since - STILL_MOVES, account=account))
        with unit_of_work():
            for fact in found:
                db.session.merge(_row(gateway, account, fact))
        seen += len(found)
    return seen


def compare() -> list[Comparison]:
    """Return our books beside the balance of each provider that holds money, by currency.

    Asks the providers: GatewayError when one does not answer. Payouts are as of `record_payouts`.
    """
    found = []
    for gateway, account in _accounts():
        balance = gateway.balance(account=account)
        if balance is not None:
            booked, paid_out = _booked(gateway.name, account), _paid_out(gateway.name, account)
            found += _compared(gateway.name, account, booked, paid_out, balance)
    db.session.rollback()
    return found


def _compared(
    gateway: str,
    account: str,
    booked: Mapping[str, int],
    paid_out: Mapping[str, int],
    balance: Mapping[str, int],
) -> list[Comparison]:
    return [
        Comparison(
            gateway,
            account,
            currency,
            booked.get(currency, 0),
            paid_out.get(currency, 0),
            balance.get(currency, 0),
        )
        for currency in sorted({*booked, *paid_out, *balance})
    ]


def _accounts() -> list[tuple[Gateway, str]]:
    """Return each provider that is set up with each account of it that orders name."""
    named = select(Order.gateway, Order.account).distinct()
    pairs = {(name, "") for name in gateways.by_name}
    pairs |= {(name, account) for name, account in db.session.execute(named)}
    db.session.rollback()
    return [
        (gateways.by_name[name], acc) for name, acc in sorted(pairs) if name in gateways.by_name
    ]


def _looked_at(gateway: str, account: str) -> datetime | None:
    newest = db.session.scalar(
        select(func.max(ProviderPayout.at)).where(
            ProviderPayout.gateway == gateway, ProviderPayout.account == account
        )
    )
    db.session.rollback()
    return newest


def _row(gateway: Gateway, account: str, fact: PayoutFact) -> ProviderPayout:
    return ProviderPayout(
        ref=fact.ref,
        gateway=gateway.name,
        account=account,
        environment=gateway.environment,
        amount=fact.amount,
        currency=fact.currency,
        status=fact.status,
        at=fact.at,
    )


def _booked(gateway: str, account: str) -> Mapping[str, int]:
    rows = db.session.execute(
        select(LedgerEntry.currency, func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(Order, Order.id == LedgerTransaction.order_id)
        .where(
            LedgerEntry.account == PROVIDER,
            LedgerTransaction.environment == gateways.environment,
            Order.gateway == gateway,
            Order.account == account,
        )
        .group_by(LedgerEntry.currency)
    )
    return Counter({currency: int(amount) for currency, amount in rows})


def _paid_out(gateway: str, account: str) -> Mapping[str, int]:
    rows = db.session.execute(
        select(ProviderPayout.currency, func.sum(ProviderPayout.amount))
        .where(
            ProviderPayout.gateway == gateway,
            ProviderPayout.account == account,
            ProviderPayout.environment == gateways.environment,
            ProviderPayout.status.not_in(CAME_BACK),
        )
        .group_by(ProviderPayout.currency)
    )
    return Counter({currency: int(amount) for currency, amount in rows})
