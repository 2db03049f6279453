"""A member's whole story on one timeline: what was ordered, paid, given back, granted, written.

Everything is read from rows that are the truth of something else: nothing is kept for the timeline alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.accounts.models import User
from app.billing.models import (
    CodeBatch,
    CodeUse,
    CompOffer,
    Order,
    OrderChange,
    Payment,
    RedemptionCode,
    Refund,
    Reminder,
    Subscription,
)
from app.billing.queries.orders import shown_to
from app.kernel.audit import BLANKED, AuditEntry
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.models import Entitlement, Membership
from app.memberships.queries.people import SHOWN_NAME
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require

# Of each kind of thing the newest so many: nobody's story is longer, save by an error of ours.
MOST = 300
# Acts of the trail that other rows of the timeline tell already.
_TWICE = ("refund.ask",)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at a moment: its kind, with what there is to say about it."""

    at: datetime
    kind: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bought:
    """An order with its payments, refunds and subscription, as staff deal with it."""

    order: Order
    payments: list[Payment]
    refunds: list[Refund]
    subscription: Subscription | None


@dataclass(frozen=True, slots=True)
class MemberStory:
    """What is known of a member's access: `happenings` newest first, `bought` newest first, and the
    entitlements, the one that ends last first. `user_id` is whose story it is."""

    user_id: int
    happenings: list[Happening]
    bought: list[Bought]
    entitlements: list[Entitlement]


