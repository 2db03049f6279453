"""Payment by hand as a provider like any other: what staff say is what is true.

It keeps in its own table what a provider would keep, so orders that are paid by transfer go through the
same `sync`, refunds and ledger as all others. No money moves here: staff look into their bank.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy.exc import IntegrityError

from app.billing.gateway import (
    NOTHING_KNOWN,
    UNKNOWN,
    BadWebhook,
    Charge,
    Checkout,
    CheckoutFact,
    CheckoutWish,
    GatewayError,
    Health,
    Known,
    PayoutFact,
    Poke,
    RefundFact,
    fetch_each,
)
from app.billing.models import Transfer
from app.kernel import clock
from app.kernel.db import db, unit_of_work

# So long somebody may take to say that he has transferred; a seat is held meanwhile.
PATIENCE = timedelta(days=14)


class TransferGateway:
    """The provider `transfer`. The page where one pays is the order's own."""

    name = "transfer"

    def __init__(self, environment: str) -> None:
        self.environment = environment

    def open_checkout(self, wish: CheckoutWish) -> Checkout:
        """Open a transfer, or return the one that this order opened before. Where nothing is to be paid
        nobody has to look for it."""
        ref = f"transfer_{wish.order_ref}"
        try:
            with unit_of_work() as session:
                if session.get(Transfer, ref) is None:
                    session.add(
                        Transfer(
                            ref=ref,
                            order_ref=wish.order_ref,
                            amount=wish.amount,
                            currency=wish.currency,
                            state="open" if wish.amount else "paid",
                            created_at=clock.now(),
                        )
                    )
        except IntegrityError:
            # Another window opened it in the same moment.
            pass
        # The order's own page; nobody comes back to it from elsewhere.
        return Checkout(ref, wish.success_url.partition("?")[0], clock.now() + PATIENCE)

    def close_checkout(self, ref: str, *, account: str) -> None:
        """Close a transfer of which nobody said that it was made."""
        with unit_of_work():
            row = lock_transfer(ref)
            if row.state == "open":
                row.state = "closed"

    def fetch(self, ref: str, *, account: str, known: Known = UNKNOWN) -> CheckoutFact:
        """Return all that is true now; what nobody stated in time has expired."""
        with unit_of_work():
            row = lock_transfer(ref)
            if row.state == "open" and row.created_at + PATIENCE <= clock.now():
                row.state = "closed"
            return _fact(row)

    def fetch_many(
        self,
        refs: Collection[str],
        *,
        account: str,
        since: datetime,
        known: Mapping[str, Known] = NOTHING_KNOWN,
    ) -> Iterator[dict[str, CheckoutFact | GatewayError]]:
        """Yield what is true of each, one after the other."""
        return fetch_each(self, refs, account=account)

    def find_checkout(self, poke: Poke) -> str:
        """No event ever comes from here."""
        return ""

    def refund(self, charge_ref: str, *, account: str, amount: int, token: str) -> RefundFact:
        """Write down that money goes back by hand; the same token again is the same refund."""
        with unit_of_work():
            row = lock_transfer(charge_ref)
            for known in row.refunds:
                if known["token"] == token:
                    return _refund(known)
            if amount > row.amount - _refunded(row):
                raise GatewayError("less than that is left of this transfer", retry=False)
            made = {
                "ref": f"{charge_ref}-{len(row.refunds) + 1}",
                "token": token,
                "amount": amount,
                "at": clock.now().isoformat(),
            }
            row.refunds = [*row.refunds, made]
            return _refund(made)

    def end_subscription(self, ref: str, *, account: str, when: str) -> None:
        """Nothing renews by itself here."""
        _refuse()

    def resume_subscription(self, ref: str, *, account: str) -> None:
        """Nothing renews by itself here."""
        _refuse()

    def hold_charges(self, ref: str, *, account: str) -> None:
        """Nothing renews by itself here."""
        _refuse()

    def release_charges(self, ref: str, *, account: str, next_at: datetime | None) -> None:
        """Nothing renews by itself here."""
        _refuse()

    def portal_url(self, customer_ref: str, *, account: str, return_url: str) -> str:
        """There is no card to change."""
        return ""

    def forget_customer(self, ref: str, *, account: str) -> None:
        """Nobody's name or address is kept with a transfer: there is nothing to delete."""

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Poke:
        """No event ever comes from here."""
        raise BadWebhook("transfers have no webhook")

    def events_since(self, cursor: str, *, account: str) -> Iterator[Poke]:
        """No event ever comes from here."""
        return iter(())

    def page_url(self, ref: str, *, account: str) -> str:
        """Return "": there is no other page than our own."""
        return ""

    def payouts_since(self, since: datetime | None, *, account: str) -> Iterator[PayoutFact]:
        """Yield nothing: no money lies here."""
        yield from ()

    def balance(self, *, account: str) -> None:
        """Return None: no money lies here."""

    def examine(self, *, now: datetime) -> list[Health]:
        """There is nothing that could be unwell."""
        return []


def lock_transfer(ref: str) -> Transfer:
    """Return a transfer, locked until the unit of work ends. GatewayError when there is none."""
    row = db.session.get(Transfer, ref, with_for_update=True, populate_existing=True)
    if row is None:
        raise GatewayError(f"no transfer {ref}", retry=False)
    return row


def _fact(row: Transfer) -> CheckoutFact:
    status = {"open": "open", "closed": "expired"}.get(row.state, "complete")
    paid = row.state == "paid"
    return CheckoutFact(
        ref=row.ref,
        status=status,
        paid=paid,
        failed=row.state == "declined",
        amount=row.amount,
        currency=row.currency,
        charge=_charge(row) if paid and row.amount else None,
    )


def _charge(row: Transfer) -> Charge:
    return Charge(
        ref=row.ref,
        amount=row.amount,
        currency=row.currency,
        paid_at=row.decided_at or row.created_at,
        refunded=_refunded(row),
        refunds=tuple(_refund(known) for known in row.refunds),
    )


def _refunded(row: Transfer) -> int:
    return sum(int(known["amount"]) for known in row.refunds)


def _refund(known: dict[str, Any]) -> RefundFact:
    at = datetime.fromisoformat(known["at"])
    return RefundFact(known["ref"], int(known["amount"]), "succeeded", at)


def _refuse() -> NoReturn:
    raise GatewayError("a transfer does not renew by itself", retry=False)
