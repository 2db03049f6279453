"""What staff do about a member's access and money: extend, end, change the plan, refund, remove.

Each asks for a reason and is written into the trail. Whoever stands above the actor, and staff, whose
access comes from their role, are beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.billing.actions.asking import RefundWish, list_payments, refundable
from app.billing.actions.comps import Gift, give_to_members
from app.billing.actions.ending import wish_end
from app.billing.actions.orders import change, find_renewing
from app.billing.actions.parting import remove
from app.billing.actions.refunds import refund_by_staff
from app.billing.actions.seats import take_seat
from app.billing.events import ReceiptAsked
from app.billing.gateway import gateways
from app.billing.models import Order, Payment, Plan, Refund
from app.billing.money import parse_amount, round_down
from app.billing.queries.bought import was_paid
from app.billing.queries.orders import shown_to
from app.billing.shares import unused_share
from app.billing.states import OrderState, is_with_bank
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.text import tidy
from app.memberships.actions.granting import Terms, find_entitlement, start_membership
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Period
from app.memberships.rows import get_row, planet_of, read_facts
from app.memberships.settling import list_entitlements, settle
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, Grace, PlanetRole
from app.policy.gate import require

REASON_MAX = 300
WAYS = ("full", "part", "pro_rata")
# What becomes of the access: it ends now; it stays to its end and a subscription does not renew; all stays.
ENDS = ("now", "at_end", "keep")
_PAID = (OrderState.PAID.value, OrderState.PARTIALLY_REFUNDED.value, OrderState.DISPUTED.value)


@dataclass(frozen=True, slots=True)
class RefundChoice:
    """What of a payment goes back: `way` is one of WAYS, `amount` what was typed for "part"; `ends` one
    of ENDS, "" for what is usual for the amount. `token` is the form's one-time key (R18)."""

    way: str
    ends: str
    reason: str
    token: str
    amount: str = ""


def extend(actor: Actor, *, member_id: str, days: int, reason: str, token: str) -> int:
    """Add days to what a member holds; twice with one token is once. Returns how many were given to:
    0 where access has no end. Invalid for days and reason."""
    if days < 1:
        raise Invalid("days", "amount", low=1, high=3_660)
    return give_to_members(
        actor, members=[member_id], gift=Gift(reason=reason, token=token, days=days)
    )


def end_access(actor: Actor, *, member_id: str, reason: str) -> None:
    """End what a member holds, now and without grace; a subscription behind it is told to end.

    Conflict("ended") when nothing is held. Money stays where it is: that is what refunds are for.
    """
    member = _plain_member(actor, member_id)
    reason = _clean(reason)
    if not _cut_everything(member):
        raise Conflict("ended")
    renewing = _end_subscriptions(member)
    note(actor, "access.end", member, reason=reason, subscriptions=renewing)


def change_plan(
    actor: Actor, *, member_id: str, plan_id: str, ends_at: datetime | None, reason: str, token: str
) -> None:
    """Put a member on another plan until `ends_at` (None never ends); the rest of what he holds is cut.

    A seat is taken where the plan has a limit. NotFound for plans of other planets; Invalid("ends_at",
    "past"); Conflict: `sold_out`, or `subscribed` while a subscription renews by itself.
    """
    member = _plain_member(actor, member_id)
    reason = _clean(reason)
    ref = f"{token}-{member.id}"
    if find_entitlement("staff", ref) is not None:
        return
    if ends_at is not None and ends_at <= clock.now():
        raise Invalid("ends_at", "past")
    plan = db.session.scalar(
        select(Plan).where(Plan.public_id == plan_id, Plan.planet_id == member.planet_id)
    )
    if plan is None:
        raise NotFound
    if find_renewing(member.planet_id, member.user_id) is not None:
        raise Conflict("subscribed")
    take_seat(plan, user_id=member.user_id)
    cut = _cut_everything(member)
    # What was paid for stays paid for: it waits for him when he leaves.
    bought = was_paid([row.id for row in cut])
    start_membership(
        actor,
        planet_id=member.planet_id,
        user_id=member.user_id,
        source="staff",
        source_ref=ref,
        period=Period(clock.now(), ends_at),
        grant=Terms(
            environment=gateways.environment if bought else "",
            plan_ref=plan.public_id,
            reason=reason,
        ),
    )
    until = ends_at.isoformat() if ends_at else ""
    note(actor, "access.plan", member, reason=reason, plan=plan.public_id, ends=until)


