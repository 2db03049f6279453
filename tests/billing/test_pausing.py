"""Pausing a planet: every end moves by exactly the pause, and nothing is sold meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.accounts.models import User
from app.billing.actions.pausing import pause_planet, resume_planet
from app.billing.queries.plans import list_on_sale
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Refused
from app.memberships.models import Entitlement, Membership
from app.memberships.settling import settle
from app.planets.models import PlanetPause
from app.policy import Action, Reason, Standing, can
from tests.billing.shop import sell
from tests.cast import Cast
from tests.memberships.people import row

CROWD = 5_000
SECONDS = 1_234_567


def pause(cast: Cast) -> None:
    """Pause the planet, as its owner."""
    with unit_of_work():
        pause_planet(cast.actor("owner"))


def resume(cast: Cast) -> timedelta:
    """Let it go on, as its owner."""
    with unit_of_work():
        return resume_planet(cast.actor("owner"))


def crowd(cast: Cast, moment: datetime) -> dict[int, datetime]:
    """Write 5,000 members with ends of every kind; returns their ends by membership id."""
    joined = moment - timedelta(days=100)
    with unit_of_work() as session:
        people = [
            {"email": f"m{n}@example.test", "name": f"众{n}", "name_key": f"众{n}",
             "password_hash": "", "created_at": joined, "public_id": f"u{n}"}
            for n in range(CROWD)
        ]  # fmt: skip
        ids = session.scalars(
            sa.insert(User).returning(User.id, sort_by_parameter_order=True), people
        ).all()
        rows = [
            {"planet_id": cast.planet_id, "user_id": user_id, "role": "member", "joined_at": joined,
             "read_through_at": joined, "name_key": f"众{n}", "number": 1_000 + n,
             "expires_at": moment + timedelta(seconds=n + 1), "public_id": f"m{n}"}
            for n, user_id in enumerate(ids)
        ]  # fmt: skip
        members = session.scalars(
            sa.insert(Membership).returning(Membership.id, sort_by_parameter_order=True), rows
        ).all()
        session.execute(sa.insert(Entitlement), [
            {"membership_id": member, "source": "order", "source_ref": str(member),
             "starts_at": joined, "created_at": joined, "since_at": joined,
             "ends_at": moment + timedelta(seconds=n + 1), "until_at": moment}
            for n, member in enumerate(members)
        ])  # fmt: skip
    return {m: moment + timedelta(seconds=n + 1) for n, m in enumerate(members)}


def test_every_end_of_5000_members_moves_by_exactly_the_pause(noon: datetime, cast: Cast) -> None:
    before = crowd(cast, noon)
    pause(cast)
    with clock.fixed(noon + timedelta(seconds=SECONDS)):
        assert resume(cast) == timedelta(seconds=SECONDS)
    rows = db.session.execute(
        sa.select(Membership.id, Membership.expires_at).where(Membership.id.in_(before))
    )
    moved = {member: end - timedelta(seconds=SECONDS) for member, end in rows}
    assert moved == before
    until = db.session.execute(
        sa.select(Entitlement.membership_id, Entitlement.until_at).where(
            Entitlement.source == "order"
        )
    )
    assert {m: end - timedelta(seconds=SECONDS) for m, end in until if end} == before


def test_two_pauses_add_up_and_what_was_over_stays_over(noon: datetime, cast: Cast) -> None:
    ends = {p: row(cast, p).expires_at for p in ("member", "grace", "expired", "other", "admin")}
    for start, length in ((0, 10), (20, 5)):
        with clock.fixed(noon + timedelta(days=start)):
            pause(cast)
            pause(cast)
        with clock.fixed(noon + timedelta(days=start + length)):
            resume(cast)
            assert resume(cast) == timedelta()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PlanetPause)) == 2
    after = {p: row(cast, p).expires_at for p in ends}
    assert ends["member"] is not None
    assert ends["grace"] is not None
    # The days of grace stood still in the first pause, and were over before the second.
    moved = {"member": timedelta(days=15), "grace": timedelta(days=10)}
    assert after == {**ends, **{p: ends[p] + by for p, by in moved.items()}}  # type: ignore[operator]
    with unit_of_work():
        settle(row(cast, "member"))
    assert row(cast, "member").expires_at == after["member"]


def test_a_guests_own_end_moves_too(noon: datetime, cast: Cast) -> None:
    cast.set_membership("guest", expires_at=noon + timedelta(days=3))
    pause(cast)
    with clock.fixed(noon + timedelta(days=9)):
        assert cast.actor("guest").standing is Standing.ACTIVE
        resume(cast)
        assert cast.actor("guest").standing is Standing.ACTIVE
    assert row(cast, "guest").expires_at == noon + timedelta(days=12)


def test_nothing_is_sold_while_a_planet_stands_still(noon: datetime, cast: Cast) -> None:
    sell(cast)
    pause(cast)
    planet, stranger = cast.entry("stranger")
    assert list_on_sale(planet, now=noon) == []
    assert can(stranger, Action.PLAN_BUY).reason is Reason.PAUSED
    resume(cast)
    planet, stranger = cast.entry("stranger")
    assert len(list_on_sale(planet, now=noon)) == 1
    assert can(stranger, Action.PLAN_BUY)


def test_the_trail_says_who_paused_and_for_how_long(noon: datetime, cast: Cast) -> None:
    pause(cast)
    with clock.fixed(noon + timedelta(minutes=1)):
        resume(cast)
    entries = db.session.query(AuditEntry).order_by(AuditEntry.id).all()
    assert [entry.action for entry in entries] == ["planet.pause", "planet.resume"]
    assert entries[1].data == {"seconds": 60}


@pytest.mark.parametrize("persona", ["partner", "admin", "member", "stranger"])
def test_only_the_owner_pauses(cast: Cast, persona: str) -> None:
    for act in (pause_planet, resume_planet):
        with pytest.raises(Refused), unit_of_work():
            act(cast.actor(persona))
