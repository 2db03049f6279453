"""Entries for an engine, read from the tests' rows in the plainest way."""

from __future__ import annotations

from sqlalchemy import select

from app.discussion.models import Answer, Comment, Question, Tag, Topic, TopicTag
from app.kernel.db import db
from app.kernel.text import plain_text
from app.media.models import Attachment
from app.memberships.queries import names_in
from app.search.port import Entry, Part, Passage, TopicFacts


def entries() -> list[Entry]:
    """Return every topic with all its texts; of a deleted one the answers and comments, if it has any that
    all its readers see."""
    questions = {q.topic_id: q for q in db.session.scalars(select(Question))}
    made = []
    for topic in db.session.scalars(select(Topic)):
        question = questions.get(topic.id)
        passages = (*_answers(topic), *_comments(topic, question))
        if topic.deleted_at is None:
            passages = (_own(topic, question), *passages)
        elif not (topic.comment_count or (question and question.answered_at)):
            continue
        made.append(Entry(topic.id, _facts(topic, question), passages))
    db.session.rollback()
    return made


def _facts(topic: Topic, question: Question | None) -> TopicFacts:
    tags = select(TopicTag.tag_id).where(TopicTag.topic_id == topic.id)
    here = topic.deleted_at is None
    return TopicFacts(
        topic_id=topic.id,
        planet_id=topic.planet_id,
        kind=topic.kind,
        author_id=topic.author_id if here else None,
        writer_id=question.asker_id if question else topic.author_id,
        addressee_id=question.addressee_id if question else None,
        published_at=topic.published_at,
        isolated=topic.isolated,
        sample=here and topic.public_sample_at is not None,
        private=bool(question and question.private),
        answered=bool(question and question.answered_at),
        declined=bool(question and question.declined_at),
        withdrawn=bool(question and question.withdrawn_at),
        deleted=not here,
        digest=here and topic.digest_at is not None,
        has_image=here and topic.image_count > 0,
        has_file=here and topic.file_count > 0,
        tag_ids=tuple(db.session.scalars(tags)) if here else (),
    )


def _name(planet_id: int, user_id: int | None) -> str:
    if user_id is None:
        return ""
    return names_in({(planet_id, user_id)})[planet_id, user_id]


def _own(topic: Topic, question: Question | None) -> Passage:
    tags = select(Tag.name).join(TopicTag, TopicTag.tag_id == Tag.id)
    files = select(Attachment.filename).where(
        Attachment.owner_type == "topic",
        Attachment.owner_id == topic.id,
        Attachment.purpose == "file",
    )
    names = [*db.session.scalars(files), _name(topic.planet_id, topic.author_id)]
    return Passage(
        part=Part.TOPIC,
        row_id=topic.id,
        topic_id=topic.id,
        author_id=topic.author_id,
        writer_id=question.asker_id if question else topic.author_id,
        body=plain_text(topic.source),
        title="\n\n".join(
            [topic.title, *db.session.scalars(tags.where(TopicTag.topic_id == topic.id))]
        ).strip(),
        names="\n\n".join(names),
        isolated=topic.isolated,
    )


def _answers(topic: Topic) -> list[Passage]:
    return [
        Passage(
            part=Part.ANSWER,
            row_id=answer.id,
            topic_id=topic.id,
            author_id=answer.author_id,
            writer_id=answer.author_id,
            body=plain_text(answer.source),
            names=_name(topic.planet_id, answer.author_id),
            isolated=answer.isolated,
        )
        for answer in db.session.scalars(select(Answer).where(Answer.topic_id == topic.id))
    ]


def _comments(topic: Topic, question: Question | None) -> list[Passage]:
    live = select(Comment).where(Comment.topic_id == topic.id, Comment.deleted_at.is_(None))
    return [
        Passage(
            part=Part.COMMENT,
            row_id=comment.id,
            topic_id=topic.id,
            author_id=comment.author_id,
            writer_id=comment.author_id or (question.asker_id if question else 0),
            body=plain_text(comment.source),
            names=_name(topic.planet_id, comment.author_id),
            isolated=comment.isolated,
        )
        for comment in db.session.scalars(live)
    ]
