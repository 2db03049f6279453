"""The door of billing: plans and coupons, buying, orders, codes, subscriptions, the ledger."""

from app.blueprints.billing import buy, demo, orders
from app.blueprints.billing.door import bp

__all__ = ["bp", "buy", "demo", "orders"]
