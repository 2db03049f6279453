"""What is indexed: rows of the discussion as entries for an engine, a few queries for hundreds of them.

Each entry carries its topic's facts as they are now, and of the passages those that changed. What is gone
from the database, or deleted, is gone from the entry: reading it again always ends in the same state.
Of a deleted topic there is what others wrote below it, as on its page. It is forgotten first, whatever of it
changed, so that nothing of its own stays behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from app.discussion.models import Answer, Comment, Question, Tag, Topic, TopicTag
from app.discussion.queries.visible import leaves_a_trace
from app.kernel.db import db
from app.kernel.text import plain_text
from app.media.models import Attachment
from app.memberships.queries import names_in
from app.search.port import Entry, Part, Passage, TopicFacts

T = Topic.__table__.c
Q = Question.__table__.c
A = Answer.__table__.c
C = Comment.__table__.c

# Parts of a change that mean a topic with all its passages; the second one is forgotten before, so that
# nothing stays of what an index should not hold.
WHOLE = "all"
ANEW = "anew"
# Those that mean the same text under another name, or with other tags: its own words are as they were.
RENAMED = {part: f"by {part}" for part in Part}
_PART_OF = {part.value: part for part in Part} | {said: part for part, said in RENAMED.items()}
# Between a title and tags, and between names: nothing stands together across an empty line.
_APART = "\n\n"
# Ids in one statement: SQLite takes some 32,000.
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """That a text changed: `part` is a `port.Part` value, one of RENAMED, WHOLE or ANEW, `row_id` its row."""

    topic_id: int
    part: str
    row_id: int


def load(changes: Iterable[Change]) -> list[Entry]:
    """Return the present state of what changed, an entry per topic in the order of their ids; of a deleted
    one that others wrote below, two.

    Of topics that changed as a whole, all passages there are; a passage that vanished without a change
    of its own stays in the index until it is told to forget the topic.
    """
    wanted = _Wanted()
    for change in changes:
        wanted.add(change)
    return _load(wanted)


def load_whole(topic_ids: Iterable[int]) -> list[Entry]:
    """Return topics with all their passages, in the order of their ids."""
    return load(Change(topic_id, WHOLE, topic_id) for topic_id in topic_ids)


def next_topics(after: int, *, passages: int) -> list[int]:
    """Return the ids of the topics that follow, of about so many passages, one topic at least."""
    rows = db.session.execute(
        select(T.id, T.comment_count).where(T.id > after).order_by(T.id).limit(passages)
    )
    found: list[int] = []
    for topic_id, comments in rows:
        found.append(topic_id)
        passages -= 1 + comments
        if passages <= 0:
            break
    db.session.rollback()
    return found


@dataclass(slots=True)
class _Wanted:
    """The ids to load, by what they name."""

    topics: set[int] = field(default_factory=set)
    whole: set[int] = field(default_factory=set)
    own: set[int] = field(default_factory=set)
    rows: dict[Part, dict[int, int]] = field(
        default_factory=lambda: {Part.ANSWER: {}, Part.COMMENT: {}}
    )

    def add(self, change: Change) -> None:
        """Add what a change names."""
        if not change.topic_id:
            # The first mark, see `changes.head`.
            return
        self.topics.add(change.topic_id)
        if change.part in (WHOLE, ANEW):
            self.whole.add(change.topic_id)
        elif (part := _PART_OF[change.part]) is Part.TOPIC:
            self.own.add(change.topic_id)
        else:
            self.rows[part][change.row_id] = change.topic_id


def _load(wanted: _Wanted) -> list[Entry]:
    topics = _topics(wanted.topics)
    deleted = {topic_id for topic_id, row in topics.items() if row.deleted_at is not None}
    wanted.whole |= deleted
    owned = topics.keys() & (wanted.own | wanted.whole) - deleted
    rows = {
        part: [row for row in _texts(part, wanted) if row.topic_id in topics]
        for part in (Part.ANSWER, Part.COMMENT)
    }
    names = _names(topics, owned, rows)
    passages: dict[int, list[Passage]] = defaultdict(list)
    tags, files, given = _tags(topics.keys() - deleted), _files(owned), _given(topics)
    for topic_id in owned:
        row = topics[topic_id]
        words = [row.title, *(name for _id, name in tags[topic_id])]
        passages[topic_id].append(
            Passage(
                part=Part.TOPIC,
                row_id=topic_id,
                topic_id=topic_id,
                author_id=row.author_id,
                writer_id=_writer(row),
                body=plain_text(row.source),
                title=_APART.join(word for word in words if word),
                names=_APART.join((*files[topic_id], *names(row.planet_id, row.author_id))),
                isolated=row.isolated,
            )
        )
    for part, texts in rows.items():
        for text in texts:
            topic = topics[text.topic_id]
            held = given.names[text.id] if part is Part.ANSWER else []
            passages[text.topic_id].append(_passage(part, text, topic, names, held))
    entries = []
    for topic_id in sorted(wanted.topics):
        if topic_id not in topics or topic_id in deleted:
            entries.append(Entry(topic_id, None))
        if topic_id in topics:
            facts = _facts(topics[topic_id], tags[topic_id], given.kinds[topic_id])
            gone = _gone(wanted, topic_id, passages[topic_id])
            entries.append(Entry(topic_id, facts, tuple(passages[topic_id]), gone))
    return entries


def _topics(ids: Collection[int]) -> dict[int, Any]:
    """Return the rows of topics that are there, with their questions'. Of deleted ones those that left a
    marker: others wrote below them."""
    statement = (
        select(
            T.id,
            T.planet_id,
            T.kind,
            T.author_id,
            T.title,
            T.source,
            T.published_at,
            T.isolated,
            T.deleted_at,
            T.public_sample_at,
            T.digest_at,
            T.image_count,
            T.file_count,
            Q.asker_id,
            Q.addressee_id,
            Q.private,
            Q.answered_at,
            Q.declined_at,
            Q.withdrawn_at,
        )
        .select_from(Topic.__table__.outerjoin(Question.__table__, Q.topic_id == T.id))
        .where(leaves_a_trace())
    )
    return {row.id: row for row in _rows(statement, T.id, ids)}


def _texts(part: Part, wanted: _Wanted) -> list[Any]:
    """Return the rows of answers or comments that are wanted and not deleted."""
    statement: Any
    if part is Part.ANSWER:
        statement, table = select(A.id, A.topic_id, A.author_id, A.source, A.isolated), A
    else:
        table = C
        statement = select(C.id, C.topic_id, C.author_id, C.source, C.isolated).where(
            C.deleted_at.is_(None)
        )
    found = {row.id: row for row in _rows(statement, table.topic_id, wanted.whole)}
    found |= {row.id: row for row in _rows(statement, table.id, wanted.rows[part])}
    return list(found.values())


def _rows(statement: Any, column: ColumnElement[Any], ids: Collection[int]) -> list[Any]:
    ordered = sorted(ids)
    found: list[Any] = []
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        found += db.session.execute(statement.where(column.in_(chunk))).all()
    return found


def _tags(topics: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    statement = (
        select(TopicTag.topic_id, Tag.id, Tag.name)
        .join(Tag, Tag.id == TopicTag.tag_id)
        .order_by(Tag.id)
    )
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for topic_id, tag_id, name in _rows(statement, TopicTag.__table__.c.topic_id, topics):
        found[topic_id].append((tag_id, name))
    return found


def _files(topics: Collection[int]) -> dict[int, list[str]]:
    """Return the names of topics' files. An image's name is shown nowhere, so it is not found either."""
    own = Attachment.__table__.c
    statement = (
        select(own.owner_id, own.filename)
        .where(own.owner_type == "topic", own.purpose == "file")
        .order_by(own.owner_id, own.position)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for topic_id, name in _rows(statement, own.owner_id, topics):
        found[topic_id].append(name)
    return found


@dataclass(frozen=True, slots=True)
class _Given:
    """What is attached to answers: the names of files by answer, and by topic what kinds of things everybody
    who reads it sees there (image, file)."""

    names: dict[int, list[str]]
    kinds: dict[int, set[str]]


def _given(topics: Collection[int]) -> _Given:
    own = Attachment.__table__.c
    statement = (
        select(A.topic_id, A.id, A.isolated, own.purpose, own.filename)
        .join_from(Answer.__table__, Attachment.__table__, own.owner_id == A.id)
        .where(own.owner_type == "answer")
        .order_by(own.owner_id, own.position)
    )
    given = _Given(defaultdict(list), defaultdict(set))
    for topic_id, answer_id, isolated, purpose, name in _rows(statement, A.topic_id, topics):
        if purpose == "file":
            given.names[answer_id].append(name)
        if not isolated:
            given.kinds[topic_id].add(purpose)
    return given


class _Names:
    """The names that authors bear in the planets; nobody's where there is no author."""

    def __init__(self, pairs: set[tuple[int, int]]) -> None:
        self._names = names_in(pairs)

    def __call__(self, planet_id: int, author_id: int | None) -> tuple[str, ...]:
        """Return the one name, or none."""
        name = self._names.get((planet_id, author_id)) if author_id is not None else None
        return (name,) if name else ()


