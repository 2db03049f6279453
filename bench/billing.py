"""How fast is billing? `bin/bench billing [--payments N] [--seconds S] [--port P]`.

Standing of a reader in queries, the list of members sifted on 84,000 of them, reconciliation of
payments whose webhooks were all lost (the real stripe library over a double of Stripe), and the
webhook endpoint beside bare Flask. Prints what docs/benchmarks.md records.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert, select

from app.accounts.models import User
from app.accounts.queries import find_viewer_by_id
from app.billing.actions.reconcile import reconcile
from app.billing.gateway import gateways
from app.billing.models import Order, Plan, PlanVersion
from app.billing.queries.subscribers import (
    Sieve,
    count_subscribers,
    list_plan_names,
    list_subscribers,
)
from app.config import Settings
from app.factory import create_app
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.queries import actor_of, enter_planet
from app.planets.models import Planet
from app.policy import Actor
from bench import load, stage
from bench.billing_stage import SCALE, furnish
from tests.billing.stripe_double import StripeDouble, sign
from tests.billing.wishes import wish

LIST_GOAL_MS = 100
RECONCILE_GOAL_S = 60.0
RECONCILE_GOAL_OF = 10_000
WEBHOOK_GOAL = 0.1
WEBHOOK_SECRET = "whsec_double_0123456789"
API_KEY = "sk_test_double"
ROUNDS = 10


def sieves_of(plans: list[str]) -> dict[str, Sieve]:
    """What staff ask of the list: wide, narrow, rare, nothing, and several fields at once."""
    now = clock.now()
    return {
        "everybody": Sieve(),
        "part of a name": Sieve(name="成员 08"),
        "a name nobody has": Sieve(name="没有此人"),
        "a number": Sieve(name="#500"),
        "a common plan": Sieve(plan=plans[3]),
        "a rare origin": Sieve(source="comp"),
        "a common origin": Sieve(source="paid"),
        "in grace": Sieve(standing="grace"),
        "removed": Sieve(standing="removed"),
        "ends within a week": Sieve(ends_from=now, ends_before=now + timedelta(days=7)),
        "plan, origin, removed": Sieve(plan=plans[3], source="paid", standing="removed"),
        "plan, grace, name": Sieve(plan=plans[1], standing="grace", name="成员"),
    }


def measure_reading() -> None:
    """Print the queries of a reader's standing, and the latency of the list under each sieve."""
    made = stage.seeded(SCALE)
    app = create_app(made.settings)
    with app.app_context():
        plans = furnish()
        owner = db.session.scalar(select(User.id).where(User.email == made.planted.owner_email))
        reader = db.session.scalar(select(User.id).where(User.email == made.planted.member_email))
        planet_id = db.session.scalar(select(Planet.id))
        assert owner and reader and planet_id
        viewer = find_viewer_by_id(reader)
        enter_planet(made.planted.slug, viewer, may_create=False)
        with stage.counted() as statements:
            enter_planet(made.planted.slug, viewer, may_create=False)
        print(f"standing of a reader: {len(statements)} query, for planet and actor together")
        entry = actor_of(owner, planet_id)
        assert entry is not None
        every: list[float] = []
        for name, sieve in sieves_of(plans).items():
            taken = sorted(timed(lambda s=sieve: _page(entry[1], s)) for _ in range(ROUNDS))  # type: ignore[misc]
            every += taken
            print(f"  {name:<24}{load.percentile(taken, 0.5):>7.1f} ms, worst {taken[-1]:>7.1f}")
        worst = load.percentile(every, 0.95)
        print(
            f"list of {SCALE.members:,} members: p95 {worst:.0f} ms, {_goal(worst <= LIST_GOAL_MS)}"
        )


def _page(actor: Actor, sieve: Sieve) -> None:
    """Ask what a page of the list asks."""
    _rows, cursor = list_subscribers(actor, sieve=sieve)
    if cursor:
        count_subscribers(actor, sieve=sieve)
    list_plan_names(actor)
    db.session.rollback()


def timed(act: Callable[[], Any]) -> float:
    """Milliseconds that an act takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def shop(folder: Path, key: str) -> tuple[Flask, int]:
    """An empty installation paid by Stripe, with one planet; returns it and its plan's version."""
    app = create_app(_settings(folder, key))
    with app.app_context():
        upgrade()
        with unit_of_work():
            moment = clock.now()
            owner = _person(0, moment)
            db.session.add(owner)
            db.session.flush()
            planet = Planet(slug="shop", name="Shop", created_at=moment, created_by=owner.id)
            db.session.add(planet)
            db.session.flush()
            plan = Plan(planet_id=planet.id, state="on_sale", created_at=moment)
            db.session.add(plan)
            db.session.flush()
            version = PlanVersion(
                plan_id=plan.id,
                version=1,
                name="Year",
                term="days",
                term_count=365,
                amount=19_900,
                currency="CNY",
                created_at=moment,
                created_by=owner.id,
            )
            db.session.add(version)
            db.session.flush()
        return app, version.id


