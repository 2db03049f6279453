"""What buyers of these tests wish for."""

from __future__ import annotations

from typing import Any

from app.billing.gateway import CheckoutWish

PASS = CheckoutWish(
    order_ref="order-1",
    account="",
    title="慢读 · 一年",
    amount=36_500,
    currency="CNY",
    interval="",
    interval_count=1,
    trial_days=0,
    expires_at=None,
    success_url="http://planet.test/orders/order-1/return",
    cancel_url="http://planet.test/slow-reading/join",
    email="lin@planet.test",
    customer_ref="",
    language="zh_Hans",
)


def wish(**changes: Any) -> CheckoutWish:
    """Return the wish for a pass of a year, changed."""
    fields = {name: getattr(PASS, name) for name in PASS.__slots__}
    return CheckoutWish(**{**fields, **changes})


def monthly(**changes: Any) -> CheckoutWish:
    """Return the wish for a monthly subscription, changed."""
    return wish(**{"interval": "month", "amount": 5_000, "order_ref": "order-2", **changes})
