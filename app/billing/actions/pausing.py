"""Pausing a planet: nothing is sold and nobody's time passes, until it goes on."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.billing.actions.holding import tell_subscriptions
from app.billing.actions.stillness import tell_checkouts
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.memberships.resettling import move_guests, settle_planet
from app.memberships.rows import planet_of
from app.planets.models import PlanetPause
from app.planets.queries import get_row
from app.policy import Action, Actor
from app.policy.gate import require


def pause_planet(actor: Actor) -> None:
    """Let the actor's planet stand still from now on. Nothing happens when it does already."""
    require(actor, Action.PLANET_PAUSE)
    planet = get_row(planet_of(actor))
    if planet.paused_at is not None:
        return
    planet.paused_at = clock.now()
    db.session.add(PlanetPause(planet_id=planet.id, starts_at=planet.paused_at))
    db.session.flush()
    tell_subscriptions(planet.id)
    tell_checkouts(planet.id)
    record(
        "planet.pause", actor_id=actor.user_id, planet_id=planet.id, subject=("planet", planet.id)
    )


def resume_planet(actor: Actor) -> timedelta:
    """Let the planet go on; every end lies later by exactly the pause. Returns how long it was."""
    require(actor, Action.PLANET_PAUSE)
    planet = get_row(planet_of(actor))
    if planet.paused_at is None:
        return timedelta()
    began, moment = planet.paused_at, clock.now()
    pause = db.session.scalars(
        select(PlanetPause).where(PlanetPause.planet_id == planet.id, PlanetPause.ends_at.is_(None))
    ).one()
    pause.ends_at = moment
    planet.paused_at = None
    db.session.flush()
    move_guests(planet.id, since=began, by=moment - began)
    settle_planet(planet.id)
    tell_subscriptions(planet.id)
    record(
        "planet.resume",
        actor_id=actor.user_id,
        planet_id=planet.id,
        subject=("planet", planet.id),
        seconds=int((moment - began).total_seconds()),
    )
    return moment - began