def measure_reconcile(app: Flask, version_id: int, payments: int) -> None:
    """Let so many buyers pay while no webhook arrives; print how long two reconciliations take."""
    double = StripeDouble()
    # Two lines of a log for each request are the terminal's work, not ours.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    with app.app_context():
        gateways.by_name["stripe"] = gateway = double.gateway()
        version = db.session.get_one(PlanVersion, version_id)
        moment = clock.now()
        for start in range(1, payments + 1, 1_000):
            numbers = range(start, min(start + 1_000, payments + 1))
            with unit_of_work():
                people = [_person(n, moment) for n in numbers]
                db.session.add_all(people)
                db.session.flush()
                orders = [_order(person.id, version, moment) for person in people]
                db.session.execute(insert(Order), orders)
        for order in db.session.scalars(select(Order).order_by(Order.id)).all():
            order.provider_ref = gateway.open_checkout(
                wish(order_ref=order.public_id, title=order.title, amount=order.amount)
            ).ref
            double.pay(order.provider_ref)
        db.session.commit()
        for name in ("all webhooks lost", "once more"):
            began = time.perf_counter()
            report = reconcile()
            seconds = time.perf_counter() - began
            scaled = seconds * RECONCILE_GOAL_OF / payments
            print(
                f"reconcile, {name}: {report.asked:,} payments in {seconds:.1f} s, "
                f"{len(report.changes):,} changes, {len(report.failures)} failures; "
                f"{scaled:.0f} s for {RECONCILE_GOAL_OF:,}, {_goal(scaled <= RECONCILE_GOAL_S)}",
                flush=True,
            )


def measure_webhooks(folder: Path, key: str, *, port: int, seconds: float) -> None:
    """Print requests per second of the webhook endpoint beside bare Flask's."""
    body = (
        b'{"id":"evt_bench","object":"event","type":"product.created","livemode":false,'
        b'"created":1,"data":{"object":{"id":"prod_bench","object":"product"}}}'
    )
    headers = {
        "Stripe-Signature": sign(body, WEBHOOK_SECRET, int(time.time())),
        "Content-Type": "application/json",
    }
    told = load.request("/webhooks/stripe", method="POST", headers=headers, body=body)
    environment = {
        "SECRET_KEY": key,
        "PLANETARIUM_DATA_DIR": str(folder),
        "PLANETARIUM_PAYMENTS": "test",
        "PLANETARIUM_STRIPE_SECRET_KEY": API_KEY,
        "PLANETARIUM_STRIPE_WEBHOOK_SECRETS": f'["{WEBHOOK_SECRET}"]',
    }
    figures: list[tuple[float, float]] = []
    for application, raw, env in (
        (stage.BARE, load.request("/"), {}),
        (stage.PRODUCT, told, environment),
    ):
        with stage.serving(application, port, env) as pid:
            load.measure(port, [raw], pids=[pid], seconds=1.0, connections=4)
            got = load.measure(port, [raw], pids=[pid], seconds=seconds, connections=4)
        if set(got.statuses) != {200}:
            raise RuntimeError(f"{application}: {dict(got.statuses)}")
        figures.append((got.rps, got.cpu_ms_per_request))
    ratio = figures[0][1] / figures[1][1]
    print(
        f"webhook endpoint: {figures[1][0]:.0f} requests/s beside {figures[0][0]:.0f} of bare Flask; "
        f"by CPU time {ratio:.2f} of bare Flask, {_goal(ratio >= WEBHOOK_GOAL)}"
    )


def _settings(folder: Path, key: str) -> Settings:
    values: dict[str, Any] = {
        "secret_key": key,
        "data_dir": folder,
        "payments": "test",
        "stripe_secret_key": API_KEY,
        "stripe_webhook_secrets": (WEBHOOK_SECRET,),
    }
    return Settings(**values)


def _person(number: int, moment: Any) -> User:
    return User(
        email=f"buyer-{number}@example.test",
        email_confirmed_at=moment,
        name=f"Buyer {number:05d}",
        name_key=f"buyer {number:05d}",
        password_hash="none",
        created_at=moment,
    )


def _order(user_id: int, version: PlanVersion, moment: Any) -> dict[str, Any]:
    return {
        "planet_id": 1,
        "user_id": user_id,
        "plan_id": version.plan_id,
        "plan_version_id": version.id,
        "gateway": "stripe",
        "environment": "test",
        "title": "Year",
        "amount": version.amount,
        "list_amount": version.amount,
        "currency": version.currency,
        "created_at": moment,
    }


def _goal(reached: bool) -> str:
    return "reached" if reached else "missed"


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="bin/bench billing", description=__doc__)
    parser.add_argument("--payments", type=int, default=RECONCILE_GOAL_OF)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load on the endpoint")
    parser.add_argument("--port", type=int, default=8510)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    measure_reading()
    with tempfile.TemporaryDirectory() as folder:
        key = secrets.token_urlsafe(48)
        app, version_id = shop(Path(folder), key)
        measure_webhooks(Path(folder), key, port=options.port, seconds=options.seconds)
        measure_reconcile(app, version_id, options.payments)


if __name__ == "__main__":
    main()
