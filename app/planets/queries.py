"""Reading planets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.planets.models import Planet
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
    directory_open: bool
    private_messages: bool
    expired_access: str
    watermark: bool

    @property
    def grace(self) -> timedelta:
        """How long a paying member keeps access after the end."""
        return timedelta(days=self.grace_days)

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
        )


PLANET_VIEW_COLUMNS = tuple(Planet.__table__.c[field] for field in PlanetView.__dataclass_fields__)


def read_planet_view(row: Sequence[Any]) -> PlanetView:
    """Return the planet of a row whose first columns are PLANET_VIEW_COLUMNS."""
    return PlanetView(*row[: len(PLANET_VIEW_COLUMNS)])