def _names(topics: dict[int, Any], owned: Collection[int], rows: dict[Part, list[Any]]) -> _Names:
    written = [(topics[topic_id].planet_id, topics[topic_id].author_id) for topic_id in owned]
    for texts in rows.values():
        written += [(topics[text.topic_id].planet_id, text.author_id) for text in texts]
    return _Names({(planet, author) for planet, author in written if author is not None})


def _writer(topic: Any) -> int:
    writer: int = topic.author_id if topic.asker_id is None else topic.asker_id
    return writer


def _passage(part: Part, text: Any, topic: Any, names: _Names, files: Iterable[str]) -> Passage:
    return Passage(
        part=part,
        row_id=text.id,
        topic_id=text.topic_id,
        author_id=text.author_id,
        # Without an author it is the anonymous asker's.
        writer_id=_writer(topic) if text.author_id is None else text.author_id,
        body=plain_text(text.source),
        names=_APART.join((*files, *names(topic.planet_id, text.author_id))),
        isolated=text.isolated,
    )


def _facts(row: Any, tags: list[tuple[int, str]], given: Collection[str]) -> TopicFacts:
    withdrawn, deleted = row.withdrawn_at is not None, row.deleted_at is not None
    # What a withdrawn question or a deleted topic held is nobody's business, its pictures and files neither.
    bare = withdrawn or deleted
    return TopicFacts(
        topic_id=row.id,
        planet_id=row.planet_id,
        kind=row.kind,
        author_id=None if deleted else row.author_id,
        writer_id=_writer(row),
        addressee_id=row.addressee_id,
        published_at=row.published_at,
        isolated=row.isolated,
        sample=row.public_sample_at is not None and not deleted,
        private=bool(row.private),
        answered=row.answered_at is not None,
        declined=row.declined_at is not None,
        withdrawn=withdrawn,
        deleted=deleted,
        digest=row.digest_at is not None and not deleted,
        has_image=(row.image_count > 0 and not bare) or "image" in given,
        has_file=(row.file_count > 0 and not bare) or "file" in given,
        tag_ids=tuple(tag_id for tag_id, _name in tags),
    )


def _gone(
    wanted: _Wanted, topic_id: int, passages: Iterable[Passage]
) -> tuple[tuple[Part, int], ...]:
    """Return the passages that changed by being deleted."""
    here = {(passage.part, passage.row_id) for passage in passages}
    return tuple(
        (part, row_id)
        for part, rows in wanted.rows.items()
        for row_id, topic in rows.items()
        if topic == topic_id and (part, row_id) not in here
    )
