"""Reading planets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import exists, literal, select, tuple_, union_all

from app.kernel.db import db
from app.kernel.errors import NotFound
from app.planets.basics import CATEGORIES
from app.planets.models import FormerSlug, Planet, RulesPage
from app.planets.zones import zone_of
from app.policy import Audience, ExpiredAccess, Joining, PlanetSettings


@dataclass(frozen=True, slots=True)
class PlanetView:
    """A planet as pages and actions read it: frozen, detached, one per request.

    Fields are the columns of `Planet` that are needed beyond its own settings pages.
    """

    id: int
    public_id: str
    slug: str
    name: str
    tagline: str
    category: str
    language: str
    accent: str
    avatar: str
    cover: str
    rules_version: int
    joining: str
    join_question: str
    listed: bool
    grace_days: int
    paid: bool
    paused_at: datetime | None
    refund_hours: int
    timezone: str
    renewal_days: int
    renew_early_percent: int
    renew_grace_percent: int
    renew_late_percent: int
    who_may_post: str
    who_may_comment: str
    topic_max_chars: int
    comment_max_chars: int
    comment_edit_minutes: int
    file_max_mib: int
    questions_enabled: bool
    anonymous_questions: bool
    private_questions: bool
    question_queue_open: bool
    question_max_chars: int
    question_quota_per_week: int
    answer_due_hours: int
    next_number: int
    directory_open: bool
    private_messages: bool
    expired_access: str
    watermark: bool

    @property
    def grace(self) -> timedelta:
        """How long a paying member keeps access after the end."""
        return timedelta(days=self.grace_days)

    @property
    def zone(self) -> str:
        """The IANA name of the zone in which months of membership are counted."""
        return zone_of(self.timezone)

    def moment(self, now: datetime) -> datetime:
        """Return the moment by which access is judged: while the planet is paused no time passes."""
        return min(now, self.paused_at) if self.paused_at else now

    def settings(self) -> PlanetSettings:
        """Return the part of the settings that the policy reads."""
        return PlanetSettings(
            id=self.id,
            joining=Joining(self.joining),
            who_may_post=Audience(self.who_may_post),
            who_may_comment=Audience(self.who_may_comment),
            questions_enabled=self.questions_enabled,
            question_queue_open=self.question_queue_open,
            directory_open=self.directory_open,
            expired_access=ExpiredAccess(self.expired_access),
            comment_edit_minutes=self.comment_edit_minutes,
            paid=self.paid,
            paused=self.paused_at is not None,
        )


PLANET_VIEW_COLUMNS = tuple(Planet.__table__.c[field] for field in PlanetView.__dataclass_fields__)


def read_planet_view(row: Sequence[Any]) -> tuple[PlanetView, PlanetSettings]:
    """Return the planet of a row whose first columns are PLANET_VIEW_COLUMNS, and its settings."""
    return _view(tuple(row[: len(PLANET_VIEW_COLUMNS)]))


@lru_cache(1_000)
def _view(columns: tuple[Any, ...]) -> tuple[PlanetView, PlanetSettings]:
    # Kept by all that they hang on: both are frozen, and most pages read the same few planets.
    planet = PlanetView(*columns)
    return planet, planet.settings()


def get_row(planet_id: int) -> Planet:
    """Return the planet's row, locked for the caller's unit of work. NotFound when it is gone."""
    planet = db.session.scalar(select(Planet).where(Planet.id == planet_id).with_for_update())
    if planet is None:
        raise NotFound
    return planet


def find_former_slug(slug: str) -> str | None:
    """Return the present slug of the planet that once had this one; None when none had."""
    return db.session.scalar(
        select(Planet.slug)
        .join(FormerSlug, FormerSlug.planet_id == Planet.id)
        .where(FormerSlug.slug == slug)
    )


@dataclass(frozen=True, slots=True)
class Intro:
    """What a planet's first page says at length. `html` is safe; `source` is Markdown."""

    source: str
    html: str
    created_at: datetime


def get_intro(planet_id: int) -> Intro:
    """Return the planet's intro. NotFound when the planet is gone."""
    row = db.session.execute(
        select(Planet.intro, Planet.intro_html, Planet.created_at).where(Planet.id == planet_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return Intro(*row)


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """A published version of the rules. `html` is safe; `source` is Markdown."""

    version: int
    source: str
    html: str
    published_at: datetime


def _rules(planet_id: int) -> Any:
    return select(
        RulesPage.version, RulesPage.source, RulesPage.html, RulesPage.published_at
    ).where(RulesPage.planet_id == planet_id)


def find_rules(planet_id: int, version: int) -> RulesVersion | None:
    """Return one version of the rules; None when there is no such version."""
    row = db.session.execute(_rules(planet_id).where(RulesPage.version == version)).one_or_none()
    return RulesVersion(*row) if row else None


def list_rules(planet_id: int) -> list[tuple[int, datetime]]:
    """Return (version, published at) of every version of the rules, the newest first."""
    rows = db.session.execute(
        select(RulesPage.version, RulesPage.published_at)
        .where(RulesPage.planet_id == planet_id)
        .order_by(RulesPage.version.desc())
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class ListedPlanet:
    """A planet on the discover page."""

    id: int
    public_id: str
    slug: str
    name: str
    tagline: str
    category: str
    accent: str
    avatar: str
    cover: str
    joining: str
    grace_days: int
    paused_at: datetime | None
    next_number: int


def list_discoverable(
    *, category: str = "", after: str = "", limit: int = 24
) -> tuple[list[ListedPlanet], str]:
    """Return planets that opted in to be found, the youngest first, and the next page's cursor.

    `after` is the public id of the last planet seen (an unknown one is none); the cursor is "" at the end.
    """
    statement = (
        select(*(Planet.__table__.c[name] for name in ListedPlanet.__dataclass_fields__))
        .where(Planet.listed.is_(True))
        .order_by(Planet.created_at.desc(), Planet.id.desc())
        .limit(limit + 1)
    )
    if category:
        statement = statement.where(Planet.category == category)
    last = select(Planet.created_at, Planet.id).where(Planet.public_id == after)
    if after and db.session.execute(last).first():
        statement = statement.where(tuple_(Planet.created_at, Planet.id) < last.scalar_subquery())
    found = [ListedPlanet(*row) for row in db.session.execute(statement)]
    more = len(found) > limit
    return found[:limit], found[limit - 1].public_id if more else ""


def list_used_categories() -> list[str]:
    """Return the categories that listed planets are in."""
    # One look for each that there may be: DISTINCT would go through all planets.
    asked = (
        select(literal(category)).where(
            exists().where(Planet.listed.is_(True), Planet.category == category)
        )
        for category in CATEGORIES
    )
    return list(db.session.scalars(union_all(*asked)))
