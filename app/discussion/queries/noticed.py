"""What notices must know of topics and comments: facts for the policy, ids for a link, many at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from app.discussion.models import Answer
from app.discussion.queries.facts import FACT_COLUMNS, read_topic_facts
from app.discussion.queries.visible import COMMENTS, C, Q, T, topics_with_questions
from app.kernel.db import db
from app.kernel.reading import Ready
from app.policy import AnswerFacts, CommentFacts, TopicFacts

_ANSWERS = Answer.__table__
_A = _ANSWERS.c
_FACTS = len(FACT_COLUMNS)


@dataclass(frozen=True, slots=True)
class NoticedTopic:
    """A topic in a notice. `answer` is None while there is none; `title` may be ""."""

    id: int
    public_id: str
    title: str
    excerpt: str
    facts: TopicFacts
    answer: AnswerFacts | None


@dataclass(frozen=True, slots=True)
class NoticedComment:
    """A comment in a notice. `parent_writer_id` is whose comment it replies to, None for a root."""

    id: int
    public_id: str
    topic_id: int
    as_asker: bool
    facts: CommentFacts
    parent_writer_id: int | None


# Ready: asked for each notice that is made and each letter that is sent. The last of two counts: what
# everybody sees outweighs what an isolated addressee wrote.
_TOPICS = Ready(
    select(*FACT_COLUMNS, T.id, T.public_id, T.title, T.excerpt, _A.author_id, _A.isolated)
    .select_from(topics_with_questions().outerjoin(_ANSWERS, _A.topic_id == T.id))
    .where(T.id.in_(bindparam("topic_ids", expanding=True)))
    .order_by(_A.isolated.desc())
)


def find_noticed_topics(topic_ids: Collection[int]) -> dict[int, NoticedTopic]:
    """Return topic id -> the topic, for those that exist, whoever may read them. One query."""
    if not topic_ids:
        return {}
    found = {}
    for row in _TOPICS.rows(topic_ids=topic_ids):
        topic_id, public_id, title, excerpt, answerer_id, isolated = row[_FACTS:]
        facts = read_topic_facts(row)
        answer = None if answerer_id is None else AnswerFacts(facts, answerer_id, isolated)
        found[topic_id] = NoticedTopic(topic_id, public_id, title, excerpt, facts, answer)
    return found


def find_noticed_comments(comment_ids: Collection[int]) -> dict[int, NoticedComment]:
    """Return comment id -> the comment, for those that exist, whoever may read them. One query."""
    if not comment_ids:
        return {}
    parents = COMMENTS.alias("parents")
    source = COMMENTS.join(topics_with_questions(), T.id == C.topic_id).outerjoin(
        parents, parents.c.id == C.parent_id
    )
    own = (
        *(C.id, C.public_id, C.topic_id, C.as_asker, C.author_id),
        *(C.created_at, C.deleted_at, C.isolated),
        *(parents.c.id, parents.c.author_id, Q.asker_id),
    )
    statement = select(*FACT_COLUMNS, *own).select_from(source).where(C.id.in_(comment_ids))
    found = {}
    for row in db.session.execute(statement):
        topic = read_topic_facts(row)
        comment_id, public_id, topic_id, as_asker, author_id, *rest = row[_FACTS:]
        created_at, deleted_at, isolated, parent_id, parent_author_id, asker_id = rest
        facts = CommentFacts(
            topic=topic,
            # Without an author it is the anonymous asker's follow-up.
            writer_id=topic.writer_id if author_id is None else author_id,
            created_at=created_at,
            deleted=deleted_at is not None,
            isolated=isolated,
        )
        parent = None
        if parent_id is not None:
            parent = asker_id if parent_author_id is None else parent_author_id
        found[comment_id] = NoticedComment(comment_id, public_id, topic_id, as_asker, facts, parent)
    return found
