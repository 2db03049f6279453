"""Reactions of search to what happened: a note of each text that the index must read anew.

Handlers only write these rows; the indexer reads what is there then. So the order of events is no matter.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from app.accounts import events as accounts
from app.discussion import events
from app.discussion.models import Answer, Comment, Topic
from app.kernel.db import db
from app.memberships import events as memberships
from app.memberships.models import Membership
from app.outbox.events import Event, Handler, Lane, Subscriptions
from app.search.changes import HANDLER, note, note_selected
from app.search.documents import Change
from app.search.port import Part


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events with the notes they leave."""
    for event, handler in _HANDLERS:
        subscriptions.add(event.name, HANDLER, handler, lane=Lane.FOLLOW)


def _topic(payload: dict[str, Any]) -> None:
    note([Change(payload["topic_id"], Part.TOPIC, payload["topic_id"])])


def _topics(payload: dict[str, Any]) -> None:
    note(Change(topic_id, Part.TOPIC, topic_id) for topic_id in payload["topic_ids"])


def _answer(payload: dict[str, Any]) -> None:
    """An answer changes what the members may read of its question, too."""
    topic_id = payload["topic_id"]
    note(
        [
            Change(topic_id, Part.TOPIC, topic_id),
            Change(topic_id, Part.ANSWER, payload["answer_id"]),
        ]
    )


def _comment(payload: dict[str, Any]) -> None:
    note([Change(payload["topic_id"], Part.COMMENT, payload["comment_id"])])


def _person(payload: dict[str, Any]) -> None:
    _written_by(payload["user_id"], None)


def _member(payload: dict[str, Any]) -> None:
    member = db.session.get(Membership, payload["membership_id"])
    if member is not None:
        _written_by(member.user_id, member.planet_id)


def _written_by(user_id: int, planet_id: int | None) -> None:
    """Note all that bears somebody's name, in one planet or everywhere."""
    note_selected(
        _in(planet_id, select(Topic.id, Topic.id), Topic.author_id == user_id), Part.TOPIC
    )
    answers = select(Answer.topic_id, Answer.id).join(Topic, Topic.id == Answer.topic_id)
    note_selected(_in(planet_id, answers, Answer.author_id == user_id), Part.ANSWER)
    comments = select(Comment.topic_id, Comment.id).join(Topic, Topic.id == Comment.topic_id)
    note_selected(_in(planet_id, comments, Comment.author_id == user_id), Part.COMMENT)


def _in(planet_id: int | None, rows: Select[int, int], whose: Any) -> Select[int, int]:
    rows = rows.where(whose)
    return rows if planet_id is None else rows.where(Topic.planet_id == planet_id)


_HANDLERS: tuple[tuple[type[Event], Handler], ...] = (
    (events.TopicPublished, _topic),
    (events.TopicChanged, _topic),
    (events.TopicDeleted, _topic),
    (events.TopicsRetagged, _topics),
    (events.QuestionHandedOn, _topic),
    (events.QuestionAnswered, _answer),
    (events.QuestionDeclined, _topic),
    (events.AnswerChanged, _answer),
    (events.UnseenAnswerChanged, _answer),
    (events.CommentWritten, _comment),
    (events.CommentChanged, _comment),
    (accounts.NameChanged, _person),
    (memberships.NameChanged, _member),
)
