"""Founding a planet: the planet, its first member, and nobody else can come between."""

from __future__ import annotations

from app.kernel import clock
from app.memberships.actions.granting import start_membership
from app.memberships.periods import Period
from app.memberships.rows import person_of
from app.planets import actions as planets
from app.planets.basics import Basics
from app.planets.models import Planet
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require


def found_planet(actor: Actor, *, slug: str, basics: Basics) -> Planet:
    """Create a planet and make the actor its owner, for ever. See `planets.actions.create_planet`."""
    require(actor, Action.PLANET_CREATE)
    planet = planets.create_planet(actor, slug=slug, basics=basics)
    start_membership(
        actor,
        planet_id=planet.id,
        user_id=person_of(actor),
        source="founder",
        source_ref=planet.public_id,
        period=Period(clock.now()),
        role=PlanetRole.OWNER,
    )
    return planet