def find_story(actor: Actor, public_id: str) -> MemberStory:
    """Return the story of a member of the actor's planet. NotFound elsewhere."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    member = db.session.scalar(
        select(Membership).where(
            Membership.public_id == public_id, Membership.planet_id == planet_of(actor)
        )
    )
    if member is None:
        raise NotFound
    bought = _bought(actor, member)
    entitlements = list(
        db.session.scalars(
            _some(select(Entitlement).where(Entitlement.membership_id == member.id), Entitlement.id)
        )
    )
    happenings = [
        *_of_membership(member),
        *_of_orders(bought),
        *_of_entitlements(entitlements),
        *_of_codes(member),
        *_of_trail(member, [item.order.id for item in bought]),
        *_of_reminders(member),
    ]
    return MemberStory(
        user_id=member.user_id,
        happenings=sorted(happenings, key=lambda h: h.at, reverse=True),
        bought=bought,
        entitlements=sorted(entitlements, key=_by_end, reverse=True),
    )


def first_paid(orders: Iterable[Order]) -> dict[int, datetime]:
    """Return when money came first for orders that began with a free trial, by their row ids; those that
    nothing was paid for are left out."""
    trials = {order.id for order in orders if order.trial_days}
    if not trials:
        return {}
    rows = db.session.execute(
        select(Payment.order_id, func.min(Payment.paid_at))
        .where(Payment.order_id.in_(trials), Payment.amount > 0)
        .group_by(Payment.order_id)
    ).all()
    return {row[0]: row[1] for row in rows}


def happening_of(order: Order, change: OrderChange, paid: Mapping[int, datetime]) -> Happening:
    """Return a change of an order as a line of a timeline; `paid` as of `first_paid`."""
    paid_at = paid.get(order.id)
    free = paid_at is None or paid_at > change.at
    data = {
        "order": order.public_id,
        "title": order.title,
        "cause": change.cause,
        "currency": order.currency,
        "trial": bool(order.trial_days) and (free or change.what == "placed"),
        **change.data,
    }
    return Happening(change.at, f"order.{change.what}", data)


def _by_end(row: Entitlement) -> tuple[bool, float]:
    return row.until_at is None, row.until_at.timestamp() if row.until_at else 0.0


def _some(statement: Select[Any], newest: Any) -> Select[Any]:
    return statement.order_by(newest.desc()).limit(MOST)


def _bought(actor: Actor, member: Membership) -> list[Bought]:
    orders = list(
        db.session.scalars(
            _some(
                select(Order).where(
                    Order.planet_id == member.planet_id,
                    Order.user_id == member.user_id,
                    shown_to(actor),
                ),
                Order.id,
            )
        )
    )
    ids = [order.id for order in orders]
    payments = _by_order(select(Payment).where(Payment.order_id.in_(ids)).order_by(Payment.paid_at))
    refunds = _by_order(select(Refund).where(Refund.order_id.in_(ids)).order_by(Refund.asked_at))
    kept = _by_order(select(Subscription).where(Subscription.order_id.in_(ids)))
    return [
        Bought(
            order=order,
            payments=payments.get(order.id, []),
            refunds=refunds.get(order.id, []),
            subscription=next(iter(kept.get(order.id, [])), None),
        )
        for order in orders
    ]


def _by_order(statement: Select[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in db.session.scalars(statement):
        found.setdefault(row.order_id, []).append(row)
    return found


def _of_membership(member: Membership) -> Iterator[Happening]:
    for name in ("joined_at", "requested_at", "approved_at", "left_at", "removed_at"):
        if (at := getattr(member, name)) is not None:
            reason = member.removed_reason if name == "removed_at" else ""
            yield Happening(at, f"member.{name.removesuffix('_at')}", {"reason": reason})


def _of_orders(bought: list[Bought]) -> Iterator[Happening]:
    orders = {item.order.id: item.order for item in bought}
    paid = first_paid(orders.values())
    changes = db.session.scalars(
        _some(select(OrderChange).where(OrderChange.order_id.in_(orders)), OrderChange.id)
    )
    for change in changes:
        yield happening_of(orders[change.order_id], change, paid)
    for item in bought:
        for payment in item.payments:
            yield Happening(payment.paid_at, "payment", _money(item.order, payment))
            if payment.dispute and payment.dispute_at is not None:
                data = _money(item.order, payment) | {"status": payment.dispute}
                yield Happening(payment.dispute_at, "dispute", data)
        for refund in item.refunds:
            if refund.settled_at is not None:
                data = _money(item.order, refund) | {"state": refund.state}
                yield Happening(refund.settled_at, "refund", data)
        if item.subscription is not None and item.subscription.ended_at is not None:
            yield Happening(
                item.subscription.ended_at, "subscription.ended", {"title": item.order.title}
            )


def _money(order: Order, row: Payment | Refund) -> dict[str, Any]:
    return {
        "order": order.public_id,
        "title": order.title,
        "amount": row.amount,
        "currency": row.currency,
    }


def _of_entitlements(rows: list[Entitlement]) -> Iterator[Happening]:
    for row in rows:
        data = {
            "source": row.source,
            "plan": row.plan_ref,
            "since": row.since_at,
            "until": row.until_at,
            "days": row.days,
            "months": row.months,
            "reason": row.reason,
        }
        yield Happening(row.created_at, "access.granted", data)
        if row.suspended_at is not None:
            yield Happening(row.suspended_at, "access.suspended", data)
        if row.revoked_at is not None:
            yield Happening(row.revoked_at, "access.revoked", data)
        elif row.cut_at is not None and row.cut_decided_at is not None:
            yield Happening(row.cut_decided_at, "access.cut", data | {"cut": row.cut_at})


def _of_codes(member: Membership) -> Iterator[Happening]:
    used = db.session.execute(
        select(CodeUse.used_at, CodeBatch.name, RedemptionCode.tail)
        .join(RedemptionCode, RedemptionCode.id == CodeUse.code_id)
        .join(CodeBatch, CodeBatch.id == RedemptionCode.batch_id)
        .where(CodeUse.user_id == member.user_id, CodeBatch.planet_id == member.planet_id)
        .limit(MOST)
    )
    for at, name, tail in used:
        yield Happening(at, "code.used", {"name": name, "tail": tail})
    taken = db.session.execute(
        select(CompOffer.taken_at, CompOffer.reason)
        .where(
            CompOffer.planet_id == member.planet_id,
            CompOffer.taken_by == member.user_id,
        )
        .limit(MOST)
    )
    for taken_at, reason in taken:
        if taken_at is not None:
            yield Happening(taken_at, "offer.taken", {"reason": reason})


def _of_trail(member: Membership, order_ids: list[int]) -> Iterator[Happening]:
    """What staff did to him and to his orders, by whom and why."""
    row = select(
        AuditEntry.at, AuditEntry.action, AuditEntry.reason, AuditEntry.data, SHOWN_NAME
    ).select_from(AuditEntry)
    found = db.session.execute(
        row.outerjoin(User, User.id == AuditEntry.actor_id)
        .outerjoin(
            Membership,
            and_(Membership.user_id == User.id, Membership.planet_id == member.planet_id),
        )
        .where(
            AuditEntry.planet_id == member.planet_id,
            AuditEntry.action.not_in(_TWICE),
            or_(
                and_(AuditEntry.subject_type == "membership", AuditEntry.subject_id == member.id),
                and_(AuditEntry.subject_type == "order", AuditEntry.subject_id.in_(order_ids)),
            ),
        )
        .order_by(AuditEntry.at.desc())
        .limit(MOST)
    )
    for at, action, reason, data, who in found:
        said = "" if reason == BLANKED else reason
        told = {"action": action, "reason": said, "who": who or "", **data}
        yield Happening(at, "trail", told)


def _of_reminders(member: Membership) -> Iterator[Happening]:
    reminders = db.session.execute(
        select(Reminder.sent_at, Reminder.days, Reminder.ends_at)
        .where(Reminder.membership_id == member.id)
        .limit(MOST)
    )
    for sent, days, ends in reminders:
        yield Happening(sent, "mail.reminder", {"days": days, "ends": ends})
