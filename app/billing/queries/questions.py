"""Reading what questions cost, and what was paid for which."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.billing.gateway import gateways
from app.billing.models import Order, PaidQuestion, QuestionPrice
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.actions.granting import ANSWERERS
from app.memberships.models import Membership
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require


def get_askable(actor: Actor, member: str) -> Membership:
    """Return the membership whose price the actor may set: his own, or any for who sets the plans.

    Refused by the policy; NotFound for who is not here or has no role in which one is asked.
    """
    require(actor, Action.PLANET_READ)
    row = db.session.scalar(
        select(Membership).where(
            Membership.public_id == member,
            Membership.planet_id == planet_of(actor),
            Membership.role.in_([role.value for role in ANSWERERS]),
            Membership.joined_at.is_not(None),
        )
    )
    if row is None:
        raise NotFound(member)
    if row.user_id != actor.user_id or not actor.inside:
        require(actor, Action.PLANS_EDIT)
    return row


def find_price(membership_id: int) -> QuestionPrice | None:
    """Return what a question to a member costs; None when none is sold."""
    return db.session.get(QuestionPrice, membership_id)


def list_prices(planet_id: int) -> list[tuple[int, str, QuestionPrice]]:
    """Return user id, membership's public id and price of each member who asks for one; nothing where
    no provider takes it: a transfer would name an anonymous asker."""
    if gateways.by_hand:
        return []
    rows = db.session.execute(
        select(Membership.user_id, Membership.public_id, QuestionPrice)
        .join(QuestionPrice, QuestionPrice.membership_id == Membership.id)
        .where(Membership.planet_id == planet_id)
    )
    return [(user_id, member, price) for user_id, member, price in rows]


def find_bought(order: Order) -> PaidQuestion | None:
    """Return the question behind an order; None for an order of something else."""
    return db.session.get(PaidQuestion, order.id) if order.kind == "question" else None


def list_unsettled(topic_ids: Sequence[int]) -> list[int]:
    """Return the orders whose questions these topics are, as far as they are not settled."""
    statement = select(PaidQuestion.order_id).where(
        PaidQuestion.topic_id.in_(topic_ids), PaidQuestion.settled_at.is_(None)
    )
    return list(db.session.scalars(statement))
