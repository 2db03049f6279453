"""Helpers of these tests: rows and strangers beyond the cast."""

from __future__ import annotations

from datetime import timedelta

from app.accounts.models import User
from app.accounts.names import name_key
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.memberships.queries import actor_of
from app.policy import Actor
from tests.cast import Cast, password_hash


def newcomer(number: int, name: str = "") -> int:
    """Write an account that belongs nowhere; returns its id."""
    name = name or f"客{number}"
    with unit_of_work() as session:
        user = User(
            email=f"newcomer{number}@example.test",
            email_confirmed_at=clock.now(),
            name=name,
            name_key=name_key(name),
            password_hash=password_hash(),
            created_at=clock.now() - timedelta(days=1),
        )
        session.add(user)
        session.flush()
        return user.id


def actor(user_id: int, cast: Cast) -> Actor:
    """Return a person as an actor in the cast's planet."""
    found = actor_of(user_id, cast.planet_id)
    assert found is not None
    return found[1]


def row(cast: Cast, persona: str) -> Membership:
    """Return a persona's membership."""
    return (
        db.session.query(Membership)
        .filter_by(planet_id=cast.planet_id, user_id=cast.users[persona])
        .one()
    )
