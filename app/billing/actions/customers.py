"""What the provider keeps of somebody whose account closed goes, when nothing needs it any more.

Until then a dispute could ask for it: 180 days after the last payment. An event tells the provider, and is
tried again until it has answered; the row goes with the answer. A timed job finds whose time has come,
also after a restored backup and when a late event brought the row back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select

from app.accounts.models import User
from app.billing.events import CustomerForgetAsked
from app.billing.gateway import gateways
from app.billing.models import Customer, Order, Payment, Refund, Subscription
from app.billing.queries.settled import DISPUTE_HORIZON, OVER
from app.billing.states import FINAL, HOLDS, OrderState
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.logs import get_logger
from app.outbox.events import put

# Who did not hear of it by then is asked anew: the letter is dead or was swept away.
ASK_AGAIN = timedelta(days=30)
BATCH = 200
_UNDER_WAY = ("asked", "pending")

log = get_logger("billing")


def forget_customers() -> int:
    """Ask for the end of what the provider keeps of people who are gone and of whom it needs nothing any
    more; blank their address in what the provider was asked for. A timed job; returns how many."""
    with unit_of_work():
        _blank_left()
        waiting = or_(
            Customer.forget_asked_at.is_(None),
            Customer.forget_asked_at < clock.now() - ASK_AGAIN,
        )
        return _ask(_free().where(waiting))


def ask_now(user_id: int) -> None:
    """Ask for it of somebody whose account closes, where nothing stands against it. In the caller's unit
    of work. A customer of another environment is only a name in our rows: nobody can be asked."""
    elsewhere = Customer.environment != gateways.environment
    db.session.execute(delete(Customer).where(Customer.user_id == user_id, elsewhere))
    _ask(_free().where(Customer.user_id == user_id))
    _blank(Order.user_id == user_id)


def forget_customer(payload: dict[str, Any]) -> None:
    """Tell the provider, and forget its name for the person. Outside of a transaction; GatewayError
    brings it back later. Handles CustomerForgetAsked."""
    row = db.session.scalar(_free().where(Customer.id == payload["customer_id"]))
    ref, account = (row.provider_ref, row.account) if row is not None else ("", "")
    gateway = _gateway_of(row) if row is not None else ""
    db.session.rollback()
    if not ref:
        # Somebody pays or disputes again, or it is done.
        return
    gateways.of(gateway).forget_customer(ref, account=account)
    with unit_of_work() as session:
        session.execute(delete(Customer).where(Customer.provider_ref == ref))
    log.info("a customer was forgotten by the provider", gateway=gateway)


def _ask(which: Select[Customer]) -> int:
    found = list(db.session.scalars(which.order_by(Customer.id).limit(BATCH)))
    for row in found:
        row.forget_asked_at = clock.now()
        put(CustomerForgetAsked(customer_id=row.id))
    return len(found)


def _free() -> Select[Customer]:
    """Return the customers whose accounts are closed and of whom nothing is open at the provider."""
    theirs = and_(
        Order.user_id == Customer.user_id,
        Order.environment == Customer.environment,
        Order.account == Customer.account,
    )
    runs = Subscription.status.not_in(FINAL)
    return (
        select(Customer)
        .join(User, User.id == Customer.user_id)
        .where(
            User.deactivated_at.is_not(None),
            Customer.environment == gateways.environment,
            ~exists().where(theirs, Order.state.in_(HOLDS)),
            ~exists().where(theirs, Subscription.order_id == Order.id, runs),
            ~exists().where(theirs, Payment.order_id == Order.id, _could_be_disputed()),
            ~exists().where(theirs, Refund.order_id == Order.id, Refund.state.in_(_UNDER_WAY)),
        )
    )


def _could_be_disputed() -> ColumnElement[bool]:
    young = Payment.paid_at > clock.now() - DISPUTE_HORIZON
    return or_(young, Payment.dispute.not_in(OVER))


def _gateway_of(row: Customer) -> str:
    """Return the provider that knows a customer: the one of their orders that has customers at all."""
    name = db.session.scalar(
        select(Order.gateway)
        .where(
            Order.user_id == row.user_id,
            Order.environment == row.environment,
            Order.account == row.account,
            Order.gateway != "transfer",
        )
        .order_by(Order.id.desc())
        .limit(1)
    )
    return name or gateways.default


def _blank(whose: ColumnElement[bool]) -> None:
    """Blank the address in wishes; not in one whose answer we do not know: a retry is identical (R5)."""
    asked = or_(Order.provider_ref.is_not(None), Order.state != OrderState.OPEN.value)
    for order in db.session.scalars(select(Order).where(whose, asked)):
        if order.wish.get("email"):
            order.wish = {**order.wish, "email": ""}
        # A page that shows the address to whoever has its link; it is never opened again.
        order.provider_url = ""


def _blank_left() -> None:
    gone = select(User.id).where(User.deactivated_at.is_not(None))
    names_them = Order.wish["email"].as_string() != ""
    found = select(Order.id).where(Order.user_id.in_(gone), names_them).limit(BATCH)
    _blank(Order.id.in_(list(db.session.scalars(found))))
