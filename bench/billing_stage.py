"""What the benchmark of billing stands on: a planet of 84,000 members with plans, codes and comps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from app.billing.models import Order, Plan, PlanVersion
from app.cli.seed_scale import Scale
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement, Membership
from app.planets.models import Planet

SCALE = Scale(members=84_000, topics=64, comments=600, thread=40, slug="sold")
PLANS = ("年度", "两年", "终身", "季度")
_BATCH = 5_000


def furnish() -> list[str]:
    """Sell the seeded planet: plans, an origin and an end for each member; done once. Returns the
    plans' public ids."""
    found = list(db.session.scalars(select(Plan.public_id).order_by(Plan.id)))
    if found:
        return found
    with unit_of_work():
        planet = db.session.scalars(select(Planet)).one()
        planet.paid = True
        plans = [make_plan(planet, name) for name in PLANS]
        db.session.execute(delete(Order))
        _spread(plans)
        _analyze()
    return [plan.public_id for plan in plans]


def make_plan(planet: Planet, name: str) -> Plan:
    """Put a plan of a year on sale. Called within a unit of work."""
    moment = clock.now()
    plan = Plan(planet_id=planet.id, state="on_sale", created_at=moment)
    db.session.add(plan)
    db.session.flush()
    db.session.add(
        PlanVersion(
            plan_id=plan.id,
            version=1,
            name=name,
            term="days",
            term_count=365,
            amount=19_900,
            currency="CNY",
            created_at=moment,
            created_by=planet.created_by,
        )
    )
    return plan


def _spread(plans: list[Plan]) -> None:
    """Give everybody an origin: most pay, some used codes, a few have it for nothing."""
    moment = clock.now()
    members: list[dict[str, Any]] = []
    granted: list[dict[str, Any]] = []
    ids = db.session.scalars(
        select(Membership.id).where(Membership.role == "member").order_by(Membership.id)
    )
    for n, member_id in enumerate(ids):
        ends = moment + timedelta(days=n % 400 - 35, seconds=n)
        rare = n % 997 == 0
        members.append(
            {
                "key": member_id,
                "expires_at": ends,
                "left_at": moment if n % 50 == 3 else None,
                "removed_at": moment if n % 1_000 == 7 else None,
            }
        )
        granted.append(
            {
                "key": member_id,
                "source": "comp" if rare else "code" if n % 20 == 1 else "order",
                "plan_ref": "" if rare else plans[min(n % 40, 3)].public_id,
                "ends_at": ends,
                "until_at": ends,
            }
        )
    _write(Membership, Membership.id, members)
    _write(Entitlement, Entitlement.membership_id, granted)
    # A second term for every third: what is sought by plan is not one row a member.
    again = [_renewed(row, moment) for n, row in enumerate(granted) if n % 3 == 0]
    for start in range(0, len(again), _BATCH):
        db.session.execute(insert(Entitlement), again[start : start + _BATCH])


def _renewed(row: dict[str, Any], moment: Any) -> dict[str, Any]:
    before = row["ends_at"] - timedelta(days=365)
    return {
        "membership_id": row["key"],
        "source": row["source"],
        "source_ref": f"again-{row['key']}",
        "plan_ref": row["plan_ref"],
        "starts_at": before,
        "ends_at": before,
        "created_at": moment,
        "since_at": before,
        "until_at": before,
    }


def _write(row: type[Any], key: Any, values: list[dict[str, Any]]) -> None:
    names = [name for name in values[0] if name != "key"]
    statement = (
        update(row.__table__)
        .where(key == bindparam("key"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    for start in range(0, len(values), _BATCH):
        batch = [
            {"key": value["key"], **{f"new_{name}": value[name] for name in names}}
            for value in values[start : start + _BATCH]
        ]
        db.session.connection().execute(statement, batch)


def _analyze() -> None:
    db.session.connection().exec_driver_sql("ANALYZE")
