"""Reactions of search to what happened: a note of each text that the index must read anew.

Handlers only write these rows; the indexer reads what is there then. So the order of events is no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sqlalchemy import Select, select

from app.accounts import events as accounts
from app.discussion import events
from app.discussion.models import Answer, Comment, Topic
from app.kernel.db import db
from app.memberships import events as memberships
from app.memberships.models import Membership
from app.outbox.events import Event, Lane, Subscriptions
from app.search.changes import HANDLER, note, note_selected
from app.search.documents import RENAMED, Change
from app.search.port import Part

Changes = Callable[[dict[str, Any]], Iterable[Change]]
# Rows of (topic id, row id), and what they are parts of.
Texts = list[tuple[Select[int, int], str]]
Named = Callable[[dict[str, Any]], Texts]

# What makes a text only, or gives it another name, takes no words from anybody.
ADDING = frozenset({events.TopicPublished.name, events.CommentWritten.name})
NAMING = frozenset(
    {events.TopicsRetagged.name, accounts.NameChanged.name, memberships.NameChanged.name}
)


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events with the notes they leave."""
    for event, changes in _CHANGES:
        subscriptions.add(event.name, HANDLER, partial(_note, changes), lane=Lane.FOLLOW)
    for event, whose in _NAMES:
        handler = partial(_note_named, whose)
        subscriptions.add(event.name, HANDLER, handler, lane=Lane.FOLLOW)


def changes_of(event_name: str, payload: dict[str, Any], *, most: int) -> list[Change]:
    """Return what an event's handler will note, `most` of it at most."""
    for event, changes in _CHANGES:
        if event.name == event_name:
            return list(changes(payload))[:most]
    found: list[Change] = []
    for event, whose in _NAMES:
        if event.name == event_name:
            for rows, part in whose(payload):
                found += (
                    Change(topic_id, part, row_id)
                    for topic_id, row_id in db.session.execute(rows.limit(most))
                )
    return found[:most]


def _note(changes: Changes, payload: dict[str, Any]) -> None:
    note(changes(payload))


def _note_named(whose: Named, payload: dict[str, Any]) -> None:
    for rows, part in whose(payload):
        note_selected(rows, part)


def _topic(payload: dict[str, Any]) -> list[Change]:
    return [Change(payload["topic_id"], Part.TOPIC, payload["topic_id"])]


def _topics(payload: dict[str, Any]) -> list[Change]:
    return [Change(topic_id, RENAMED[Part.TOPIC], topic_id) for topic_id in payload["topic_ids"]]


def _answer(payload: dict[str, Any]) -> list[Change]:
    """An answer changes what the members may read of its question, too."""
    topic_id = payload["topic_id"]
    return [
        Change(topic_id, Part.TOPIC, topic_id),
        Change(topic_id, Part.ANSWER, payload["answer_id"]),
    ]


def _comment(payload: dict[str, Any]) -> list[Change]:
    return [Change(payload["topic_id"], Part.COMMENT, payload["comment_id"])]


def _person(payload: dict[str, Any]) -> Texts:
    return _written_by(payload["user_id"], None)


def _member(payload: dict[str, Any]) -> Texts:
    member = db.session.get(Membership, payload["membership_id"])
    return _written_by(member.user_id, member.planet_id) if member is not None else []


def _written_by(user_id: int, planet_id: int | None) -> Texts:
    """Return all that bears somebody's name, in one planet or everywhere."""
    topics = select(Topic.id, Topic.id)
    answers = select(Answer.topic_id, Answer.id).join(Topic, Topic.id == Answer.topic_id)
    comments = select(Comment.topic_id, Comment.id).join(Topic, Topic.id == Comment.topic_id)
    return [
        (_in(planet_id, topics, Topic.author_id == user_id), RENAMED[Part.TOPIC]),
        (_in(planet_id, answers, Answer.author_id == user_id), RENAMED[Part.ANSWER]),
        (_in(planet_id, comments, Comment.author_id == user_id), RENAMED[Part.COMMENT]),
    ]


def _in(planet_id: int | None, rows: Select[int, int], whose: Any) -> Select[int, int]:
    rows = rows.where(whose)
    return rows if planet_id is None else rows.where(Topic.planet_id == planet_id)


_CHANGES: tuple[tuple[type[Event], Changes], ...] = (
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
)
_NAMES: tuple[tuple[type[Event], Named], ...] = (
    (accounts.NameChanged, _person),
    (memberships.NameChanged, _member),
)
