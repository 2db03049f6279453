"""Short ways to make things happen that people are told of."""

from __future__ import annotations

import sqlalchemy as sa

from app.discussion.actions.answers import answer_question, compose_answer
from app.discussion.actions.questions import decline, hand_on
from app.discussion.queries.facts import get_topic
from app.kernel.db import db, unit_of_work
from app.notifications.kinds import Kind, sentence
from app.notifications.models import Notification
from app.notifications.sight import look_at
from app.notifications.speech import say_day, speak
from app.outbox.delivery import deliver_due
from tests.cast import Cast
from tests.discussion.threads import member_id, put_question

__all__ = ["answer", "hand", "kinds", "notices", "put_question", "refuse", "said"]


def answer(cast: Cast, topic: str, persona: str = "guest") -> None:
    """Answer a question."""
    planet, actor = cast.entry(persona)
    new = compose_answer(actor, planet=planet, text="因为如此。")
    with unit_of_work():
        row, facts = get_topic(actor, topic)
        answer_question(actor, topic=row, facts=facts, answer=new)


def refuse(cast: Cast, topic: str, persona: str = "guest") -> None:
    """Decline a question."""
    actor = cast.actor(persona)
    with unit_of_work():
        row, facts = get_topic(actor, topic)
        decline(actor, topic=row, facts=facts, reason="不在我懂的范围。")


def hand(cast: Cast, topic: str, to: str, persona: str = "guest") -> None:
    """Hand a question on."""
    planet, actor = cast.entry(persona)
    target = member_id(cast, to)
    with unit_of_work():
        row, facts = get_topic(actor, topic)
        hand_on(actor, planet=planet, topic=row, facts=facts, to=target, note="")


def notices(cast: Cast, persona: str) -> list[Notification]:
    """Let the worker do what is due; return a persona's notices, oldest first."""
    deliver_due()
    db.session.rollback()
    mine = sa.select(Notification).where(Notification.user_id == cast.users[persona])
    return list(db.session.scalars(mine.order_by(Notification.id)))


def kinds(cast: Cast, persona: str) -> list[str]:
    """Return what a persona was told, oldest first."""
    return [notice.kind for notice in notices(cast, persona)]


def said(cast: Cast, persona: str, language: str = "en") -> list[str | None]:
    """Return the sentences a persona reads now, None for what is not open to him any more."""
    words: list[str | None] = []
    for notice in notices(cast, persona):
        seen = look_at(notice)
        words.append(
            sentence(
                speak(language),
                Kind(seen.kind),
                who=seen.who,
                planet=seen.planet,
                role=seen.role,
                day=say_day(seen.day, language=language, timezone="UTC") if seen.day else "",
            )
            if seen
            else None
        )
    return words
