"""What a question to somebody costs an asker now, and how many he still has free."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select

from app.billing.models import PaidQuestion
from app.billing.queries.questions import list_prices
from app.discussion.queries.addressees import QUOTA_PERIOD, Quota
from app.discussion.queries.visible import QUESTIONS, Q
from app.kernel.db import db
from app.planets.queries import PlanetView
from app.policy import Actor

PAID = PaidQuestion.__table__.c


@dataclass(frozen=True, slots=True)
class Fee:
    """What a question to a member (his public id) costs beyond those that are free; `free_left` are
    free still."""

    member: str
    amount: int
    currency: str
    free_left: int

    @property
    def is_due(self) -> bool:
        """Whether the next question costs."""
        return self.free_left == 0


def list_fees(actor: Actor, planet: PlanetView, quota: Quota) -> dict[int, Fee]:
    """Return the fees of whoever asks for one in this planet, by user id.

    Free is a question as long as the planet's quota lasts and the addressee's own number for one
    asker in seven days; what was paid for counts for neither.
    """
    prices = list_prices(planet.id)
    used = _count_free(actor, planet.id) if prices else {}
    return {
        user_id: Fee(
            member,
            price.amount,
            price.currency,
            max(0, min(quota.left, price.free_per_week - used.get(user_id, 0))),
        )
        for user_id, member, price in prices
    }


def _count_free(actor: Actor, planet_id: int) -> dict[int, int]:
    paid = PaidQuestion.__table__
    rows = db.session.execute(
        select(Q.addressee_id, func.count())
        .select_from(QUESTIONS.outerjoin(paid, PAID.topic_id == Q.topic_id))
        .where(
            and_(
                Q.asker_id == actor.user_id,
                Q.planet_id == planet_id,
                Q.asked_at > actor.now - QUOTA_PERIOD,
                PAID.order_id.is_(None),
            )
        )
        .group_by(Q.addressee_id)
    )
    return {row[0]: row[1] for row in rows}
