"""Paying out shares: the money moves outside of here, and what is owed becomes less in the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.billing.actions.codes import clean_reason
from app.billing.gateway import gateways
from app.billing.house import house
from app.billing.ledger import Cause, Line, book, is_booked
from app.billing.owed import owed_by
from app.billing.queries.ledger import PAID_OUT, PAYABLE, sum_owed_to
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid, NotFound
from app.memberships.models import Membership
from app.memberships.rows import planet_of
from app.planets.queries import get_row
from app.policy import Action, Actor
from app.policy.gate import require

TOKEN_MIN, TOKEN_MAX = 16, 64


@dataclass(frozen=True, slots=True)
class Payout:
    """What was paid to a member, by his public id. `token` is the form's one-time key: twice is once."""

    member_id: str
    amount: int
    currency: str
    reason: str
    token: str


def pay_out(actor: Actor, *, payout: Payout) -> bool:
    """Book that somebody was paid what is owed to him, or a part; False when this form did it before.

    In the caller's unit of work. Refused by the policy; NotFound for a member of another planet;
    Invalid("reason" or "amount", …): no more is paid out than is owed.
    """
    require(actor, Action.PLANS_EDIT)
    reason = clean_reason(payout.reason)
    if not TOKEN_MIN <= len(payout.token) <= TOKEN_MAX:
        raise Invalid("token", "required")
    # One payout of a planet after the other: two together must not come to more than is owed.
    planet = get_row(planet_of(actor))
    member = db.session.scalar(
        select(Membership).where(
            Membership.public_id == payout.member_id, Membership.planet_id == planet.id
        )
    )
    if member is None:
        raise NotFound
    cause = Cause(
        planet_id=planet.id,
        order_id=None,
        environment=gateways.environment,
        kind="payout",
        source="payout",
        ref=f"{planet.id}-{payout.token}",
        at=clock.now(),
    )
    if is_booked(cause):
        return False
    owed = sum_owed_to(planet.id, member.user_id, payout.currency)
    if not 0 < payout.amount <= owed:
        raise Invalid("amount", "payout_most")
    amounts = {f"{PAYABLE}{member.user_id}": payout.amount, PAID_OUT: -payout.amount}
    if house.settles_owners:
        # The owner paid a debt of the house: it owes that to the owner now.
        amounts |= owed_by(amounts)
    if book(cause, [Line(name, each, payout.currency) for name, each in amounts.items()]) is None:
        return False
    record(
        "share.payout",
        actor_id=actor.user_id,
        planet_id=planet.id,
        subject=("membership", member.id),
        reason=reason,
        amount=payout.amount,
        currency=payout.currency,
    )
    return True
