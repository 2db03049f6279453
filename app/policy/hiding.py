"""Whether the words of an answered question are hidden; and what stops any act on a question."""

from __future__ import annotations

from app.policy.model import ALLOW, HIDE, Actor, Reason, TopicFacts, Verdict, deny
from app.policy.reading import silenced, topic_read


def of_question(actor: Actor, facts: TopicFacts) -> Verdict | None:
    """What stops any act on a question: it is hidden, no question, or the actor may not write."""
    if not topic_read(actor, facts) or facts.deleted or facts.kind != "question":
        return HIDE
    return silenced(actor)


def question_hide(actor: Actor, facts: TopicFacts) -> Verdict:
    """Whether the words of an answered question are hidden, as its asker asks: the addressee or staff."""
    if (stopped := of_question(actor, facts)) is not None:
        return stopped
    if facts.addressee_id != actor.user_id and not actor.staff:
        return deny(Reason.NOT_YOURS)
    return ALLOW if facts.answered and not facts.withdrawn else deny(Reason.NOT_OPEN)
