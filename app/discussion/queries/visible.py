"""What an actor may read, as SQL. Says exactly what `policy.rules` says; a test compares the two."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, Select, and_, false, or_, select, true

from app.discussion.models import Comment, Question, Topic
from app.kernel.db import unindexed
from app.policy import Actor, ExpiredAccess, Standing

# Core tables, not mapped classes: a select over these never builds ORM objects.
TOPICS = Topic.__table__
QUESTIONS = Question.__table__
COMMENTS = Comment.__table__
T = TOPICS.c
Q = QUESTIONS.c
C = COMMENTS.c


def topics_with_questions() -> FromClause:
    """Return topics, each with its question's row where it has one: the FROM of every topic list."""
    return TOPICS.outerjoin(QUESTIONS, Q.topic_id == T.id)


def visible_topics(actor: Actor) -> Select[tuple[int]]:
    """Return a select of the ids of all topics of the actor's planet that he may read.

    Choose columns with `.with_only_columns(...)` of T and Q; scheduled topics are among them for
    those who may see them, so feeds add `published(actor)`. ValueError outside a planet.
    """
    return select(T.id).select_from(topics_with_questions()).where(topic_is_visible(actor))


def published(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a topic's time has come."""
    return T.published_at <= actor.now


def not_deleted() -> ColumnElement[bool]:
    """Return the condition that a topic is no marker of a deleted one."""
    return T.deleted_at.is_(None)


def leaves_a_trace() -> ColumnElement[bool]:
    """Return the condition that a topic is there, if only as the marker above what others wrote, on topics
    joined with questions."""
    return or_(not_deleted(), T.comment_count > 0, Q.answered_at.is_not(None))


def topic_is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return `can(actor, TOPIC_READ)` as a condition on topics outer-joined with questions."""
    if actor.planet is None:
        raise ValueError("topics are read inside a planet")
    if actor.standing in (Standing.LEFT, Standing.REMOVED):
        return false()
    mine = topic_is_mine(actor)
    # The order of a list is its own to say: by this condition nothing is looked up.
    time_has_come = unindexed(T.published_at) <= actor.now
    moment = and_(time_has_come, leaves_a_trace(), _open_to(actor))
    if actor.inside:
        whose = true() if actor.staff else mine
        moment = or_(moment, and_(T.published_at > actor.now, whose, not_deleted()))
    return and_(T.planet_id == actor.planet.id, or_(T.isolated.is_(False), mine), moment)


def only_samples(actor: Actor) -> bool:
    """Whether the actor reads nothing of the planet but its samples and what they asked themselves."""
    return not actor.inside and not _keeps(actor)


def topic_is_mine(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor wrote the topic, also when he asked anonymously."""
    if actor.user_id is None:
        return false()
    return or_(T.author_id == actor.user_id, Q.asker_id == actor.user_id)


def text_is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return what TOPIC_TEXT_READ asks beyond TOPIC_READ: not deleted, not withdrawn from him."""
    if actor.staff:
        return not_deleted()
    parties = topic_is_mine(actor)
    if actor.user_id is not None:
        parties = or_(parties, Q.addressee_id == actor.user_id)
    return and_(not_deleted(), or_(Q.withdrawn_at.is_(None), parties))


def comment_is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return what COMMENT_READ asks beyond reading the topic, on comments joined with the above."""
    if actor.user_id is None:
        return C.isolated.is_(False)
    asker = and_(C.as_asker.is_(True), Q.asker_id == actor.user_id)
    return or_(C.isolated.is_(False), C.author_id == actor.user_id, asker)


def _open_to(actor: Actor) -> ColumnElement[bool]:
    sample = and_(T.public_sample_at.is_not(None), not_deleted(), _not_private())
    if actor.staff:
        return true()
    if actor.inside and actor.reads_from is None:
        return or_(sample, _question_open_to(actor))
    if actor.inside:
        return or_(sample, _asked(actor), and_(_within_trial(actor), _question_open_to(actor)))
    if _keeps(actor):
        paid = and_(T.published_at <= actor.expires_at, _within_trial(actor))
        return or_(sample, _asked(actor), and_(paid, _question_open_to(actor)))
    return or_(sample, _asked(actor)) if actor.standing is Standing.EXPIRED else sample


def _asked(actor: Actor) -> ColumnElement[bool]:
    """The actor's own questions: open to whoever `keeps_own_words`, whatever else is closed."""
    return false() if actor.user_id is None else Q.asker_id == actor.user_id


def _keeps(actor: Actor) -> bool:
    """Whether somebody whose time is over still reads what it brought."""
    keeps = actor.planet is not None and actor.planet.expired_access is not ExpiredAccess.LOCK
    return actor.standing is Standing.EXPIRED and keeps and actor.expires_at is not None


def _within_trial(actor: Actor) -> ColumnElement[bool]:
    """A trial may reach back some days only."""
    return T.published_at >= actor.reads_from if actor.reads_from is not None else true()


def _question_open_to(actor: Actor) -> ColumnElement[bool]:
    answered: ColumnElement[bool] = Q.answered_at.is_not(None)
    queue_open = actor.planet is not None and actor.planet.question_queue_open
    if queue_open:
        waiting = and_(Q.declined_at.is_(None), Q.withdrawn_at.is_(None))
        answered = or_(answered, waiting)
    return or_(
        T.kind != "question",
        topic_is_mine(actor),
        Q.addressee_id == actor.user_id,
        and_(_not_private(), answered),
    )


def _not_private() -> ColumnElement[bool]:
    # The outer join leaves NULL for a topic that is no question.
    return Q.private.is_not(True)
