"""`flask seed --scale`: a planet of any size, fast, the same for the same seed number.

Rows are written in bulk, past the actions: a benchmark needs 300,000 of them in a minute. Texts are put
together from a pool of paragraphs that were rendered once, so their HTML is the renderer's own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from app.accounts.models import User
from app.cli.seed_text import Prose
from app.discussion import models as rows
from app.kernel import clock, text
from app.kernel.db import db, unit_of_work
from app.kernel.ids import PUBLIC_ID_LENGTH
from app.memberships.models import Entitlement, Membership
from app.planets.models import Planet
from app.search.changes import note_selected
from app.search.documents import WHOLE

Row = dict[str, Any]
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_BATCH = 5_000
DAYS = 1_000


@dataclass(frozen=True)
class Scale:
    """How much to make. `thread` comments go under one topic, the rest is spread unevenly."""

    members: int = 5_000
    topics: int = 64_000
    comments: int = 200_000
    thread: int = 2_000
    seed: int = 1
    slug: str = "scale"


@dataclass(frozen=True)
class Planted:
    """What was made: the planet's slug, a member's address and two topics to look at."""

    slug: str
    owner_email: str
    member_email: str
    twenty_comments_topic: str
    long_thread_topic: str


class _Maker:
    """Writes one planet. Ids continue after what the database holds already."""

    def __init__(self, scale: Scale, password_hash: str, tell: Callable[[str], None]) -> None:
        self.scale = scale
        self.tell = tell
        self.password_hash = password_hash
        # A benchmark's data must repeat; nothing here is a secret.
        self.random = random.Random(f"{scale.slug} {scale.seed}")  # noqa: S311
        self.prose = Prose(self.random)
        self.now = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.first = {
            row: int(db.session.scalar(select(func.coalesce(func.max(row.id), 0))) or 0) + 1
            for row in (User, Planet, Membership, rows.Topic, rows.Comment, rows.Answer, rows.Tag)
        }
        self.paragraphs = self._pool(
            self.prose.paragraph, min(600, scale.topics), text.Profile.FULL
        )
        self.remarks = self._pool(self.prose.comment, min(400, scale.topics), text.Profile.LIGHT)

    def _pool(
        self, write: Callable[[], str], size: int, profile: text.Profile
    ) -> list[tuple[str, str]]:
        sources = [write() for _ in range(size)]
        return [
            (source, text.render(source, profile=profile, id_prefix="s").html) for source in sources
        ]

    def public_id(self) -> str:
        """Return a public id from the seeded source, so that two runs have the same addresses."""
        return "".join(self.random.choices(_LETTERS, k=PUBLIC_ID_LENGTH))

    def moment(self, share: float) -> datetime:
        """Return the moment at `share` (0 oldest, 1 newest) of the seeded time span, to the second."""
        return self.now - timedelta(seconds=int((1 - share) * DAYS * 86_400))

    def people(self) -> Iterator[Row]:
        """Yield users: number 1 owns the planet, 2 to 6 are its guests, the rest are members."""
        for n in range(self.scale.members):
            yield {
                "id": self.first[User] + n,
                "public_id": self.public_id(),
                "email": f"{self.scale.slug}-{n + 1}@example.test",
                "email_confirmed_at": self.now,
                "name": f"成员 {n + 1:05d}",
                "name_key": f"{self.scale.slug} {n + 1:05d}",
                "password_hash": self.password_hash,
                "created_at": self.moment(0),
            }

    def planet(self) -> Row:
        """Return the planet's row."""
        return {
            "id": self.first[Planet],
            "public_id": self.public_id(),
            "slug": self.scale.slug,
            "name": "万象 Scale",
            "created_at": self.moment(0),
            "created_by": self.first[User],
            "next_number": self.scale.members + 1,
            "listed": False,
        }

    def memberships(self) -> Iterator[Row]:
        """Yield a membership per person; one member in ten has expired."""
        for n in range(self.scale.members):
            expired = n > 10 and n % 10 == 0
            yield {
                "id": self.first[Membership] + n,
                "public_id": self.public_id(),
                "planet_id": self.first[Planet],
                "user_id": self.first[User] + n,
                "role": "owner" if n == 0 else "guest" if n <= 5 else "member",
                "number": n + 1,
                "name_key": f"{self.scale.slug} {n + 1:05d}",
                "joined_at": self.moment(0),
                "expires_at": self.moment(0.7) if expired else None,
                "takes_questions": n <= 5,
                "read_through_at": self.moment(0.95),
            }

    def entitlements(self, people: Iterable[Row]) -> Iterator[Row]:
        """Yield what each of these memberships rests on."""
        for row in people:
            yield {
                "membership_id": row["id"],
                "source": "open",
                "source_ref": f"{self.scale.slug}-{row['id']}",
                "starts_at": row["joined_at"],
                "ends_at": row["expires_at"],
                "created_at": row["joined_at"],
                "since_at": row["joined_at"],
                "until_at": row["expires_at"],
            }

    def text_of(self, paragraphs: int) -> tuple[str, str]:
        """Return Markdown and its HTML, put together from the pool."""
        chosen = self.random.choices(self.paragraphs, k=paragraphs)
        return "\n\n".join(s for s, _ in chosen), "\n".join(h for _, h in chosen)

    def topic(self, n: int, comments: int) -> Row:
        """Return topic number `n` of all, older first; every fifth is an answered question."""
        at = self.moment(n / self.scale.topics)
        asked = n % 5 == 0
        title = "" if asked else self.prose.title()
        source, html = self.text_of(1 if asked else self.random.randint(1, 6))
        if asked:
            source = self.prose.question()
            html = f"<p>{source}</p>"
        author = self.random.randrange(6, self.scale.members) if asked else self.random.randrange(6)
        return {
            "id": self.first[rows.Topic] + n,
            "public_id": self.public_id(),
            "planet_id": self.first[Planet],
            "kind": "question" if asked else "post",
            "author_id": None if asked and n % 3 == 0 else self.first[User] + author,
            "asker": self.first[User] + author,
            "title": title,
            "slug": text.slugify(title),
            "source": source,
            "html": html,
            "excerpt": source.replace("\n", " ")[:200],
            "render_version": text.RENDERER_VERSION,
            "created_at": at,
            "published_at": at,
            "last_activity_at": self.said_at(at, comments, comments),
            "digest_at": at if n % 97 == 1 else None,
            "public_sample_at": at if n == self.scale.topics - 7 else None,
            "like_count": self.random.randint(0, 40),
            "comment_count": comments,
        }

    def said_at(self, published_at: datetime, n: int, of: int) -> datetime:
        """Return when comment `n` of a topic was made: one a minute, faster where time is short.

        Nothing is said in the future: whoever opened such a topic would never have read it.
        """
        step = min(timedelta(minutes=1), (self.now - published_at) / max(1, of))
        return published_at + n * step

    def question(self, topic: Row) -> Row:
        """Return the question part of an asked topic."""
        return {
            "topic_id": topic["id"],
            "planet_id": topic["planet_id"],
            "asker_id": topic["asker"],
            "addressee_id": self.first[User] + topic["id"] % 6,
            "anonymous": topic["author_id"] is None,
            "asked_at": topic["published_at"],
            "due_at": topic["published_at"] + timedelta(hours=72),
            "answered_at": topic["published_at"] + timedelta(hours=5),
        }

    def answer(self, n: int, topic: Row) -> Row:
        """Return the answer to an asked topic."""
        source, html = self.text_of(2)
        return {
            "id": self.first[rows.Answer] + n,
            "public_id": self.public_id(),
            "topic_id": topic["id"],
            "author_id": self.first[User] + topic["id"] % 6,
            "source": source,
            "html": html,
            "render_version": text.RENDERER_VERSION,
            "created_at": topic["published_at"] + timedelta(hours=5),
        }

    def comment_counts(self) -> list[int]:
        """Return how many comments each topic has: one long thread, one of 20, few have many."""
        counts = [0] * self.scale.topics
        counts[-2], counts[-3] = min(self.scale.thread, self.scale.comments), 20
        left = self.scale.comments - counts[-2] - counts[-3]
        while left > 0:
            topic = int(self.scale.topics * self.random.random() ** 0.7)
            if topic in (self.scale.topics - 2, self.scale.topics - 3):
                continue
            step = min(left, self.random.randint(1, 9))
            counts[topic] += step
            left -= step
        return counts

    def thread(self, first_id: int, topic: Row) -> list[Row]:
        """Return the comments of one topic: a third are roots, the rest replies up to four deep."""
        made: list[Row] = []
        roots: list[int] = []
        for n in range(topic["comment_count"]):
            parent = None if n == 0 or self.random.random() < 0.34 else self.random.randrange(n)
            if parent is not None and made[parent]["depth"] >= 4:
                parent = made[parent]["root_index"]
            source, html = self.random.choice(self.remarks)
            root = None if parent is None else made[parent]["root_index"]
            made.append(
                {
                    "id": first_id + n,
                    "public_id": self.public_id(),
                    "planet_id": topic["planet_id"],
                    "topic_id": topic["id"],
                    "parent_id": None if parent is None else first_id + parent,
                    "root_id": None if root is None else first_id + root,
                    "root_index": n if root is None else root,
                    "depth": 0 if parent is None else made[parent]["depth"] + 1,
                    "author_id": self.first[User] + self.random.randrange(self.scale.members),
                    "source": source,
                    "html": html,
                    "render_version": text.RENDERER_VERSION,
                    "created_at": self.said_at(
                        topic["published_at"], n + 1, topic["comment_count"]
                    ),
                    "like_count": self.random.randint(0, 3),
                    "reply_count": 0,
                }
            )
            if root is None:
                roots.append(n)
            else:
                made[root]["reply_count"] += 1
                if parent != root and parent is not None:
                    made[parent]["reply_count"] += 1
        return made


