"""What a person does to his own membership: name, questions, pin, what counts as read."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts.names import name_key
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.actions.granting import ANSWERERS
from app.memberships.models import Membership
from app.memberships.rows import claim_name, get_own_row, person_of
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require


def change_nickname(actor: Actor, *, nickname: str) -> None:
    """Take another name in this planet; empty for the account's. Invalid("nickname", …)."""
    require(actor, Action.PLANET_READ)
    claim_name(get_own_row(actor), nickname)


def take_questions(actor: Actor, *, willing: bool) -> None:
    """Say whether questions can be put to oneself. Only owners, partners and guests are asked."""
    require(actor, Action.PLANET_READ)
    member = get_own_row(actor)
    member.takes_questions = willing and PlanetRole(member.role) in ANSWERERS


def pin(actor: Actor) -> None:
    """Keep the planet at the top of one's own list."""
    require(actor, Action.PLANET_READ)
    member = get_own_row(actor)
    member.pinned_at = member.pinned_at or clock.now()


def unpin(actor: Actor) -> None:
    """Let the planet take its place in the list again."""
    require(actor, Action.ACCOUNT_USE)
    get_own_row(actor).pinned_at = None


def note_visit(actor: Actor) -> None:
    """Note that the person is in the planet now: what they visit is what their left column shows."""
    require(actor, Action.PLANET_READ)
    get_own_row(actor).visited_at = clock.now()


def read_everything(actor: Actor) -> None:
    """Count everything published in the planet up to now as read."""
    require(actor, Action.PLANET_READ)
    get_own_row(actor).read_through_at = clock.now()


def follow_name(actor: Actor, *, former: str) -> None:
    """Carry a change of the account's name into the planets where it is the name shown.

    Where somebody has such a name already, the `former` one stays as nickname. Called in the unit
    of work that changes the name.
    """
    require(actor, Action.ACCOUNT_USE)
    rows = db.session.scalars(
        select(Membership).where(
            Membership.user_id == person_of(actor),
            Membership.nickname == "",
            Membership.name_key.is_not(None),
        )
    )
    for member in rows.all():
        try:
            claim_name(member, "")
        except Invalid:
            member.nickname = former
            member.name_key = name_key(former)
