"""What a person was told about his access to a planet: for the timeline that staff read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from app.billing.models import Order
from app.billing.queries.orders import shown_to
from app.kernel.db import db
from app.memberships.rows import planet_of
from app.notifications.models import Mail, Notification
from app.policy import Action, Actor
from app.policy.gate import require

MOST = 300
# What people are told of conversations, and staff of others, is no part of it.
_OF_CONVERSATIONS = ("question_", "comment_", "search_", "staff_")


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """A notice of a kind (`kinds.Kind`) and, where it went out by mail too, when."""

    at: datetime
    kind: str
    mailed_at: datetime | None


def list_told(actor: Actor, user_id: int) -> list[ToldNotice]:
    """Return the notices about access that a person got in the actor's planet."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.execute(
        select(Notification.created_at, Notification.kind, Mail.sent_at)
        .outerjoin(Mail, Mail.notification_id == Notification.id)
        .outerjoin(Order, Order.id == Notification.order_id)
        .where(
            Notification.user_id == user_id,
            Notification.planet_id == planet_of(actor),
            or_(Order.id.is_(None), shown_to(actor)),
            *(~Notification.kind.startswith(begin) for begin in _OF_CONVERSATIONS),
        )
        .order_by(Notification.id.desc())
        .limit(MOST)
    )
    return [ToldNotice(*row) for row in rows]