def plant(scale: Scale, *, password_hash: str, tell: Callable[[str], None]) -> Planted:
    """Write a planet of the given scale and return what to look at. Everything in one go, or nothing."""
    maker = _Maker(scale, password_hash, tell)
    with unit_of_work():
        tell(f"{scale.members} people")
        _write(User, maker.people())
        _write(Planet, [maker.planet()])
        people = list(maker.memberships())
        _write(Membership, people)
        _write(Entitlement, maker.entitlements(people))
        tell(f"{scale.topics} topics")
        topics = [maker.topic(n, count) for n, count in enumerate(maker.comment_counts())]
        _write(rows.Topic, topics)
        asked = [topic for topic in topics if topic["kind"] == "question"]
        _write(rows.Question, (maker.question(topic) for topic in asked))
        _write(rows.Answer, (maker.answer(n, topic) for n, topic in enumerate(asked)))
        _tags(maker, topics)
        tell(f"{scale.comments} comments")
        _write(rows.Comment, _comments(maker, topics))
        _after_bulk()
        mine = select(rows.Topic.id, rows.Topic.id)
        note_selected(mine.where(rows.Topic.planet_id == maker.first[Planet]), WHOLE)
    return Planted(
        slug=scale.slug,
        owner_email=f"{scale.slug}-1@example.test",
        member_email=f"{scale.slug}-8@example.test",
        twenty_comments_topic=topics[-3]["public_id"],
        long_thread_topic=topics[-2]["public_id"],
    )


