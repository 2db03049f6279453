"""What a question to somebody costs: said by himself, or by those who set what is sold."""

from __future__ import annotations

from app.billing.gateway import gateways
from app.billing.models import QuestionPrice
from app.billing.money import check_amount
from app.billing.queries.questions import get_askable
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.rows import planet_of
from app.policy import Actor

FREE_MAX = 100


def set_price(actor: Actor, *, member: str, amount: int, currency: str, free_per_week: int) -> None:
    """Set what a question to a member costs, and how many an asker has free in seven days; amount 0
    sells none. `member` is his membership's public id.

    NotFound and Refused as `get_askable`; Invalid for what the provider does not take ("amount",
    "currency"; "needs_provider" without one), and Invalid("free_per_week", "amount").
    """
    row = get_askable(actor, member)
    if amount and gateways.by_hand:
        raise Invalid("amount", "needs_provider")
    if amount:
        check_amount(amount, currency, field="amount")
    if not 0 <= free_per_week <= FREE_MAX:
        raise Invalid("free_per_week", "amount", low=0, high=FREE_MAX)
    held = db.session.get(QuestionPrice, row.id, with_for_update=True)
    before = f"{held.amount} {held.currency} {held.free_per_week}" if held else ""
    if not amount:
        if held is not None:
            db.session.delete(held)
    elif held is None:
        db.session.add(
            QuestionPrice(
                membership_id=row.id, amount=amount, currency=currency, free_per_week=free_per_week
            )
        )
    else:
        held.amount, held.currency, held.free_per_week = amount, currency, free_per_week
    after = f"{amount} {currency} {free_per_week}" if amount else ""
    if before != after:
        record(
            "question_price.set",
            actor_id=actor.user_id,
            planet_id=planet_of(actor),
            subject=("membership", row.id),
            before=before,
            after=after,
        )
