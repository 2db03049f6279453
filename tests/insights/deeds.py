"""What can happen to what is counted of a planet: each deed by chance, within the caller's unit of work."""

from __future__ import annotations

import random
from datetime import timedelta

from app.billing.actions.funnel import STEPS, record_steps
from app.billing.ledger import book_order
from app.billing.models import Order, Subscription
from app.kernel import clock
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.planets.models import Planet
from tests.billing.rows import write_order, write_payment
from tests.cast import Cast


def member(cast: Cast, dice: random.Random) -> Membership:
    rows = db.session.query(Membership).filter_by(planet_id=cast.planet_id)
    return dice.choice(rows.order_by(Membership.id).all())


def days(dice: random.Random) -> timedelta:
    return timedelta(days=dice.randint(-200, 200), hours=dice.randint(0, 23))


def change(cast: Cast, dice: random.Random) -> None:
    column, value = dice.choice(
        [
            ("role", dice.choice(["member", "guest"])),
            ("expires_at", dice.choice([None, clock.now() + days(dice)])),
            ("grace", dice.choice(["planet", "late", "none"])),
            ("left_at", dice.choice([None, clock.now() - abs(days(dice))])),
            ("removed_at", dice.choice([None, clock.now() - abs(days(dice))])),
            ("joined_at", dice.choice([None, clock.now() - abs(days(dice))])),
            ("requested_at", clock.now()),
        ]
    )
    setattr(member(cast, dice), column, value)


def give(cast: Cast, dice: random.Random) -> None:
    since = clock.now() + days(dice)
    db.session.add(
        Entitlement(
            membership_id=member(cast, dice).id,
            source=dice.choice(["code", "order", "trial"]),
            source_ref=f"given {dice.random()}",
            environment=dice.choice(["", "demo", "live"]),
            starts_at=since - abs(days(dice)),
            created_at=since,
            since_at=since,
            until_at=dice.choice([None, since + abs(days(dice))]),
        )
    )


def take_back(cast: Cast, dice: random.Random) -> None:
    rows = db.session.query(Entitlement).order_by(Entitlement.id).all()
    dice.choice(rows).revoked_at = dice.choice([None, clock.now()])


def forget(cast: Cast, dice: random.Random) -> None:
    rows = db.session.query(Entitlement).order_by(Entitlement.id).all()
    db.session.delete(dice.choice(rows))


def subscribe(cast: Cast, dice: random.Random) -> None:
    order = write_order(cast, dice.choice(["member", "other", "muted"]), state="paid")
    db.session.flush()
    row = Subscription(
        order_id=order.id,
        provider_ref=f"sub {dice.random()}",
        status="active",
        synced_at=clock.now(),
    )
    db.session.add(row)


def cancel(cast: Cast, dice: random.Random) -> None:
    for row in db.session.query(Subscription):
        row.cancel_at_period_end = dice.choice([True, False])


def settings(cast: Cast, dice: random.Random) -> None:
    planet = db.session.get_one(Planet, cast.planet_id)
    planet.grace_days = dice.choice([0, 7, 30])
    planet.renewal_days = dice.choice([3, 30])
    planet.paused_at = dice.choice([None, clock.now()])


def visit(cast: Cast, dice: random.Random) -> None:
    record_steps(
        dice.sample(STEPS, 3),
        planet_id=cast.planet_id,
        visitor=f"visitor {dice.randint(1, 9)}",
        source=dice.choice(["", "weibo", "a|b"]),
        user_id=None,
    )


def pay(cast: Cast, dice: random.Random) -> None:
    order = db.session.query(Order).order_by(Order.id.desc()).first() or write_order(cast)
    paid_at = clock.now() - abs(days(dice))
    write_payment(order, f"ch {dice.random()}", paid_at=paid_at, fee=30)
    book_order(order)


DEEDS = (change, change, give, give, take_back, forget, subscribe, cancel, settings, visit, pay)