def _tags(maker: _Maker, topics: list[Row]) -> None:
    names = maker.prose.tags(12)
    first = maker.first[rows.Tag]
    _write(
        rows.Tag,
        (
            {
                "id": first + n,
                "planet_id": maker.first[Planet],
                "name": name,
                "key": name,
                "position": n,
            }
            for n, name in enumerate(names)
        ),
    )
    _write(
        rows.TopicTag,
        (
            {
                "topic_id": topic["id"],
                "tag_id": first + topic["id"] % len(names),
                "published_at": topic["published_at"],
            }
            for topic in topics
            if topic["id"] % 3
        ),
    )


def _comments(maker: _Maker, topics: list[Row]) -> Iterator[Row]:
    next_id = maker.first[rows.Comment]
    for topic in topics:
        made = maker.thread(next_id, topic)
        next_id += len(made)
        yield from made


def _write(row: type[Any], values: Iterable[Row]) -> None:
    """Insert in batches; keys that are no columns of the table are notes of ours and are dropped."""
    table: Table = row.__table__
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if isinstance(column.default, ScalarElementColumnDefault)
    }
    names = {column.name for column in table.columns}
    source = iter(values)
    while batch := list(islice(source, _BATCH)):
        db.session.execute(
            insert(table),
            [
                {**defaults, **{key: value for key, value in item.items() if key in names}}
                for item in batch
            ],
        )


def _after_bulk() -> None:
    """Ids were given by us: let PostgreSQL's sequences continue after them, and renew statistics."""
    if db.engine.dialect.name != "postgresql":
        db.session.connection().exec_driver_sql("ANALYZE")
        return
    for row in (User, Planet, Membership, rows.Topic, rows.Comment, rows.Answer, rows.Tag):
        name = row.__tablename__
        db.session.connection().exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), "  # noqa: S608
            f"(SELECT max(id) FROM {name}))"
        )
