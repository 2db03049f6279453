"""The SQL of standings says what `derive_standing` says, for every combination of columns."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import sqlalchemy as sa

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.facts import has_standing, is_inside, standing_of
from app.memberships.models import Entitlement, Membership
from app.policy import Standing
from tests.cast import Cast
from tests.memberships.people import newcomer

GRACE = timedelta(days=7)


def test_sql_and_policy_agree(cast: Cast, noon: object) -> None:
    now = clock.now()
    past, soon = now - timedelta(days=1), now + timedelta(days=1)
    ends = (None, soon, now, past, now - GRACE, now - GRACE + timedelta(seconds=1))
    combinations = list(
        product(
            ("owner", "guest", "member"),
            (None, past),
            (None, past),
            ends,
            (None, past),
            (None, past),
        )
    )
    people = [newcomer(n) for n in range(len(combinations))]
    with unit_of_work() as session:
        session.execute(sa.delete(Entitlement))
        session.execute(sa.delete(Membership))
        for user_id, values in zip(people, combinations, strict=True):
            role, joined, requested, expires, left, removed = values
            session.add(
                Membership(
                    planet_id=cast.planet_id,
                    user_id=user_id,
                    role=role,
                    joined_at=joined,
                    requested_at=requested,
                    expires_at=expires,
                    left_at=left,
                    removed_at=removed,
                    read_through_at=now,
                )
            )
    rows = db.session.scalars(sa.select(Membership)).all()
    for standing in Standing:
        expected = {m.id for m in rows if standing_of(m, now=now, grace=GRACE) is standing}
        clause = has_standing(standing, now=now, grace=GRACE)
        assert set(db.session.scalars(sa.select(Membership.id).where(clause))) == expected
        assert expected
    inside = {
        m.id
        for m in rows
        if standing_of(m, now=now, grace=GRACE) in (Standing.ACTIVE, Standing.GRACE)
    }
    clause = is_inside(now=now, grace=GRACE)
    assert set(db.session.scalars(sa.select(Membership.id).where(clause))) == inside
