"""Placing an order from a form: what a purchase and a gift do alike."""

from __future__ import annotations

from collections.abc import Callable

from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.gateway import GatewayError
from app.billing.models import Order
from app.blueprints.billing.refusals import collision, lead_to_paid
from app.blueprints.billing.ways import UNREACHABLE, ways_back
from app.blueprints.memberships.door import Page
from app.blueprints.planets.words import errors_of
from app.kernel.errors import Conflict, Invalid
from app.planets.queries import PlanetView
from app.policy import Actor

# Shows the form again with what stood in the way, answered with a status.
Again = Callable[[dict[str, str], int], Page]


def place(actor: Actor, planet: PlanetView, purchase: Purchase, again: Again) -> Order | Page:
    """Return the order whose page to pay at is open, or the page that says why there is none."""
    try:
        return begin(actor, planet, purchase, ways_back(planet.slug))
    except Invalid as error:
        return again(errors_of([error]), 422)
    except Conflict as conflict:
        return collided(planet, str(conflict), again)
    except GatewayError:
        return again({"": str(UNREACHABLE)}, 503)


def collided(planet: PlanetView, why: str, again: Again) -> Page:
    """Say that another order stands in the way, or lead to what it bought."""
    return lead_to_paid(planet) if why == "paid" else again(collision(why), 409)
