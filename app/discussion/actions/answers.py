"""Verbs on answers: give one, and change it with history."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.drafts import Hold, consume_draft
from app.discussion.actions.history import count_revisions, keep_revision
from app.discussion.actions.questions import change_open, lock_question, write_log
from app.discussion.actions.touch import touch_topic
from app.discussion.events import AnswerChanged, QuestionAnswered, UnseenAnswerChanged
from app.discussion.models import Answer, Question, Topic, TopicTag
from app.discussion.queries.attached import image_refs
from app.discussion.queries.facts import AnswerRow, TopicRow
from app.discussion.rendering import Body, render_body
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import is_public_id, new_public_id
from app.kernel.text import shows
from app.media.actions import attach, release
from app.outbox.events import put
from app.planets.queries import PlanetView
from app.policy import Action, Actor, AnswerFacts, TopicFacts, require


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer ready to be stored; `attachments` are public ids of uploads. `key` becomes its
    public id, and is that of the draft it was written in: sent twice it is once."""

    key: str
    body: Body
    attachments: tuple[str, ...]


def compose_answer(
    actor: Actor,
    *,
    planet: PlanetView,
    text: str,
    attachments: tuple[str, ...] = (),
    key: str = "",
) -> NewAnswer:
    """Check and render an answer before the unit of work; Invalid names the field.

    `key` is the public id of its draft, or its own when it is being edited. As long as a topic may be.
    """
    key = key if is_public_id(key) else new_public_id()
    body = render_body(
        text,
        max_chars=planet.topic_max_chars,
        id_prefix=f"a-{key}-",
        images=image_refs(actor, attachments),
    )
    if not shows(body.html) and not attachments:
        raise Invalid("text", "empty")
    return NewAnswer(key=key, body=body, attachments=attachments)


def answer_question(
    actor: Actor,
    *,
    topic: TopicRow,
    facts: TopicFacts,
    answer: NewAnswer,
    hold: Hold | None = None,
) -> Answer:
    """Answer a question: from now on the members read it. Conflict when it was withdrawn, declined,
    handed on or answered in the meantime, or when another tab kept newer words than `hold` knows.

    An isolated addressee's answer is seen by himself alone: for everybody else the question stays
    unanswered, is overdue in its time and can be handed on.
    """
    require(actor, Action.QUESTION_ANSWER, facts)
    lock_question(topic.id)
    moment = clock.now()
    if actor.isolated:
        touch_topic(topic.id)
    else:
        mine = Question.addressee_id == actor.user_id
        change_open(topic.id, mine, answered_at=moment)
        _forget_unseen(actor, topic.id)
        _make_new(topic.id)
        touch_topic(topic.id, active_at=moment)
    row = _store(actor, topic, answer)
    consume_draft(actor, key=answer.key, hold=hold)
    if not row.isolated:
        write_log(topic.id, "answered", actor_id=actor.user_id)
        put(QuestionAnswered(topic_id=topic.id, answer_id=row.id))
    else:
        put(UnseenAnswerChanged(topic_id=topic.id, answer_id=row.id))
    return row


def edit_answer(
    actor: Actor, *, answer: AnswerRow, facts: AnswerFacts, text: NewAnswer, base: int
) -> None:
    """Change an answer; what it said before is kept, and readers see that it was edited.

    `base` is the number of edits that the writer saw: Conflict when there was another since, unless it
    came to the same text (a second click).
    """
    require(actor, Action.ANSWER_EDIT, facts)
    lock_question(answer.topic_id)
    changed = text.body.source != answer.source
    if changed and count_revisions("answer", answer.id) != base:
        raise Conflict(text.key)
    attach(actor, owner_type="answer", owner_id=answer.id, public_ids=text.attachments)
    if changed:
        keep_revision(("answer", answer.id), source=answer.source, editor_id=actor.user_id)
    values = {
        "source": text.body.source,
        "html": text.body.html,
        "render_version": text.body.render_version,
    }
    statement = update(Answer).where(Answer.id == answer.id).values(values)
    if changed:
        statement = statement.values(edited_at=clock.now())
    db.session.execute(statement.execution_options(synchronize_session=False))
    touch_topic(answer.topic_id)
    event = UnseenAnswerChanged if facts.isolated else AnswerChanged
    put(event(topic_id=answer.topic_id, answer_id=answer.id))


def _store(actor: Actor, topic: TopicRow, answer: NewAnswer) -> Answer:
    row = Answer(
        public_id=answer.key,
        topic_id=topic.id,
        author_id=actor.user_id,
        source=answer.body.source,
        html=answer.body.html,
        render_version=answer.body.render_version,
        created_at=clock.now(),
        isolated=actor.isolated,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        # The second of two tabs.
        raise Conflict(str(topic.id)) from None
    attach(actor, owner_type="answer", owner_id=row.id, public_ids=answer.attachments)
    return row


def _forget_unseen(actor: Actor, topic_id: int) -> None:
    """Drop what the actor answered here while he was isolated: now he is heard, and says it anew."""
    unseen = select(Answer.id).where(
        Answer.topic_id == topic_id, Answer.author_id == actor.user_id, Answer.isolated.is_(True)
    )
    answer_id = db.session.scalar(unseen)
    if answer_id is not None:
        release("answer", answer_id)
        db.session.execute(delete(Answer).where(Answer.id == answer_id))
        put(UnseenAnswerChanged(topic_id=topic_id, answer_id=answer_id))


def _make_new(topic_id: int) -> None:
    """Give the topic the time of its answer: in the feed it is new now, and whoever's membership
    ended before the answer has not paid for it."""
    moment = clock.now()
    for statement in (
        update(Topic).where(Topic.id == topic_id).values(published_at=moment),
        update(TopicTag).where(TopicTag.topic_id == topic_id).values(published_at=moment),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))
