"""Topics in random states in two planets, with answers, comments and words from a small store, and what of
it each reader may open by the policy's own words: the brute force that no engine is part of."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.discussion.models import Answer, Comment, Question, Tag, Topic, TopicTag
from app.discussion.queries.facts import text_is_readable
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.planets.models import Planet
from app.policy import Action, Actor, AnswerFacts, CommentFacts, TopicFacts, can
from app.search import port
from tests.cast import PEOPLE, Cast
from tests.discussion.states import State, all_posts, all_questions

WORDS = (
    *("退款", "退款流程", "订阅", "複利", "复利", "番茄工作法", "读书笔记", "退", "书"),
    *("refund", "Refunds", "cache", "app.kernel", "Flask框架", "２０２４年", "getUserName"),
)
# Who is what in the second planet: everybody something else than in the first.
SECOND = {
    "owner": "member",
    "partner": "guest",
    "admin": "member",
    "guest": "owner",
    "member": "admin",
    "other": "partner",
    "grace": "member",
    "expired": "member",
    "isolated": "member",
    "stranger": "member",
}


@dataclass(frozen=True)
class Open:
    """What one reader may open of one topic: its facts and the texts that he may read."""

    facts: TopicFacts
    texts: tuple[port.Passage, ...]


def second_planet(cast: Cast, moment: datetime) -> Cast:
    """Make another planet in which the same people have other roles, names and terms."""
    with unit_of_work() as session:
        planet = Planet(
            slug="second",
            name="彗星",
            created_at=moment - timedelta(days=150),
            created_by=cast.users["guest"],
            question_queue_open=True,
        )
        session.add(planet)
        session.flush()
        for persona, role in SECOND.items():
            session.add(
                Membership(
                    planet_id=planet.id,
                    user_id=cast.users[persona],
                    role=role,
                    nickname=f"又名{persona}",
                    name_key=f"又名{persona}",
                    joined_at=moment - timedelta(days=100),
                    read_through_at=moment,
                    expires_at=moment - timedelta(days=40) if persona == "grace" else None,
                )
            )
    return Cast(cast.app, planet.id, "second", cast.users, cast.public_ids)


def populate(casts: list[Cast], moment: datetime, *, count: int, seed: int) -> None:
    """Write `count` topics in random states into each planet."""
    rng = random.Random(seed)
    states = [*all_posts(), *rng.sample(list(all_questions()), 400)]
    with unit_of_work() as session:
        for cast in casts:
            tags = [Tag(planet_id=cast.planet_id, name=name, key=name) for name in ("退款", "读书")]
            session.add_all(tags)
            session.flush()
            for state in rng.sample(states, count):
                topic = _topic(rng, state, cast, moment)
                session.add(topic)
                session.flush()
                if state.kind == "question":
                    session.add(_question(state, topic, cast, moment))
                if rng.random() < 0.4:
                    tag = rng.choice(tags)
                    session.add(
                        TopicTag(topic_id=topic.id, tag_id=tag.id, published_at=topic.published_at)
                    )
                session.add_all(_answers(rng, state, topic, cast, moment))
                session.add_all(_comments(rng, state, topic, cast, moment))


def _said(rng: random.Random) -> str:
    joint = rng.choice(("，", " ", "。\n\n", "", " 的"))
    return joint.join(rng.choice(WORDS) for _ in range(rng.randint(1, 4)))


def _topic(rng: random.Random, state: State, cast: Cast, moment: datetime) -> Topic:
    at = moment - timedelta(days=state.age, minutes=rng.randint(0, 500))
    return Topic(
        planet_id=cast.planet_id,
        kind=state.kind,
        author_id=None if state.anonymous else cast.users[state.writer],
        title=_said(rng).replace("\n", "") if rng.random() < 0.7 else "",
        source=_said(rng),
        html="",
        created_at=at,
        published_at=at,
        last_activity_at=at,
        deleted_at=moment if state.deleted and rng.random() < 0.6 else None,
        digest_at=moment if rng.random() < 0.2 else None,
        isolated=state.isolated,
        comment_count=state.comments,
        image_count=rng.randint(0, 1),
        file_count=rng.randint(0, 1),
        public_sample_at=moment if state.sample else None,
    )


def _question(state: State, topic: Topic, cast: Cast, moment: datetime) -> Question:
    assert state.addressee is not None
    return Question(
        topic_id=topic.id,
        planet_id=cast.planet_id,
        asker_id=cast.users[state.writer],
        addressee_id=cast.users[state.addressee],
        anonymous=state.anonymous,
        private=state.private,
        asked_at=topic.created_at,
        due_at=topic.created_at + timedelta(days=3),
        answered_at=moment if "answered" in state.fate else None,
        declined_at=moment if state.fate == "declined" else None,
        withdrawn_at=moment if "withdrawn" in state.fate else None,
    )


def _answers(
    rng: random.Random, state: State, topic: Topic, cast: Cast, moment: datetime
) -> list[Answer]:
    made = []
    if "answered" in state.fate and state.addressee:
        made.append((state.addressee, False))
    if state.kind == "question" and rng.random() < 0.2:
        made.append(("isolated", True))
    return [
        Answer(
            topic_id=topic.id,
            author_id=cast.users[persona],
            source=_said(rng),
            html="",
            created_at=moment,
            isolated=isolated,
        )
        for persona, isolated in made
    ]


def _comments(
    rng: random.Random, state: State, topic: Topic, cast: Cast, moment: datetime
) -> list[Comment]:
    made = []
    for _ in range(rng.randint(0, 3)):
        as_asker = state.anonymous and rng.random() < 0.5
        persona = rng.choice(("member", "other", "isolated", "expired", "guest"))
        made.append(
            Comment(
                planet_id=cast.planet_id,
                topic_id=topic.id,
                author_id=None if as_asker else cast.users[persona],
                as_asker=as_asker,
                source=_said(rng),
                html="",
                created_at=moment,
                deleted_at=moment if rng.random() < 0.1 else None,
                isolated=persona == "isolated" and not as_asker,
            )
        )
    return made


class Library:
    """All rows with the facts that the policy asks for. `open_to` is the brute force."""

    def __init__(self, entries: list[port.Entry]) -> None:
        self.entries = {entry.topic_id: entry for entry in entries}
        topics = {row.id: row for row in db.session.scalars(select(Topic))}
        questions = {row.topic_id: row for row in db.session.scalars(select(Question))}
        answers = {row.id: row for row in db.session.scalars(select(Answer))}
        comments = {row.id: row for row in db.session.scalars(select(Comment))}
        self.facts = {id_: _facts(row, questions.get(id_)) for id_, row in topics.items()}
        self.texts: dict[tuple[port.Part, int], AnswerFacts | CommentFacts] = {}
        for answer in answers.values():
            topic = self.facts[answer.topic_id]
            self.texts[port.Part.ANSWER, answer.id] = AnswerFacts(
                topic, answer.author_id, answer.isolated
            )
        for comment in comments.values():
            topic = self.facts[comment.topic_id]
            self.texts[port.Part.COMMENT, comment.id] = CommentFacts(
                topic=topic,
                writer_id=topic.writer_id if comment.author_id is None else comment.author_id,
                created_at=comment.created_at,
                deleted=comment.deleted_at is not None,
                isolated=comment.isolated,
            )
        db.session.rollback()

    def open_to(self, actors: list[Actor]) -> dict[int, Open]:
        """Return what somebody may open, who is an actor in each of his planets."""
        by_planet = {actor.planet.id: actor for actor in actors if actor.planet}
        found = {}
        for topic_id, facts in self.facts.items():
            actor = by_planet.get(facts.planet_id)
            if actor is None or not can(actor, Action.TOPIC_READ, facts):
                continue
            entry = self.entries[topic_id]
            texts = tuple(one for one in entry.passages if self._readable(actor, facts, one))
            found[topic_id] = Open(facts, texts)
        return found

    def _readable(self, actor: Actor, facts: TopicFacts, passage: port.Passage) -> bool:
        if passage.part is port.Part.TOPIC:
            return text_is_readable(actor, facts)
        return text_is_readable(actor, self.texts[passage.part, passage.row_id])


def _facts(topic: Topic, question: Question | None) -> TopicFacts:
    return TopicFacts(
        planet_id=topic.planet_id,
        kind=topic.kind,
        writer_id=question.asker_id if question else topic.author_id,
        published_at=topic.published_at,
        deleted=topic.deleted_at is not None,
        isolated=topic.isolated,
        public_sample=topic.public_sample_at is not None,
        private=bool(question and question.private),
        addressee_id=question.addressee_id if question else None,
        answered=bool(question and question.answered_at),
        declined=bool(question and question.declined_at),
        withdrawn=bool(question and question.withdrawn_at),
        anonymous=bool(question and question.anonymous),
        has_replies=topic.comment_count > 0 or bool(question and question.answered_at),
    )


def personas() -> list[str]:
    """Return everybody who may search, the visitor too."""
    return [*PEOPLE, "visitor"]
