"""What the pages of memberships share: the blueprint, days typed into forms, words for standings."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask_babel import get_timezone, gettext, lazy_gettext
from werkzeug.wrappers import Response

from app.accounts import limits
from app.blueprints.language import local_last_day
from app.blueprints.page import media_url
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships.rows import person_of
from app.memberships.settling import NEVER_HELD
from app.policy import Actor, PlanetRole, Standing

bp = Blueprint("memberships", __name__)

Page = str | Response | tuple[str, int]

ROLE_NAMES: dict[str, Any] = {
    PlanetRole.OWNER: lazy_gettext("Owner"),
    PlanetRole.PARTNER: lazy_gettext("Partner"),
    PlanetRole.ADMIN: lazy_gettext("Admin"),
    PlanetRole.GUEST: lazy_gettext("Guest"),
    PlanetRole.MEMBER: lazy_gettext("Member"),
}
ROLE_HELP: dict[str, Any] = {
    PlanetRole.PARTNER: lazy_gettext("Runs the planet with the owner: settings, roles, people."),
    PlanetRole.ADMIN: lazy_gettext("Keeps order: lets people in, tidies topics and comments."),
    PlanetRole.GUEST: lazy_gettext("An invited expert: publishes and answers questions."),
    PlanetRole.MEMBER: lazy_gettext("Reads, asks and comments."),
}
STANDING_NAMES: dict[str, Any] = {
    Standing.ACTIVE: lazy_gettext("Active"),
    Standing.GRACE: lazy_gettext("In the days of grace"),
    Standing.EXPIRED: lazy_gettext("Ended"),
    Standing.LEFT: lazy_gettext("Left"),
    Standing.REMOVED: lazy_gettext("Removed"),
    Standing.PENDING: lazy_gettext("Waiting"),
    Standing.VISITOR: lazy_gettext("Not inside"),
}


def count_name(actor: Actor) -> None:
    """Count one name that somebody wants to take in a planet; LimitReached after too many."""
    with unit_of_work():
        limits.count_name(person_of(actor))


def read_last_day(field: str) -> datetime | None:
    """Return the end of a typed day in the reader's zone, as aware UTC; None when left empty.

    Invalid(field, "unreadable") for what is no day.
    """
    typed = request.form.get(field, "").strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=reader_zone())
        return ends.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(field, "unreadable") from None


def reader_zone() -> ZoneInfo:
    """Return the reader's zone. Not flask_babel's, of pytz: put into a time, such a one counts as its
    zone did a century ago, in Shanghai six minutes off."""
    return ZoneInfo(str(get_timezone()))


def last_day(ends_at: datetime | None) -> str:
    """Return an end as the day a form shows, the last one included; "" for never.

    Also for who had everything given back: he never had any time.
    """
    if ends_at is None or ends_at == NEVER_HELD:
        return ""
    return (ends_at - timedelta(microseconds=1)).astimezone(reader_zone()).date().isoformat()


def end_words(ends_at: datetime | None) -> str:
    """Return an end for a page: the last day, that there is none, or a dash where nothing is held."""
    if ends_at == NEVER_HELD:
        return "–"
    return local_last_day(ends_at) if ends_at is not None else str(gettext("no end"))


def person_shape(slug: str, *, name: str, avatar: str, role: str, member: str) -> dict[str, Any]:
    """Return somebody for a byline that leads to his page."""
    return {
        "name": name,
        "url": url_for("memberships.person", slug=slug, public_id=member),
        "avatar_url": media_url(avatar, "thumb"),
        "role": role,
        "anonymous": False,
    }


def answer(template: str, errors: dict[str, str], **context: Any) -> Page:
    """Return a page with a form; 422 when it comes back with errors."""
    html = render_template(template, errors=errors, **context)
    return (html, 422) if errors else html
