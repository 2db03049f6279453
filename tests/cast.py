"""The fixed cast: one person per role, in one planet. Tests and demo data use these people only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User, UserSession
from app.accounts.queries import find_viewer_by_id
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.ids import hash_secret
from app.memberships.models import Entitlement, Membership
from app.memberships.queries import actor_of
from app.planets.models import Planet
from app.planets.queries import PlanetView
from app.policy import Actor, PlanetRole

PASSWORD = "a long enough passphrase"

# persona -> (name, role in the planet or None)
PEOPLE: dict[str, tuple[str, PlanetRole | None]] = {
    "owner": ("林悦", PlanetRole.OWNER),
    "partner": ("赵衡", PlanetRole.PARTNER),
    "admin": ("苏晴", PlanetRole.ADMIN),
    "guest": ("陈默", PlanetRole.GUEST),
    "member": ("王小雨", PlanetRole.MEMBER),
    "other": ("李安", PlanetRole.MEMBER),
    "grace": ("郑和", PlanetRole.MEMBER),
    "expired": ("何平", PlanetRole.MEMBER),
    "pending": ("许楠", PlanetRole.MEMBER),
    "left": ("周一", PlanetRole.MEMBER),
    "removed": ("钱多", PlanetRole.MEMBER),
    "isolated": ("孙立", PlanetRole.MEMBER),
    "muted": ("吴桐", PlanetRole.MEMBER),
    "stranger": ("冯远", None),
}
PERSONAS = (*PEOPLE, "visitor")


@lru_cache
def password_hash() -> str:
    """Return the hash of PASSWORD, made once with cheap parameters."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass
class Cast:
    """The assembled people and planet, with clients and actors for each persona."""

    app: Flask
    planet_id: int
    slug: str
    users: dict[str, int] = field(default_factory=dict)
    public_ids: dict[str, str] = field(default_factory=dict)

    def actor(self, persona: str) -> Actor:
        """Return the persona as an actor in the planet at the clock's moment."""
        return self.entry(persona)[1]

    def entry(self, persona: str) -> tuple[PlanetView, Actor]:
        """Return the planet's view and the persona as an actor in it."""
        if persona == "visitor":
            planet, actor = self.entry("owner")
            return planet, Actor(now=actor.now, planet=actor.planet)
        found = actor_of(self.users[persona], self.planet_id)
        assert found is not None
        return found

    def client(self, persona: str) -> FlaskClient:
        """Return a browser signed in as the persona (a visitor is not)."""
        client = self.app.test_client()
        if persona != "visitor":
            secret = self.sign_in(persona)
            with client.session_transaction() as session:
                session["_user_id"] = secret
        return client

    def sign_in(self, persona: str) -> str:
        """Start a session row for the persona; returns its secret."""
        secret = f"session-secret-of-{persona}-{self.planet_id}"
        moment = clock.now()
        with unit_of_work() as session:
            held = session.query(UserSession).filter_by(token_hash=hash_secret(secret)).first()
            if held is None:
                session.add(
                    UserSession(
                        token_hash=hash_secret(secret),
                        user_id=self.users[persona],
                        created_at=moment,
                        last_seen_at=moment,
                        expires_at=moment + timedelta(days=60),
                    )
                )
        return secret

    def set_planet(self, **settings: object) -> None:
        """Change columns of the planet."""
        with unit_of_work() as session:
            planet = session.get_one(Planet, self.planet_id)
            for name, value in settings.items():
                setattr(planet, name, value)

    def set_membership(self, persona: str, **columns: object) -> None:
        """Change columns of the persona's membership."""
        with unit_of_work() as session:
            row = (
                session.query(Membership)
                .filter_by(planet_id=self.planet_id, user_id=self.users[persona])
                .one()
            )
            for name, value in columns.items():
                setattr(row, name, value)


def _membership(persona: str, role: PlanetRole, number: int) -> dict[str, object]:
    """Return the columns that put the persona into its standing, relative to the clock."""
    moment = clock.now()
    joined = moment - timedelta(days=100)
    columns: dict[str, object] = {
        "role": role,
        "number": number,
        "joined_at": joined,
        "read_through_at": joined,
        "takes_questions": role in (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.GUEST),
    }
    special: dict[str, dict[str, object]] = {
        "member": {"expires_at": moment + timedelta(days=265)},
        "grace": {"expires_at": moment - timedelta(days=2)},
        "expired": {"expires_at": moment - timedelta(days=30)},
        "pending": {"joined_at": None, "number": None, "requested_at": moment},
        "left": {"left_at": moment - timedelta(days=5)},
        "removed": {"removed_at": moment - timedelta(days=5), "removed_reason": "spam"},
        "isolated": {"isolated_at": moment - timedelta(days=5)},
        "muted": {"muted_until": moment + timedelta(days=5)},
    }
    return {**columns, **special.get(persona, {})}


def _entitlement(member: Membership) -> Entitlement:
    """Return what the persona's access comes from: the row says no more than this."""
    return Entitlement(
        membership_id=member.id,
        source="open",
        source_ref=f"cast-{member.id}",
        starts_at=member.joined_at,
        ends_at=member.expires_at,
        created_at=member.joined_at,
        since_at=member.joined_at,
        until_at=member.expires_at,
    )


def assemble(app: Flask, slug: str = "orbit") -> Cast:
    """Write the cast and their planet into the database; the caller is inside an app context."""
    moment = clock.now()
    cast = Cast(app=app, planet_id=0, slug=slug)
    with unit_of_work() as session:
        users = {
            persona: User(
                email=f"{persona}@example.test",
                email_confirmed_at=moment,
                name=name,
                name_key=name,
                password_hash=password_hash(),
                created_at=moment - timedelta(days=200),
                site_admin=persona == "owner",
            )
            for persona, (name, _role) in PEOPLE.items()
        }
        session.add_all(users.values())
        session.flush()
        cast.users = {persona: user.id for persona, user in users.items()}
        cast.public_ids = {persona: user.public_id for persona, user in users.items()}
        planet = Planet(
            slug=slug,
            name="轨道",
            tagline="慢慢想，好好写",
            created_at=moment - timedelta(days=150),
            created_by=cast.users["owner"],
            next_number=len(PEOPLE) + 1,
        )
        session.add(planet)
        session.flush()
        cast.planet_id = planet.id
        members = [
            Membership(
                planet_id=planet.id,
                user_id=cast.users[persona],
                name_key=name,
                **_membership(persona, role, number),
            )
            for number, (persona, (name, role)) in enumerate(PEOPLE.items(), start=1)
            if role is not None
        ]
        session.add_all(members)
        session.flush()
        session.add_all(_entitlement(member) for member in members if member.joined_at is not None)
    assert find_viewer_by_id(cast.users["owner"]) is not None
    db.session.remove()
    return cast
