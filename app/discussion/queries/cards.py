"""What a topic shows to everybody who may read it: for cards in lists and for its own page.

Nothing here depends on the reader, so a rendered card can be kept under (topic id, rev).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from app.discussion.models import Answer, Tag, TopicTag
from app.discussion.queries.authors import AUTHOR_WIDTH, Author, AuthorJoin
from app.discussion.queries.visible import Q, T, topics_with_questions
from app.kernel.reading import Ready
from app.media.queries import AttachmentView, list_attachments

ANSWERS = Answer.__table__
A = ANSWERS.c
G = Tag.__table__.c
TT = TopicTag.__table__.c


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag as pages show it. `key` stands in addresses."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """The answer that everybody sees under a question."""

    id: int
    html: str
    author: Author | None
    created_at: datetime
    attached: list[AttachmentView]


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """The question part of a card. `state`: open, answered, declined or withdrawn."""

    addressee: Author | None
    state: str
    private: bool
    anonymous: bool
    due_at: datetime
    answer: AnswerPart | None


@dataclass(frozen=True, slots=True)
class TopicCard:
    """A topic as everybody sees it. `author` is None for an anonymous asker."""

    id: int
    public_id: str
    kind: str
    title: str
    slug: str
    html: str
    excerpt: str
    published_at: datetime
    edited_at: datetime | None
    author: Author | None
    pinned: bool
    digest: bool
    sample: bool
    closed: bool
    question: QuestionPart | None
    tags: list[TagView]
    attached: list[AttachmentView]


_author = AuthorJoin("author")
_addressee = AuthorJoin("addressee")
_answerer = AuthorJoin("answerer")
# The first columns are fields of TopicCard as they stand.
_NAMES = (
    "id",
    "public_id",
    "kind",
    "title",
    "slug",
    "html",
    "excerpt",
    "published_at",
    "edited_at",
)
_OWN = (
    *(T[name] for name in _NAMES),
    T.pinned_at,
    T.digest_at,
    T.public_sample_at,
    T.comments_closed_at,
    T.image_count,
    T.file_count,
    Q.private,
    Q.anonymous,
    Q.answered_at,
    Q.declined_at,
    Q.withdrawn_at,
    Q.due_at,
)
_WIDTH = len(_OWN)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CARDS = Ready(
    select(*_OWN, *_author.columns, *_addressee.columns)
    .select_from(
        _addressee.onto(
            _author.onto(topics_with_questions(), T.author_id, T.planet_id),
            Q.addressee_id,
            T.planet_id,
        )
    )
    .where(T.id.in_(_IDS))
)
_ANSWERS = Ready(
    select(A.topic_id, A.id, A.html, A.created_at, *_answerer.columns)
    .select_from(
        _answerer.onto(ANSWERS.join(T.id.table, T.id == A.topic_id), A.author_id, T.planet_id)
    )
    .where(A.topic_id.in_(_IDS), A.isolated.is_(False))
)
_TAGS = Ready(
    select(TT.topic_id, G.name, G.key)
    .select_from(TopicTag.__table__.join(Tag.__table__, G.id == TT.tag_id))
    .where(TT.topic_id.in_(_IDS))
    .order_by(G.position, G.id)
)


def load_cards(topic_ids: Sequence[int], now: datetime) -> dict[int, TopicCard]:
    """Return the cards of these topics, by id. Whether the reader may see them is asked before.

    At most five queries, however many topics. `now` decides whose role still counts.
    """
    if not topic_ids:
        return {}
    rows = _CARDS.rows(ids=topic_ids)
    answers = _answers([row[0] for row in rows if row[17] is not None], now)
    attached = list_attachments("topic", [row[0] for row in rows if row[13] or row[14]])
    of_answers = list_attachments("answer", [answer.id for answer in answers.values()])
    tags = _tags(topic_ids)
    cards = {}
    for row in rows:
        answer = answers.get(row[0])
        if answer is not None:
            answer = replace(answer, attached=of_answers.get(answer.id, []))
        cards[row[0]] = _card(row, now, answer, tags, attached)
    return cards


def _card(
    row: Sequence[Any],
    now: datetime,
    answer: AnswerPart | None,
    tags: dict[int, list[TagView]],
    attached: dict[int, list[AttachmentView]],
) -> TopicCard:
    addressee = row[_WIDTH + AUTHOR_WIDTH :]
    private, anonymous, answered_at, declined_at, withdrawn_at, due_at = row[15:_WIDTH]
    question = None
    if row[2] == "question":
        question = QuestionPart(
            addressee=_addressee.read(addressee, now),
            state=question_state(answered_at, declined_at, withdrawn_at),
            private=bool(private),
            anonymous=bool(anonymous),
            due_at=due_at,
            answer=answer,
        )
    own: dict[str, Any] = dict(zip(_NAMES, row, strict=False))
    return TopicCard(
        **own,
        author=_author.read(row[_WIDTH : _WIDTH + AUTHOR_WIDTH], now),
        pinned=row[9] is not None,
        digest=row[10] is not None,
        sample=row[11] is not None,
        closed=row[12] is not None,
        question=question,
        tags=tags.get(row[0], []),
        attached=attached.get(row[0], []),
    )


def question_state(
    answered_at: datetime | None, declined_at: datetime | None, withdrawn_at: datetime | None
) -> str:
    """Return the word for a question's state; withdrawing outweighs what came before."""
    if withdrawn_at is not None:
        return "withdrawn"
    if declined_at is not None:
        return "declined"
    return "answered" if answered_at is not None else "open"


def _answers(topic_ids: Sequence[int], now: datetime) -> dict[int, AnswerPart]:
    if not topic_ids:
        return {}
    return {
        row[0]: AnswerPart(row[1], row[2], _answerer.read(row[4:], now), row[3], [])
        for row in _ANSWERS.rows(ids=topic_ids)
    }


def _tags(topic_ids: Sequence[int]) -> dict[int, list[TagView]]:
    found: dict[int, list[TagView]] = {}
    for topic_id, name, key in _TAGS.rows(ids=topic_ids):
        found.setdefault(topic_id, []).append(TagView(name, key))
    return found
