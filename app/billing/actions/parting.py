"""Every way out of a planet, with what was sold there: no subscription runs on, no checkout stays open (R25).

Doors call these instead of the acts of `memberships`; whoever calls those all the same is caught up with
by the event `MembershipEnded`, and by reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, or_, select

from app.accounts.models import User
from app.billing.actions.checkout import close_page
from app.billing.actions.ending import ends_already, wish_end
from app.billing.actions.orders import lock_live
from app.billing.events import CheckoutCloseAsked
from app.billing.models import Order, Subscription
from app.billing.queries.running import find_subscription, unconfirmed
from app.billing.states import FINAL, OrderState
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships import actions as memberships
from app.memberships.models import Membership
from app.memberships.parted import IS_GONE, Parted, Way, read_parted
from app.memberships.queries import get_row
from app.memberships.rows import person_of, planet_of
from app.outbox.events import put
from app.policy import Action, Actor
from app.policy.gate import require

# When the subscription of somebody who leaves ends: their choice.
ENDS = ("at_end", "now")
# What is closed and stopped by which way out. Who leaves may still give somebody else a membership, and
# questions are settled by their own rules (docs/billing.md).
_KINDS = {
    Way.LEFT: ("membership",),
    Way.REMOVED: ("membership", "gift"),
    Way.CLOSED: ("membership", "gift"),
}


def leave(actor: Actor, *, ends: str) -> None:
    """Leave the planet; subscriptions there end `at_end` of what is paid, or `now`.

    In the caller's unit of work; the provider is told afterwards. Invalid("ends", "choice"); Refused as
    of `memberships.leave`.
    """
    require(actor, Action.ACCOUNT_USE)
    if ends not in ENDS:
        raise Invalid("ends", "choice")
    orders = lock_live(Order.planet_id == planet_of(actor), Order.user_id == person_of(actor))
    memberships.leave(actor)
    _part(orders, Way.LEFT, when=ends, cause="buyer")


def remove(actor: Actor, *, member_id: str, reason: str) -> None:
    """Put a member out; their subscriptions end now. Money stays where it is: refunds are for that.

    In the caller's unit of work. NotFound outside the planet; refused as by `memberships.remove`.
    """
    # Orders before memberships, as everybody locks them.
    theirs = select(Membership.user_id).where(
        Membership.public_id == member_id, Membership.planet_id == planet_of(actor)
    )
    orders = lock_live(
        Order.planet_id == planet_of(actor), Order.user_id.in_(theirs.scalar_subquery())
    )
    memberships.remove(actor, member=get_row(actor, member_id), reason=reason)
    _part(orders, Way.REMOVED, when="now", cause="staff")


def leave_everywhere(actor: Actor) -> None:
    """Leave every planet because the account closes: all subscriptions end now, also those of planets
    that were left before. In the caller's unit of work; Refused(last_owner)."""
    require(actor, Action.ACCOUNT_USE)
    orders = lock_live(Order.user_id == person_of(actor))
    memberships.leave_every_planet(actor)
    _part(orders, Way.CLOSED, when="now", cause="buyer")


def follow_parting(payload: dict[str, Any]) -> None:
    """Stop what somebody who left or was removed bought, whatever let them go. Handles MembershipEnded."""
    whose = db.session.execute(
        select(Membership.planet_id, Membership.user_id).where(
            Membership.id == payload["membership_id"]
        )
    ).one_or_none()
    if whose is None:
        return
    planet_id, user_id = whose
    orders = lock_live(Order.planet_id == planet_id, Order.user_id == user_id)
    parted = read_parted([(planet_id, user_id)]).get((planet_id, user_id))
    if parted is not None:
        _catch_up(orders, parted)


def close_left_checkout(payload: dict[str, Any]) -> None:
    """Close the checkout of somebody who is gone; one that was paid meanwhile is looked after by its
    sync. Handles CheckoutCloseAsked."""
    order = db.session.get(Order, payload["order_id"])
    if order is None or order.state != OrderState.OPEN:
        return
    try:
        close_page(order.id)
    except Conflict:
        return


def stop_forgotten() -> list[int]:
    """Ask for the end of what runs on although its buyer is gone, by whatever way that was missed.

    Opens its own unit of work. Returns the orders whose end the provider has not confirmed yet.
    """
    with unit_of_work():
        rows = list(db.session.execute(_gone_with_orders()).all())
        parted = read_parted({(planet_id, user_id) for _id, planet_id, user_id in rows})
        for order_id, planet_id, user_id in rows:
            orders = lock_live(Order.id == order_id)
            if (found := parted.get((planet_id, user_id))) is not None:
                _catch_up(orders, found)
    waiting = select(Subscription.order_id).where(unconfirmed()).order_by(Subscription.order_id)
    found_waiting = list(db.session.scalars(waiting))
    db.session.rollback()
    return found_waiting


def _gone_with_orders() -> Select[int, int, int]:
    """Return the orders of people who are gone that are open, or whose subscription was not told to end."""
    open_ = Order.state == OrderState.OPEN.value
    runs = (Subscription.status.not_in(FINAL)) & (Subscription.end_wanted == "")
    return (
        select(Order.id, Order.planet_id, Order.user_id)
        .join(
            Membership,
            (Membership.planet_id == Order.planet_id) & (Membership.user_id == Order.user_id),
        )
        .join(User, User.id == Order.user_id)
        .outerjoin(Subscription, Subscription.order_id == Order.id)
        .where(IS_GONE, Order.kind != "question", or_(open_, runs))
        .order_by(Order.id)
    )


def _catch_up(orders: Iterable[Order], parted: Parted) -> None:
    """Stop what was ordered before somebody went, and not stopped then."""
    before = [
        order
        for order in orders
        if order.parted_at is not None or order.created_at <= parted.at or not parted.returns
    ]
    when = "at_end" if parted.returns else "now"
    _part(before, parted.way, when=when, cause="job", at=parted)


def _part(
    orders: Iterable[Order], way: Way, *, when: str, cause: str, at: Parted | None = None
) -> None:
    """Mark what somebody ordered, close the checkouts that are open, and ask for subscriptions' ends."""
    for order in orders:
        if order.kind not in _KINDS[way]:
            continue
        order.parted_at = order.parted_at or (at.at if at else clock.now())
        if order.state == OrderState.OPEN:
            put(CheckoutCloseAsked(order_id=order.id))
        row = find_subscription(order.id) if order.mode == "subscription" else None
        if row is not None and not ends_already(row, when):
            wish_end(order, when=when, cause=cause)
