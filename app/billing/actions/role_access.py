"""Whoever has their access by a role is charged for none: their subscriptions end, checkouts close (R25).

Doors call these instead of the acts of `memberships`; whoever calls those all the same is caught up with by
their events, and by reconciliation. What is paid stays, and rests while the role lasts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, or_, select

from app.billing.actions.ending import ends_already, wish_end
from app.billing.actions.orders import lock_live
from app.billing.events import CheckoutCloseAsked, SubscriptionNeedless
from app.billing.models import Order, Subscription
from app.billing.queries.running import find_subscription
from app.billing.states import FINAL, OrderState
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.memberships import actions as memberships
from app.memberships.facts import HAS_BY_ROLE
from app.memberships.models import Invitation, Membership
from app.memberships.queries import get_row
from app.memberships.queries.covered import has_by_role
from app.memberships.rows import Whose, person_of, planet_of
from app.outbox.events import put
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require


def set_role(actor: Actor, *, member_id: str, role: PlanetRole) -> None:
    """Give a member another role; in the caller's unit of work. NotFound outside the planet; refused, and
    Invalid, as of `memberships.set_role`."""
    orders = _lock_of(actor, member_id)
    memberships.set_role(actor, member=get_row(actor, member_id), role=role)
    _stop_charging(orders, cause="staff")


def hand_over(actor: Actor, *, member_id: str, confirmation: str, expected: str) -> None:
    """Make somebody inside the owner; in the caller's unit of work. Refusals as of `memberships.hand_over`;
    Invalid("member", "choice") for nobody of the planet."""
    orders = _lock_of(actor, member_id)
    try:
        heir = get_row(actor, member_id)
    except NotFound:
        raise Invalid("member", "choice") from None
    memberships.hand_over(actor, member=heir, confirmation=confirmation, expected=expected)
    _stop_charging(orders, cause="staff")


def accept_invitation(
    actor: Actor, *, invitation: Invitation, nickname: str = "", rules_version: int = 0
) -> None:
    """Take an invitation up; in the caller's unit of work. Refusals as of `memberships.accept_invitation`."""
    require(actor, Action.ACCOUNT_USE)
    orders = _lock_orders(invitation.planet_id, person_of(actor))
    memberships.accept_invitation(
        actor, invitation=invitation, nickname=nickname, rules_version=rules_version
    )
    _stop_charging(orders, cause="buyer")


def follow_role(payload: dict[str, Any]) -> None:
    """End what somebody with such a role subscribed to. Handles RoleChanged and MembershipStarted: a role
    can come with an invitation, and a checkout can be paid after it came."""
    whose = db.session.execute(
        select(Membership.planet_id, Membership.user_id).where(
            Membership.id == payload["membership_id"], HAS_BY_ROLE
        )
    ).one_or_none()
    if whose is not None:
        _stop_charging(_lock_orders(whose.planet_id, whose.user_id), cause="staff")


def stop_needless() -> None:
    """End what runs on although its buyer has the access by a role, by whatever way that was missed.

    Opens its own unit of work.
    """
    with unit_of_work():
        for planet_id, user_id in _charged_needlessly():
            _stop_charging(_lock_orders(planet_id, user_id), cause="reconcile")


def _charged_needlessly() -> Iterable[Whose]:
    rows = db.session.execute(
        select(Order.planet_id, Order.user_id)
        .join(
            Membership,
            (Membership.planet_id == Order.planet_id) & (Membership.user_id == Order.user_id),
        )
        .outerjoin(Subscription, Subscription.order_id == Order.id)
        .where(
            HAS_BY_ROLE,
            Order.kind == "membership",
            or_(
                Order.state == OrderState.OPEN.value,
                and_(
                    Subscription.status.not_in(FINAL),
                    Subscription.end_wanted == "",
                    Subscription.cancel_at.is_(None),
                    Subscription.cancel_at_period_end.is_(False),
                ),
            ),
        )
        .distinct()
    )
    return [(row.planet_id, row.user_id) for row in rows]


def _lock_of(actor: Actor, member_id: str) -> list[Order]:
    # Orders before memberships, as everybody locks them.
    theirs = select(Membership.user_id).where(
        Membership.public_id == member_id, Membership.planet_id == planet_of(actor)
    )
    return lock_live(
        Order.planet_id == planet_of(actor), Order.user_id.in_(theirs.scalar_subquery())
    )


def _lock_orders(planet_id: int, user_id: int) -> list[Order]:
    return lock_live(Order.planet_id == planet_id, Order.user_id == user_id)


def _stop_charging(orders: Iterable[Order], *, cause: str) -> None:
    """Close the checkouts that are open, and let subscriptions end with what is paid, of somebody who has
    the access by a role; nothing happens to others."""
    own = [order for order in orders if order.kind == "membership"]
    if not own or not has_by_role(own[0].planet_id, own[0].user_id):
        return
    for order in own:
        if order.state == OrderState.OPEN:
            put(CheckoutCloseAsked(order_id=order.id))
        row = find_subscription(order.id) if order.mode == "subscription" else None
        if row is None or row.end_wanted or ends_already(row, "at_end"):
            continue
        if wish_end(order, when="at_end", cause=cause):
            put(SubscriptionNeedless(order_id=order.id))
