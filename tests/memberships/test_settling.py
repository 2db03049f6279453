"""What entitlements come to is written beside the role: end, grace, and how far a trial reads."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.memberships import actions
from app.memberships.actions.granting import Terms, find_entitlement
from app.memberships.actions.joining import come_back
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Duration, Period
from app.memberships.settling import NEVER_HELD, settle
from app.planets.models import PlanetPause
from app.policy import Grace, PlanetRole, Standing
from tests.cast import Cast
from tests.memberships.people import row


def buy(cast: Cast, persona: str, ref: str, days: int = 30, **terms: object) -> Membership:
    """Grant bought time, as an order would."""
    with unit_of_work():
        return actions.start_membership(
            None,
            planet_id=cast.planet_id,
            user_id=cast.users[persona],
            source="order",
            source_ref=ref,
            period=Duration(days=days),
            grant=Terms(environment="demo", **terms),  # type: ignore[arg-type]
        )


def test_r20_a_revoked_entitlement_leaves_nothing_and_a_suspended_one_comes_back(
    cast: Cast, noon: datetime
) -> None:
    assert buy(cast, "stranger", "o-1").expires_at == noon + timedelta(days=30)
    assert buy(cast, "stranger", "o-2").expires_at == noon + timedelta(days=60)
    for ref, column in (("o-1", "revoked_at"), ("o-2", "suspended_at")):
        with unit_of_work():
            found = find_entitlement("order", ref)
            assert found is not None
            setattr(found, column, clock.now())
            settle(row(cast, "stranger"))
    assert row(cast, "stranger").expires_at == NEVER_HELD
    assert cast.actor("stranger").standing is Standing.EXPIRED
    with unit_of_work():
        found = find_entitlement("order", "o-2")
        assert found is not None
        found.suspended_at = None
        settle(row(cast, "stranger"))
    assert row(cast, "stranger").expires_at == noon + timedelta(days=30)
    assert cast.actor("stranger").standing is Standing.ACTIVE


@pytest.mark.parametrize(
    ("grace", "days", "inside"),
    [
        (Grace.PLANET, 6, True),
        (Grace.LATE, 2, True),
        (Grace.LATE, 4, False),
        (Grace.NONE, 1, False),
    ],
)
def test_each_kind_of_grace_lasts_as_long_as_it_should(
    cast: Cast, noon: datetime, grace: Grace, days: int, inside: bool
) -> None:
    buy(cast, "stranger", "o-1", days=1, grace=grace)
    with clock.fixed(noon + timedelta(days=1 + days)):
        assert cast.actor("stranger").inside is inside


def test_a_trial_reads_some_days_until_something_is_bought(cast: Cast, noon: datetime) -> None:
    limit = noon - timedelta(days=7)
    buy(cast, "stranger", "t-1", days=3, reads_from=limit)
    assert cast.actor("stranger").reads_from == limit
    buy(cast, "stranger", "o-1")
    assert cast.actor("stranger").reads_from is None
    assert row(cast, "stranger").expires_at == noon + timedelta(days=33)


def test_a_paused_planet_stops_the_clock_of_standing(cast: Cast, noon: datetime) -> None:
    buy(cast, "stranger", "o-1", days=10)
    with unit_of_work() as session:
        session.add(PlanetPause(planet_id=cast.planet_id, starts_at=noon + timedelta(days=2)))
    cast.set_planet(paused_at=noon + timedelta(days=2))
    with clock.fixed(noon + timedelta(days=200)):
        assert cast.actor("stranger").standing is Standing.ACTIVE
        with unit_of_work() as session:
            session.execute(sa.update(PlanetPause).values(ends_at=clock.now()))
            settle(row(cast, "stranger"))
        cast.set_planet(paused_at=None)
        assert row(cast, "stranger").expires_at == noon + timedelta(days=208)


def test_bought_time_waits_for_who_left_and_free_time_does_not(cast: Cast, noon: datetime) -> None:
    buy(cast, "stranger", "o-1")
    for persona in ("stranger", "isolated"):
        with unit_of_work():
            actions.leave(cast.actor(persona))
    with unit_of_work():
        come_back(cast.actor("stranger"))
    assert cast.actor("stranger").standing is Standing.ACTIVE
    with pytest.raises(Conflict), unit_of_work():
        come_back(cast.actor("isolated"))
    assert cast.actor("isolated").standing is Standing.LEFT


def test_staff_shorten_and_lengthen_a_members_time(cast: Cast, noon: datetime) -> None:
    admin = cast.actor("admin")
    buy(cast, "stranger", "o-1")
    for days in (10, 90):
        end = noon + timedelta(days=days)
        with unit_of_work():
            actions.set_end(admin, member=row(cast, "stranger"), ends_at=end)
        assert row(cast, "stranger").expires_at == end
    with unit_of_work():
        settle(row(cast, "stranger"))
    assert row(cast, "stranger").expires_at == noon + timedelta(days=90)


def test_settling_twice_changes_nothing(cast: Cast, noon: datetime) -> None:
    people = ("member", "grace", "expired", "admin", "guest")
    before = {p: row(cast, p).expires_at for p in people}
    with unit_of_work():
        for persona in people:
            settle(row(cast, persona))
    assert {p: row(cast, p).expires_at for p in people} == before


def test_a_guests_own_end_is_not_touched_by_what_he_bought(cast: Cast, noon: datetime) -> None:
    with unit_of_work():
        member = actions.start_membership(
            None,
            planet_id=cast.planet_id,
            user_id=cast.users["stranger"],
            source="invitation",
            source_ref="i-1",
            period=Period(noon, noon + timedelta(days=5)),
            role=PlanetRole.GUEST,
        )
    assert member.expires_at == noon + timedelta(days=5)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entitlement)) > 1


def test_an_end_before_all_time_is_shown_to_nobody(cast: Cast, noon: datetime) -> None:
    """Who had everything given back never had any time: no page shows him or staff a day of 1970."""
    buy(cast, "stranger", "o-1")
    with unit_of_work():
        found = find_entitlement("order", "o-1")
        assert found is not None
        found.revoked_at = clock.now()
        settle(row(cast, "stranger"))
    member = row(cast, "stranger").public_id
    own = ("/", "/p/orbit/about", "/p/orbit/me")
    staffs = (
        "/p/orbit/members",
        f"/p/orbit/members/{member}",
        "/p/orbit/subscriptions",
        f"/p/orbit/subscriptions/{member}",
        "/p/orbit/subscriptions/export",
    )
    for persona, paths in (("stranger", own), ("admin", staffs)):
        for path in paths:
            answer = cast.client(persona).get(path)
            assert answer.status_code == 200, path
            assert "1970" not in answer.text, path
