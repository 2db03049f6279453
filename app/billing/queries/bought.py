"""What somebody paid for in a planet: renewal prices are earned by it, and trials are for who has none (R16,
R27)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, or_, select

from app.billing.models import CodeBatch, CodeUse, Order, Payment, RedemptionCode
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership

# What a newcomer has not had: whoever had any of it is offered no trial.
_HAD = ("order", "invoice", "code")


def find_bought_end(membership_id: int | None) -> datetime | None:
    """Return when the time somebody paid for ends or ended; None when he never paid for any.

    Money that was given back whole, trials, gifts of staff and codes that nobody paid for are none. What
    staff put in the place of paid time, by changing the plan, is.
    """
    if membership_id is None:
        return None
    return db.session.scalar(
        select(func.max(Entitlement.until_at))
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(
            Entitlement.membership_id == membership_id,
            Entitlement.revoked_at.is_(None),
            is_paid(),
        )
    )


def was_paid(entitlement_ids: Collection[int]) -> bool:
    """Whether any of these entitlements was paid for."""
    found = (
        select(Entitlement.id)
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(Entitlement.id.in_(entitlement_ids), is_paid())
    )
    return db.session.scalar(found.limit(1)) is not None


def is_paid() -> ColumnElement[bool]:
    """Return the SQL for an entitlement, joined with its membership, whose time was paid for."""
    own = (
        select(Payment.entitlement_ref)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Order.planet_id == Membership.planet_id,
            Order.user_id == Membership.user_id,
            Payment.amount > Payment.refunded,
        )
        .correlate(Membership)
    )
    return or_(
        and_(
            Entitlement.source.in_(("order", "invoice")),
            (Entitlement.source + ":" + Entitlement.source_ref).in_(own),
        ),
        and_(Entitlement.source == "code", _gift_was_paid()),
        and_(Entitlement.source == "staff", Entitlement.environment != "", exists(own)),
    )


def _gift_was_paid() -> ColumnElement[bool]:
    """Whether the person used a code that somebody bought as a gift; which of his codes it was is in
    the cause's name, `code-user`."""
    cause = cast(CodeUse.code_id, String) + "-" + cast(CodeUse.user_id, String)
    used = (
        select(CodeUse.code_id)
        .join(RedemptionCode, RedemptionCode.id == CodeUse.code_id)
        .join(CodeBatch, CodeBatch.id == RedemptionCode.batch_id)
        .join(Payment, Payment.order_id == CodeBatch.order_id)
        .where(
            CodeUse.user_id == Membership.user_id,
            CodeBatch.planet_id == Membership.planet_id,
            Payment.amount > Payment.refunded,
            Entitlement.source_ref == cause,
        )
    )
    return exists(used.correlate(Membership, Entitlement))


def may_try(membership_id: int | None) -> bool:
    """Whether somebody may have a free trial: one per person and planet (R16), and none for who has bought,
    or used a code, before."""
    if membership_id is None:
        return True
    had = select(Entitlement.id).where(
        Entitlement.membership_id == membership_id,
        or_(
            Entitlement.trial,
            and_(Entitlement.source.in_(_HAD), Entitlement.revoked_at.is_(None)),
        ),
    )
    return db.session.scalar(had.limit(1)) is None
