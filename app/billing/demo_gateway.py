"""The demo provider: keeps in a table what a real one would keep, and behaves like one.

Only a database made for `demo` ever registers it. It takes no money, so it says yes to everything it is
told by the buttons of its own page (`blueprints/billing/demo.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.billing import demo_machine as machine
from app.billing.gateway import (
    NOTHING_KNOWN,
    UNKNOWN,
    BadWebhook,
    Charge,
    Checkout,
    CheckoutFact,
    CheckoutWish,
    DisputeFact,
    GatewayError,
    Health,
    Invoice,
    Known,
    PayoutFact,
    Poke,
    RefundFact,
    SubscriptionFact,
    fetch_each,
)
from app.billing.models import DemoCheckout
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.ids import new_public_id

State = dict[str, Any]


class DemoGateway:
    """A provider without money. `page` is where its checkouts are shown, with `{ref}` in it."""

    name = "demo"
    environment = "demo"

    def __init__(self, page: str) -> None:
        self._page = page

    def open_checkout(self, wish: CheckoutWish) -> Checkout:
        """Open a checkout, or return the one that this order opened before."""
        # The same wish is the same checkout, as an idempotency key makes it at a real provider.
        ref = f"demo_{wish.order_ref}"
        try:
            with unit_of_work() as session:
                row = session.get(DemoCheckout, ref)
                if row is None:
                    row = DemoCheckout(
                        ref=ref,
                        order_ref=wish.order_ref,
                        state=machine.begun(wish),
                        created_at=clock.now(),
                    )
                    session.add(row)
        except IntegrityError:
            # Another window opened it in the same moment.
            pass
        return Checkout(ref, self._page.replace("{ref}", ref), wish.expires_at)

    def close_checkout(self, ref: str, *, account: str) -> None:
        """Let an open checkout expire now."""
        with unit_of_work():
            state = _row(ref).state
            if state["status"] == "open":
                _keep(ref, {**state, "status": "expired"})

    def fetch(self, ref: str, *, account: str, known: Known = UNKNOWN) -> CheckoutFact:
        """Return all that is true now; a checkout whose time is over has expired."""
        with unit_of_work():
            state = _row(ref).state
            ends = _moment(state["wish"]["expires_at"])
            if state["status"] == "open" and ends is not None and ends <= clock.now():
                state = {**state, "status": "expired"}
                _keep(ref, state)
        return _fact(ref, state)

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
        """Return the checkout an event is about: the demo's events name it."""
        return poke.object_ref

    def refund(self, charge_ref: str, *, account: str, amount: int, token: str) -> RefundFact:
        """Give money back; the same token again is the same refund."""
        with unit_of_work():
            ref = charge_ref.split("/")[0]
            state = _row(ref).state
            charge = _charge_of(state, charge_ref)
            for known in charge["refunds"]:
                if known["token"] == token:
                    return _refund(known)
            left = charge["amount"] - machine.refunded(charge)
            if amount > left:
                raise GatewayError(f"only {left} is left of this charge", retry=False)
            made = {
                "ref": f"re_{new_public_id()}",
                "token": token,
                "amount": amount,
                "status": "succeeded",
                "at": clock.now().isoformat(),
            }
            charge["refunds"] = [*charge["refunds"], made]
            _keep(ref, state)
            return _refund(made)

    def end_subscription(self, ref: str, *, account: str, when: str) -> None:
        """Cancel now, or at the end of what is paid."""
        with unit_of_work():
            name = ref.removesuffix("/sub")
            state = _row(name).state
            held = state["subscription"]
            if held["status"] == "canceled":
                # It stays as it ended, as with a real provider.
                return
            if when == "now":
                held |= {"status": "canceled", "ended_at": clock.now().isoformat()}
            else:
                held["cancel_at_period_end"] = True
            _keep(name, state)

    def resume_subscription(self, ref: str, *, account: str) -> None:
        """Take a cancellation at the period's end back."""
        self._change(ref, cancel_at_period_end=False)

    def hold_charges(self, ref: str, *, account: str) -> None:
        """Charge no more until `release_charges`."""
        self._change(ref, held=True)

    def release_charges(self, ref: str, *, account: str, next_at: datetime | None) -> None:
        """Charge again, the next period beginning at `next_at`."""
        moved = {"next": next_at.isoformat()} if next_at else {}
        self._change(ref, held=False, **moved)

    def _change(self, ref: str, **values: Any) -> None:
        with unit_of_work():
            name = ref.removesuffix("/sub")
            state = _row(name).state
            state["subscription"] |= values
            _keep(name, state)

    def portal_url(self, customer_ref: str, *, account: str, return_url: str) -> str:
        """The demo keeps no cards: there is no page for them."""
        return ""

    def forget_customer(self, ref: str, *, account: str) -> None:
        """The demo keeps nobody's name or address: there is nothing to delete."""

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Poke:
        """The demo sends none."""
        raise BadWebhook("the demo sends no webhooks")

    def events_since(self, cursor: str, *, account: str) -> Iterator[Poke]:
        """The demo keeps no list of events: each button pokes by itself."""
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
        """Nothing can be wrong with it, but that it is one."""
        told = "payments are played with: nobody pays anything"
        mend = "to take money: PLANETARIUM_PAYMENTS=live on a new database, with a Stripe key"
        return [Health("provider", True, told, mend)]


