"""One's own bookmarks, in all planets. A topic that is no longer open is a line without words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.discussion.queries.facts import FACT_COLUMNS, read_topic_facts
from app.discussion.queries.pages import Cut, Page, read_page
from app.discussion.queries.reactions import BOOKMARKS
from app.discussion.queries.visible import T, topics_with_questions
from app.memberships.queries import actors_of
from app.planets.queries import PlanetView
from app.policy import Action, TopicFacts, can

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class BookmarkRow:
    """A bookmark. `open` tells whether the topic can still be read; if not, `title` is "" and the
    planet is named only where its reader still knows it from."""

    public_id: str
    slug: str
    title: str
    kind: str
    note: str
    kept_at: datetime
    planet: PlanetView
    open: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    facts: TopicFacts
    public_id: str
    slug: str
    title: str
    note: str
    kept_at: datetime


def list_bookmarks(user_id: int, *, cut: Cut | None = None) -> Page[BookmarkRow]:
    """Return a page of somebody's bookmarks, the latest first; three queries."""
    columns = (T.public_id, T.slug, T.title, T.excerpt, BOOKMARKS.note)
    source = topics_with_questions().join(BOOKMARKS.note.table, BOOKMARKS.topic_id == T.id)
    statement = (
        select(*FACT_COLUMNS, *columns, BOOKMARKS.created_at, T.public_id)
        .select_from(source)
        .where(BOOKMARKS.user_id == user_id)
    )
    width = len(FACT_COLUMNS)

    def read(row: object) -> _Kept:
        values = tuple(row)  # type: ignore[arg-type, var-annotated]
        public_id, slug, title, excerpt, note, kept_at = values[width : width + 6]
        facts = read_topic_facts(values)
        return _Kept(facts, public_id, slug, title or excerpt, note, kept_at)

    keys = (BOOKMARKS.created_at, BOOKMARKS.topic_id)
    page = read_page(statement, cut or Cut(), read, size=PAGE_SIZE, keys=keys)
    planets = actors_of(user_id, {one.facts.planet_id for one in page.items})
    rows = []
    for one in page.items:
        planet, actor = planets[one.facts.planet_id]
        is_open = bool(can(actor, Action.TOPIC_READ, one.facts))
        has_words = bool(can(actor, Action.TOPIC_TEXT_READ, one.facts))
        rows.append(
            BookmarkRow(
                public_id=one.public_id,
                slug=one.slug if has_words else "",
                title=one.title if has_words else "",
                kind=one.facts.kind,
                note=one.note,
                kept_at=one.kept_at,
                planet=planet,
                open=is_open,
            )
        )
    return Page(rows, page.newer, page.older)
