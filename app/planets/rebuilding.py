"""Rendering introductions and rules anew, after the renderer has changed. Safe while the site runs.

They are few, so no row says which renderer made it: each one is rendered, and stored where it differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.kernel.db import db, unit_of_work
from app.kernel.progress import signal
from app.kernel.text import UNFORMATTED, Profile, render
from app.planets.basics import INTRO_PREFIX, RULES_PREFIX
from app.planets.models import Planet, RulesPage

BATCH = 100


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of page: where its source and its HTML stand, and what its element ids begin with."""

    row: type[Planet] | type[RulesPage]
    source: InstrumentedAttribute[str]
    html: InstrumentedAttribute[str]
    prefix: str


_KINDS = (
    _Kind(Planet, Planet.intro, Planet.intro_html, INTRO_PREFIX),
    _Kind(RulesPage, RulesPage.source, RulesPage.html, RULES_PREFIX),
)


def render_pages_again() -> int:
    """Render every introduction and every version of the rules; returns how many were made anew."""
    return sum(_render_kind(kind) for kind in _KINDS)


def repair_pages() -> int:
    """Try the introductions and rules anew that could not be formatted; returns how many now are."""
    return sum(_render_kind(kind, kind.html.contains(UNFORMATTED)) for kind in _KINDS)


def _render_kind(kind: _Kind, *also: ColumnElement[bool]) -> int:
    done, last = 0, 0
    while rows := _next_pages(kind, last, *also):
        fresh = [(row, _differing(kind, row)) for row in rows]
        stale = [(row, html) for row, html in fresh if html is not None]
        if stale:
            with unit_of_work():
                done += sum(_store(kind, row, html) for row, html in stale)
        last = rows[-1][0]
        signal(done)
    return done


def _next_pages(kind: _Kind, last: int, *also: ColumnElement[bool]) -> Sequence[Any]:
    statement = select(kind.row.id, kind.source, kind.html).where(kind.row.id > last, *also)
    rows = db.session.execute(statement.order_by(kind.row.id).limit(BATCH)).all()
    db.session.rollback()
    return rows


def _differing(kind: _Kind, row: Sequence[Any]) -> str | None:
    """Return the new HTML; None when it is the old one or the renderer failed just now."""
    _id, source, html = row
    made = render(source, profile=Profile.FULL, id_prefix=kind.prefix)
    return None if made.plain or made.html == html else made.html


def _store(kind: _Kind, row: Sequence[Any], html: str) -> bool:
    """Store the HTML unless its writer has changed the source meanwhile: then he has rendered it."""
    row_id, source, _html = row
    statement = (
        update(kind.row)
        .where(kind.row.id == row_id, kind.source == source)
        .values({kind.html: html})
        .returning(kind.row.id)
        .execution_options(synchronize_session=False)
    )
    return db.session.execute(statement).scalar_one_or_none() is not None
