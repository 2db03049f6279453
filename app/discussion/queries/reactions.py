"""Reading likes and bookmarks: one's own marks on what a page shows, and who liked something."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    and_,
    bindparam,
    false,
    literal,
    or_,
    select,
    union_all,
)

from app.discussion.models import Bookmark, Like
from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.visible import QUESTIONS, TOPICS, Q, T
from app.kernel.db import db
from app.kernel.reading import Ready
from app.policy import Action, Actor, CommentFacts, TopicFacts, require

LIKES = Like.__table__.c
BOOKMARKS = Bookmark.__table__.c
LIKERS_SHOWN = 200

Subject = tuple[Literal["topic", "comment"], int]


@dataclass(frozen=True, slots=True)
class Marks:
    """What the reader has liked and kept among the things of a page.

    `uncounted` are likes of his that the stored counts leave out because he is isolated: he sees
    them one higher. `notes` are his bookmarks' notes by topic id.
    """

    liked: frozenset[Subject]
    uncounted: frozenset[Subject]
    notes: dict[int, str]

    def likes(self, subject: Subject, stored: int) -> int:
        """Return the count of likes that this reader sees."""
        return stored + (subject in self.uncounted)


NO_MARKS = Marks(frozenset(), frozenset(), {})


def marks_on_topic(actor: Actor, topic_id: int) -> Marks:
    """Return the reader's marks on a topic and on all its comments, in one query; none for visitors."""
    if actor.user_id is None:
        return NO_MARKS
    return _read(_ON_TOPIC.rows(me=actor.user_id, topic=topic_id))


def marks_on_topics(actor: Actor, topic_ids: Collection[int]) -> Marks:
    """Return the reader's marks on the topics of a list, in one query; none for visitors."""
    if actor.user_id is None or not topic_ids:
        return NO_MARKS
    binds = {"me": actor.user_id, "topics": list(topic_ids)}
    return _read(db.session.execute(_on_topics(), binds))


def _on_topic() -> CompoundSelect[Any]:
    me: BindParameter[int] = bindparam("me")
    topic: BindParameter[int] = bindparam("topic")
    return _marks(
        and_(LIKES.user_id == me, LIKES.topic_id == topic),
        and_(BOOKMARKS.user_id == me, BOOKMARKS.topic_id == topic),
    )


@cache
def _on_topics() -> CompoundSelect[Any]:
    me: BindParameter[int] = bindparam("me")
    topics: BindParameter[Any] = bindparam("topics", expanding=True)
    return _marks(
        and_(LIKES.subject_type == "topic", LIKES.subject_id.in_(topics), LIKES.user_id == me),
        and_(BOOKMARKS.user_id == me, BOOKMARKS.topic_id.in_(topics)),
    )


def _marks(likes: Any, bookmarks: Any) -> CompoundSelect[Any]:
    liked = select(LIKES.subject_type, LIKES.subject_id, LIKES.isolated, literal("")).where(likes)
    kept = select(literal("kept"), BOOKMARKS.topic_id, false(), BOOKMARKS.note).where(bookmarks)
    return union_all(liked, kept)


_ON_TOPIC = Ready(_on_topic())


def _read(rows: Any) -> Marks:
    liked: set[Subject] = set()
    uncounted: set[Subject] = set()
    notes: dict[int, str] = {}
    for kind, subject_id, isolated, note in rows:
        if kind == "kept":
            notes[subject_id] = note
            continue
        liked.add((kind, subject_id))
        if isolated:
            uncounted.add((kind, subject_id))
    return Marks(frozenset(liked), frozenset(uncounted), notes)


def list_likers(
    actor: Actor, facts: TopicFacts | CommentFacts, *, subject: Subject
) -> list[Author]:
    """Return who liked a topic or comment, the latest 200 first; NotFound with a hidden directory.

    Isolated people are left out, and so is the asker of an anonymous question: whoever likes a
    private or unanswered one beside its addressee and the staff can only be its asker.
    """
    require(actor, Action.LIKERS_READ, facts)
    author = AuthorJoin("liker")
    source = Like.__table__.join(TOPICS, T.id == LIKES.topic_id)
    source = source.outerjoin(QUESTIONS, Q.topic_id == LIKES.topic_id)
    shown = or_(Q.topic_id.is_(None), Q.anonymous.is_(False), Q.asker_id != LIKES.user_id)
    statement = (
        select(*author.columns)
        .select_from(author.onto(source, LIKES.user_id, T.planet_id))
        .where(LIKES.subject_type == subject[0], LIKES.subject_id == subject[1])
        .where(LIKES.isolated.is_(False), shown)
        .order_by(LIKES.created_at.desc(), LIKES.user_id)
        .limit(LIKERS_SHOWN)
    )
    people = (author.read(row, actor.now) for row in db.session.execute(statement))
    return [person for person in people if person is not None]