def refund(actor: Actor, *, order_id: str, payment_id: int, choice: RefundChoice) -> Refund:
    """Give back a payment: all that is left, an amount, or the unused days' share of it.

    Access ends now, or stays to its end; a subscription behind it ends likewise, or goes on. In the
    caller's unit of work; the provider is asked afterwards. NotFound outside the planet; Invalid for
    what was chosen.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    order, payment = get_payment(actor, order_id, payment_id)
    if is_with_bank(payment.dispute):
        raise Invalid("way", "with_bank")
    if choice.way not in WAYS:
        raise Invalid("way", "choice")
    if choice.ends not in ("", *ENDS):
        raise Invalid("ends", "choice")
    reason = _clean(choice.reason)
    token = f"{choice.token}-{payment.id}"
    known = db.session.scalar(select(Refund).where(Refund.token == token))
    if known is not None:
        return known
    amount = _amount(payment, choice)
    ends = choice.ends or usual_end(payment, choice.way, amount)
    wish = RefundWish(amount, ends, reason, token, actor.user_id)
    asked = refund_by_staff(actor, order_id=order_id, payment_id=payment_id, wish=wish)
    if ends != "keep":
        wish_end(order, when=ends, cause="staff")
    return asked


def usual_end(payment: Payment, way: str, amount: int) -> str:
    """Return what becomes of access unless staff say otherwise (R17): whoever gets all that is left, or
    the unused days, has it no longer; a part leaves everything as it is."""
    return "keep" if way == "part" and amount < refundable(payment) else "now"


def get_payment(actor: Actor, order_id: str, payment_id: int) -> tuple[Order, Payment]:
    """Return an order of the actor's planet and a payment of it. NotFound elsewhere."""
    row = db.session.execute(
        select(Order, Payment)
        .join(Payment, Payment.order_id == Order.id)
        .where(
            Order.public_id == order_id,
            Order.planet_id == planet_of(actor),
            Payment.id == payment_id,
            shown_to(actor),
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def pro_rata(payment: Payment) -> int:
    """Return what of a payment the unused days are worth, at most what is left of it; 0 where access
    has no end or none is left."""
    source, _, ref = payment.entitlement_ref.partition(":")
    row = find_entitlement(source, ref)
    if row is None or row.until_at is None or row.revoked_at is not None:
        return 0
    share = unused_share(payment.amount, since=row.since_at, until=row.until_at, now=clock.now())
    worth = min(refundable(payment), share - payment.refunded)
    return round_down(max(0, worth), payment.currency)


def remove_with_refund(
    actor: Actor, *, member_id: str, way: str, reason: str, token: str
) -> list[Refund]:
    """Put a member out and give back what his running access cost: `way` full or pro_rata.

    In the caller's unit of work. Returns the refunds that were asked for.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    member = get_row(actor, member_id)
    if way not in ("full", "pro_rata"):
        raise Invalid("way", "choice")
    reason = _clean(reason)
    asked = []
    for order, payment in _running_payments(member):
        worth = refundable(payment) if way == "full" else pro_rata(payment)
        if worth > 0:
            choice = RefundChoice(way, "now", reason, token)
            asked.append(
                refund(actor, order_id=order.public_id, payment_id=payment.id, choice=choice)
            )
    remove(actor, member_id=member_id, reason=reason)
    return asked


def resend_receipt(actor: Actor, *, order_id: str, token: str) -> Order:
    """Send the buyer his receipt again; twice with one token is once. NotFound for what is not paid."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    order = db.session.scalar(
        select(Order).where(
            Order.public_id == order_id, Order.planet_id == planet_of(actor), shown_to(actor)
        )
    )
    if order is None or order.paid_at is None:
        raise NotFound
    put(ReceiptAsked(order_id=order.id, token=token))
    change(order, "staff", "receipt_sent")
    record(
        "receipt.resend",
        actor_id=actor.user_id,
        planet_id=order.planet_id,
        subject=("order", order.id),
    )
    return order


def _amount(payment: Payment, choice: RefundChoice) -> int:
    if choice.way == "part":
        return parse_amount(choice.amount, payment.currency, field="amount")
    worth = refundable(payment) if choice.way == "full" else pro_rata(payment)
    if worth < 1:
        raise Invalid("way", "nothing_left")
    return worth


def _plain_member(actor: Actor, member_id: str) -> Membership:
    """Return a member whose access comes from entitlements, locked. Invalid("member", "staffed")."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    member = get_row(actor, member_id)
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    if member.role != PlanetRole.MEMBER.value or member.removed_at is not None:
        raise Invalid("member", "staffed")
    return member


def _cut_everything(member: Membership) -> list[Entitlement]:
    """End at this moment what a member holds now and would hold later; returns what was cut."""
    moment = clock.now()
    settle(member)
    cut = [
        row
        for row in list_entitlements(member.id)
        if row.revoked_at is None and (row.until_at is None or row.until_at > moment)
    ]
    for row in cut:
        row.cut_at = row.cut_decided_at = moment
        row.grace = Grace.NONE.value
    settle(member)
    return cut


def _end_subscriptions(member: Membership) -> int:
    """End a member's subscriptions now; returns how many ran."""
    theirs = db.session.scalars(
        select(Order).where(
            Order.planet_id == member.planet_id,
            Order.user_id == member.user_id,
            Order.mode == "subscription",
        )
    ).all()
    return sum(wish_end(order, when="now", cause="staff") for order in theirs)


def _running_payments(member: Membership) -> list[tuple[Order, Payment]]:
    """Return the payments behind access that still runs or is to come."""
    moment = clock.now()
    live = {
        f"{row.source}:{row.source_ref}"
        for row in list_entitlements(member.id)
        if row.revoked_at is None and (row.until_at is None or row.until_at > moment)
    }
    orders = db.session.scalars(
        select(Order).where(
            Order.planet_id == member.planet_id,
            Order.user_id == member.user_id,
            Order.kind == "membership",
            Order.state.in_(_PAID),
        )
    ).all()
    return [
        (order, payment)
        for order in orders
        for payment in list_payments(order.id)
        if payment.entitlement_ref in live
    ]


def _clean(reason: str) -> str:
    reason = tidy(reason)
    if not reason:
        raise Invalid("reason", "required")
    if len(reason) > REASON_MAX:
        raise Invalid("reason", "too_long", high=REASON_MAX)
    return reason
