"""Every state a topic can be in, as rows and as the facts the policy should see in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from app.discussion.models import Question, Topic
from app.kernel.db import unit_of_work
from app.policy import TopicFacts
from tests.cast import Cast


@dataclass(frozen=True)
class State:
    """One state. `age` is days before the clock's moment, negative for a scheduled topic."""

    kind: str
    writer: str
    age: int
    deleted: bool = False
    isolated: bool = False
    comments: int = 0
    sample: bool = False
    private: bool = False
    anonymous: bool = False
    addressee: str | None = None
    fate: str = "open"


# The expired member of the cast stopped paying 30 days ago.
AGES = (60, 1, -1)
BOOLS = (False, True)


def all_posts() -> Iterator[State]:
    for writer, age, deleted, isolated, comments, sample in product(
        ("guest", "expired", "left"), AGES, BOOLS, BOOLS, (0, 2), BOOLS
    ):
        yield State("post", writer, age, deleted, isolated, comments, sample)


def all_questions() -> Iterator[State]:
    for asker, age, deleted, isolated, comments, sample, private, anonymous, to, fate in product(
        ("member", "expired", "removed"),
        AGES,
        BOOLS,
        BOOLS,
        (0, 2),
        BOOLS,
        BOOLS,
        BOOLS,
        ("guest", "other"),
        ("open", "answered", "declined", "withdrawn", "answered+withdrawn"),
    ):
        yield State(
            "question",
            asker,
            age,
            deleted,
            isolated,
            comments,
            sample,
            private,
            anonymous,
            to,
            fate,
        )


def facts_of(state: State, cast: Cast, moment: datetime) -> TopicFacts:
    """Return what the policy should be told of a topic in this state."""
    return TopicFacts(
        planet_id=cast.planet_id,
        kind=state.kind,
        writer_id=cast.users[state.writer],
        published_at=moment - timedelta(days=state.age),
        deleted=state.deleted,
        isolated=state.isolated,
        public_sample=state.sample,
        private=state.private,
        addressee_id=cast.users[state.addressee] if state.addressee else None,
        answered="answered" in state.fate,
        declined=state.fate == "declined",
        withdrawn="withdrawn" in state.fate,
        anonymous=state.anonymous,
        has_replies=state.comments > 0 or "answered" in state.fate,
    )


def write(states: list[State], cast: Cast, moment: datetime) -> list[int]:
    """Write the states as rows; returns the topics' row ids in the same order."""
    topics = [_topic(state, cast, moment) for state in states]
    with unit_of_work() as session:
        session.add_all(topics)
        session.flush()
        session.add_all(
            _question(state, topic.id, cast, moment)
            for state, topic in zip(states, topics, strict=True)
            if state.kind == "question"
        )
    return [topic.id for topic in topics]


def _topic(state: State, cast: Cast, moment: datetime) -> Topic:
    at = moment - timedelta(days=state.age)
    return Topic(
        planet_id=cast.planet_id,
        kind=state.kind,
        author_id=None if state.anonymous else cast.users[state.writer],
        title="标题",
        source="正文",
        html="<p>正文</p>",
        created_at=at,
        published_at=at,
        last_activity_at=at,
        deleted_at=moment if state.deleted else None,
        isolated=state.isolated,
        comment_count=state.comments,
        public_sample_at=moment if state.sample else None,
    )


def _question(state: State, topic_id: int, cast: Cast, moment: datetime) -> Question:
    at = moment - timedelta(days=state.age)
    assert state.addressee is not None
    return Question(
        topic_id=topic_id,
        planet_id=cast.planet_id,
        asker_id=cast.users[state.writer],
        addressee_id=cast.users[state.addressee],
        anonymous=state.anonymous,
        private=state.private,
        asked_at=at,
        due_at=at + timedelta(days=3),
        answered_at=moment if "answered" in state.fate else None,
        declined_at=moment if state.fate == "declined" else None,
        withdrawn_at=moment if "withdrawn" in state.fate else None,
    )
