"""What the grid needs of a shop: a plan on sale, and a member's open order at the demo provider."""

from __future__ import annotations

from app.billing import demo_machine
from app.billing.gateway import CheckoutWish
from app.billing.models import Coupon, DemoCheckout, Order, Plan, PlanVersion
from app.kernel import clock
from app.kernel.db import unit_of_work
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
        order = Order(
            planet_id=cast.planet_id,
            user_id=cast.users["member"],
            plan_id=plan.id,
            plan_version_id=version.id,
            gateway="demo",
            environment="demo",
            title="年度",
            amount=19_900,
            list_amount=19_900,
            currency="CNY",
            provider_ref="demo_checkout",
            provider_url="http://planet.test/demo-checkout/demo_checkout",
            created_at=moment,
        )
        session.add(order)
        session.flush()
        session.add(
            DemoCheckout(
                ref="demo_checkout",
                order_ref=order.public_id,
                state=demo_machine.begun(_wish(order)),
                created_at=moment,
            )
        )
        coupon = _coupon(cast)
        session.add(coupon)
        session.flush()
        names = {"plan": plan.public_id, "coupon": coupon.public_id, "order": order.public_id}
        return {**names, "checkout": "demo_checkout"}


def _coupon(cast: Cast) -> Coupon:
    return Coupon(
        planet_id=cast.planet_id,
        code="SPRING",
        percent=10,
        created_at=clock.now(),
        created_by=cast.users["owner"],
    )


def _wish(order: Order) -> CheckoutWish:
    return CheckoutWish(
        order_ref=order.public_id,
        account="",
        title=order.title,
        amount=order.amount,
        currency=order.currency,
        interval="",
        interval_count=0,
        trial_days=0,
        expires_at=None,
        success_url="http://planet.test/done",
        cancel_url="http://planet.test/back",
        email="",
        customer_ref="",
        language="en",
    )
