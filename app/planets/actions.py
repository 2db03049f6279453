"""Changing planets. Each act is written into the audit trail with what was before and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.reserved import check_free
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, Refused
from app.kernel.text import tidy
from app.media.actions import release_picture
from app.planets import settings
from app.planets.basics import RULES_MAX, Basics
from app.planets.models import FormerSlug, Planet, RulesPage
from app.planets.queries import get_row
from app.planets.settings import SettingsChange
from app.planets.slugs import check_slug, is_taken
from app.policy import Action, Actor, Reason
from app.policy.gate import require

SLUG_CHANGES = 3
SLUG_WINDOW = timedelta(days=30)
_BASICS = ("name", "tagline", "intro", "intro_html", "category", "language", "accent")


def create_planet(actor: Actor, *, slug: str, basics: Basics) -> Planet:
    """Add a planet nobody belongs to yet; `memberships.actions.found_planet` makes it whole.

    `basics` come from `basics.prepare`. Invalid("slug", …) when the slug is bad or taken.
    """
    require(actor, Action.PLANET_CREATE)
    founder = _person(actor)
    check_slug(slug)
    _check_name(actor, basics.name)
    planet = Planet(slug=slug, created_at=clock.now(), created_by=founder)
    _describe(planet, basics)
    db.session.add(planet)
    _settle_slug(planet)
    record(
        "planet.create",
        actor_id=founder,
        planet_id=planet.id,
        subject=("planet", planet.id),
        slug=slug,
    )
    return planet


def edit_basics(actor: Actor, *, planet_id: int, basics: Basics) -> None:
    """Change what the planet says of itself. `basics` come from `basics.prepare`.

    Invalid("name", "reserved_name") for a new name that sounds as if the site were speaking.
    """
    require(actor, Action.SETTINGS_EDIT)
    planet = get_row(planet_id)
    if basics.name != planet.name:
        _check_name(actor, basics.name)
    before = {name: getattr(planet, name) for name in _BASICS if name != "intro_html"}
    _describe(planet, basics)
    _record_change(actor, planet, "planet.basics", before)


def _check_name(actor: Actor, name: str) -> None:
    if not actor.site_admin:
        check_free(name)


def change_slug(actor: Actor, *, planet_id: int, slug: str) -> None:
    """Give the planet another address; links to the present one redirect for ever.

    Invalid when the slug is bad, taken (also by a former owner of it), or was changed three times
    in 30 days: addresses are not to be hoarded.
    """
    require(actor, Action.SETTINGS_EDIT)
    planet = get_row(planet_id)
    if planet.slug == slug:
        return
    check_slug(slug)
    moment = clock.now()
    recent = select(func.count()).where(
        FormerSlug.planet_id == planet.id, FormerSlug.until > moment - SLUG_WINDOW
    )
    if (db.session.scalar(recent) or 0) >= SLUG_CHANGES:
        raise Invalid("slug", "slug_changes", high=SLUG_CHANGES)
    before = {"slug": planet.slug}
    db.session.execute(
        delete(FormerSlug).where(FormerSlug.slug == slug, FormerSlug.planet_id == planet.id)
    )
    db.session.add(FormerSlug(slug=planet.slug, planet_id=planet.id, until=moment))
    planet.slug = slug
    _settle_slug(planet)
    _record_change(actor, planet, "planet.slug", before)


def change_settings(actor: Actor, *, planet_id: int, change: SettingsChange) -> None:
    """Save one group of settings. Invalid for the first value that is out of bounds."""
    require(actor, Action.SETTINGS_EDIT)
    for problem in settings.find_problems(change):
        raise problem
    planet = get_row(planet_id)
    before = {column: getattr(planet, column) for column in change.values}
    for column, value in change.values.items():
        setattr(planet, column, value)
    _record_change(actor, planet, "planet.settings", before)


def change_image(actor: Actor, *, planet_id: int, place: str, attachment: str) -> None:
    """Put another picture (an attachment's public id, "" for none) in `place`: avatar or cover.

    The picture that stood there is given up.
    """
    require(actor, Action.SETTINGS_EDIT)
    planet = get_row(planet_id)
    before = {place: getattr(planet, place)}
    setattr(planet, place, attachment)
    if before[place]:
        release_picture(before[place])
    _record_change(actor, planet, "planet.looks", before)


def publish_rules(
    actor: Actor, *, planet_id: int, source: str, html: str, based_on: int
) -> RulesPage:
    """Publish the next version of the rules; everybody inside is asked to accept it.

    `html` is the rendered `source`; `based_on` the version the writer had before him: Conflict
    when somebody published another one since.
    """
    require(actor, Action.SETTINGS_EDIT)
    if not tidy(source):
        raise Invalid("source", "required")
    if len(source) > RULES_MAX:
        raise Invalid("source", "too_long", high=RULES_MAX)
    planet = get_row(planet_id)
    if planet.rules_version != based_on:
        raise Conflict("rules")
    page = RulesPage(
        planet_id=planet.id,
        version=planet.rules_version + 1,
        source=source,
        html=html,
        published_at=clock.now(),
        published_by=_person(actor),
    )
    planet.rules_version = page.version
    db.session.add(page)
    db.session.flush()
    record(
        "planet.rules",
        actor_id=actor.user_id,
        planet_id=planet.id,
        subject=("planet", planet.id),
        version=page.version,
    )
    return page


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise Refused(Reason.SIGN_IN)
    return actor.user_id


def _describe(planet: Planet, basics: Basics) -> None:
    for name in _BASICS:
        setattr(planet, name, getattr(basics, name))


def _settle_slug(planet: Planet) -> None:
    """Write the planet's slug and make sure that it is its own.

    Asked after writing, not before: the unique index has then waited for whoever gave the slug up
    in the same moment, and his former slug is visible.
    """
    taken = Invalid("slug", "slug_taken")
    try:
        db.session.flush()
    except IntegrityError:
        raise taken from None
    if is_taken(planet.slug, by_others_than=planet.id):
        raise taken


def _record_change(actor: Actor, planet: Planet, action: str, before: Mapping[str, object]) -> None:
    """Write what changed, and nothing when nothing did."""
    changed = {name for name, value in before.items() if getattr(planet, name) != value}
    if not changed:
        return
    record(
        action,
        actor_id=actor.user_id,
        planet_id=planet.id,
        subject=("planet", planet.id),
        before={name: before[name] for name in sorted(changed)},
        after={name: getattr(planet, name) for name in sorted(changed)},
    )
