"""Withdrawing an answered question: its asker becomes anonymous at once, its words stay for those who learn
from them (or paid for them). Hiding the words is asked of the addressee or staff, who decide with a reason.

Whether a request waits follows from the question's log alone: its last line about hiding."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from app.discussion.actions.anonymity import forget_names
from app.discussion.actions.questions import checked_note, lock_question, write_log
from app.discussion.actions.touch import touch_topic
from app.discussion.events import (
    CommentChanged,
    QuestionHidingAsked,
    QuestionHidingDecided,
    QuestionUnnamed,
    TopicChanged,
)
from app.discussion.models import Comment, Question, QuestionLogEntry, Revision, Topic
from app.discussion.queries.facts import TopicRow
from app.discussion.queries.questions import ASKERS_EVENTS, HIDING_ASKED, find_hiding_request
from app.kernel import audit, clock
from app.kernel.db import db
from app.kernel.errors import Conflict
from app.media.models import Attachment
from app.outbox.events import put
from app.policy import Action, Actor, TopicFacts, require


def withdraw_answered(
    actor: Actor, *, topic: TopicRow, facts: TopicFacts, hide: bool, reason: str
) -> None:
    """Take the asker's name from an answered question, and ask for its words to be hidden if they want.
    Again is once. Invalid("reason", …) when the request has none."""
    require(actor, Action.QUESTION_WITHDRAW, facts)
    reason = checked_note(reason, field="reason") if hide else ""
    lock_question(topic.id)
    if not facts.anonymous:
        _take_name(topic.id, actor.user_id or 0)
        write_log(topic.id, "unnamed", actor_id=None)
        put(QuestionUnnamed(topic_id=topic.id))
    if hide and find_hiding_request(topic.id) is None:
        write_log(topic.id, HIDING_ASKED, actor_id=None, note=reason)
        put(QuestionHidingAsked(topic_id=topic.id))
    touch_topic(topic.id)
    put(TopicChanged(topic_id=topic.id))


def decide_hiding(
    actor: Actor, *, topic: TopicRow, facts: TopicFacts, grant: bool, reason: str
) -> None:
    """Hide the words as their asker asked, or let them stand; the asker reads the reason. Conflict when
    nothing is asked (any more)."""
    require(actor, Action.QUESTION_HIDE, facts)
    reason = checked_note(reason, field="reason")
    lock_question(topic.id)
    if find_hiding_request(topic.id) is None:
        raise Conflict(topic.public_id)
    event = "hidden" if grant else "kept"
    write_log(topic.id, event, actor_id=actor.user_id, note="" if actor.isolated else reason)
    if grant:
        values = update(Question).where(Question.topic_id == topic.id)
        db.session.execute(values.values(withdrawn_at=clock.now()))
    audit.record(
        f"question.{event}",
        actor_id=actor.user_id,
        planet_id=topic.planet_id,
        subject=("topic", topic.id),
        reason=reason,
    )
    touch_topic(topic.id)
    put(TopicChanged(topic_id=topic.id))
    put(QuestionHidingDecided(topic_id=topic.id))


def _take_name(topic_id: int, asker_id: int) -> None:
    """Take the asker out of every row of the question that readers' pages are made of."""
    run = db.session.execute
    run(update(Topic).where(Topic.id == topic_id).values(author_id=None))
    asked = update(Question).where(Question.topic_id == topic_id)
    run(asked.values(anonymous=True))
    run(asked.where(Question.accepted_by == asker_id).values(accepted_by=None))
    mine = (Comment.topic_id == topic_id, Comment.author_id == asker_id)
    said = list(db.session.scalars(select(Comment.id).where(*mine)))
    below = update(Comment).where(*mine)
    run(below.values(author_id=None, as_asker=True, rev=Comment.rev + 1))
    for comment_id in said:
        put(CommentChanged(topic_id=topic_id, comment_id=comment_id))
    of_topic = (Revision.subject_type == "topic") & (Revision.subject_id == topic_id)
    of_comments = (Revision.subject_type == "comment") & Revision.subject_id.in_(said)
    edits = update(Revision).where(or_(of_topic, of_comments), Revision.editor_id == asker_id)
    run(edits.values(editor_id=None).execution_options(synchronize_session=False))
    lines = update(QuestionLogEntry).where(
        QuestionLogEntry.topic_id == topic_id,
        QuestionLogEntry.actor_id == asker_id,
        QuestionLogEntry.event.in_(ASKERS_EVENTS),
    )
    run(lines.values(actor_id=None))
    held = (Attachment.owner_type == "topic") & (Attachment.owner_id == topic_id)
    below_it = (Attachment.owner_type == "comment") & Attachment.owner_id.in_(said)
    forget_names(db.session.scalars(select(Attachment).where(or_(held, below_it))))
