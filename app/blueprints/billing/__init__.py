"""The door of billing: plans and coupons, buying, orders, codes, subscriptions, the ledger."""

from app.blueprints.billing import (
    buy,
    codes,
    comps,
    coupons,
    demo,
    ledger,
    orders,
    pausing,
    plans,
    provider_log,
    question_prices,
    redeem,
    subscriber,
    subscribers,
    transfers,
    waiting,
    webhooks,
)
from app.blueprints.billing.door import bp

__all__ = [
    "bp",
    "buy",
    "codes",
    "comps",
    "coupons",
    "demo",
    "ledger",
    "orders",
    "pausing",
    "plans",
    "provider_log",
    "question_prices",
    "redeem",
    "subscriber",
    "subscribers",
    "transfers",
    "waiting",
    "webhooks",
]