def act(ref: str, deed: str) -> None:
    """Do what a button of the demo's page says. GatewayError for what is not possible now."""
    with unit_of_work():
        state = _row(ref).state
        if deed not in machine.possible(state):
            raise GatewayError(f"not possible now: {deed}", retry=False)
        machine.DEEDS[deed](ref, state)
        _keep(ref, state)


def find_state(ref: str) -> State | None:
    """Return what the demo knows of a checkout; None when there is none."""
    row = db.session.get(DemoCheckout, ref)
    return row.state if row else None


def _row(ref: str) -> DemoCheckout:
    row = db.session.get(DemoCheckout, ref, with_for_update=True, populate_existing=True)
    if row is None:
        raise GatewayError(f"no such checkout: {ref}", retry=False)
    return row


def _keep(ref: str, state: State) -> None:
    # A new object: SQLAlchemy does not see changes inside a JSON value.
    row = db.session.get_one(DemoCheckout, ref)
    row.state = {**state, "rev": state.get("rev", 0) + 1}


def _charge_of(state: State, ref: str) -> State:
    invoices = state["subscription"]["invoices"] if state["subscription"] else []
    for charge in (state["charge"], *(invoice["charge"] for invoice in invoices)):
        if charge is not None and charge["ref"] == ref:
            found: State = charge
            return found
    raise GatewayError(f"no such charge: {ref}", retry=False)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _refund(held: State) -> RefundFact:
    at = datetime.fromisoformat(held["at"])
    return RefundFact(held["ref"], held["amount"], held["status"], at)


def _as_charge(held: State | None, currency: str) -> Charge | None:
    if held is None:
        return None
    dispute = held["dispute"]
    return Charge(
        ref=held["ref"],
        amount=held["amount"],
        currency=currency,
        paid_at=datetime.fromisoformat(held["paid_at"]),
        refunded=machine.refunded(held),
        fee=held["fee"],
        refunds=tuple(_refund(refund) for refund in held["refunds"]),
        dispute=DisputeFact(
            dispute["ref"],
            dispute["amount"],
            dispute["status"],
            datetime.fromisoformat(dispute["at"]),
            answer_by=_moment(dispute.get("answer_by")),
        )
        if dispute
        else None,
    )


def _fact(ref: str, state: State) -> CheckoutFact:
    currency = state["wish"]["currency"]
    held = state["subscription"]
    subscription = None
    if held is not None:
        subscription = SubscriptionFact(
            ref=f"{ref}/sub",
            status=held["status"],
            cancel_at_period_end=held["cancel_at_period_end"],
            cancel_at=None,
            ended_at=_moment(held["ended_at"]),
            trial_end=_moment(held["trial_end"]),
            held=held.get("held", False),
            invoices=tuple(
                Invoice(
                    ref=invoice["ref"],
                    starts=datetime.fromisoformat(invoice["starts"]),
                    ends=datetime.fromisoformat(invoice["ends"]),
                    amount=invoice["amount"],
                    currency=currency,
                    charge=_as_charge(invoice["charge"], currency),
                )
                for invoice in held["invoices"]
            ),
        )
    return CheckoutFact(
        ref=ref,
        status=state["status"],
        paid=state["paid"],
        failed=state["failed"],
        amount=state["wish"]["amount"],
        currency=currency,
        customer_ref="",
        charge=_as_charge(state["charge"], currency),
        subscription=subscription,
    )
