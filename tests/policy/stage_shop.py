"""What the grid needs of a shop: a plan on sale, and a member's open order at the demo provider."""

from __future__ import annotations

from app.billing import demo_machine
from app.billing.models import Coupon, DemoCheckout, Order, Plan, PlanVersion
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.billing.wishes import wish
from tests.cast import Cast


def shelf(cast: Cast) -> dict[str, str]:
    """Put a plan on sale and an order of the member's beside it; returns the placeholders."""
    moment = clock.now()
    cast.set_planet(paid=True)
    with unit_of_work() as session:
        plan = Plan(planet_id=cast.planet_id, state="on_sale", created_at=moment)
        session.add(plan)
        session.flush()
        version = PlanVersion(
            plan_id=plan.id,
            version=1,
            name="年度",
            term="days",
            term_count=365,
            amount=19_900,
            currency="CNY",
            created_at=moment,
            created_by=cast.users["owner"],
        )
        session.add(version)
        session.flush()
        order = _order(cast, "demo_checkout", plan_id=plan.id, plan_version_id=version.id)
        _order(cast, "demo_question", kind="question")
        coupon = _coupon(cast)
        session.add(coupon)
        session.flush()
        return {
            "plan": plan.public_id,
            "coupon": coupon.public_id,
            "order": order.public_id,
            "checkout": "demo_checkout",
            "question_checkout": "demo_question",
        }


def _order(cast: Cast, ref: str, **columns: object) -> Order:
    """Write an open order of the member's with its checkout, in the caller's unit of work."""
    moment = clock.now()
    order = Order(
        planet_id=cast.planet_id,
        user_id=cast.users["member"],
        gateway="demo",
        environment="demo",
        title="年度",
        amount=19_900,
        list_amount=19_900,
        currency="CNY",
        provider_ref=ref,
        provider_url=f"http://planet.test/demo-checkout/{ref}",
        created_at=moment,
        **columns,
    )
    db.session.add(order)
    db.session.flush()
    db.session.add(
        DemoCheckout(
            ref=ref,
            order_ref=order.public_id,
            state=demo_machine.begun(
                wish(order_ref=order.public_id, title=order.title, amount=order.amount)
            ),
            created_at=moment,
        )
    )
    return order


def _coupon(cast: Cast) -> Coupon:
    return Coupon(
        planet_id=cast.planet_id,
        code="SPRING",
        percent=10,
        created_at=clock.now(),
        created_by=cast.users["owner"],
    )
