"""What Stripe is asked for, from the wishes of the port: pure functions.

Typed loosely here so that the library has one importer; tests hold each request against its types.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from app.billing.gateway import CheckoutWish

Asked = dict[str, Any]

# A checkout may end 30 minutes after it began, by Stripe's clock: leave room for ours and for retries.
EXPIRY_SLACK = timedelta(minutes=2)
PASS_METHODS = ["card", "alipay", "wechat_pay"]
SUBSCRIPTION_METHODS = ["card"]
PAGE = 100
LOCALES = {"zh_Hans": "zh", "en": "en"}


def checkout(wish: CheckoutWish, *, automatic_tax: bool) -> Asked:
    """Return what is asked for when a checkout is to be opened."""
    asked: Asked = {
        "mode": "subscription" if wish.interval else "payment",
        "line_items": [{"price_data": _price(wish, automatic_tax), "quantity": 1}],
        "allowed_payment_method_types": [
            *(SUBSCRIPTION_METHODS if wish.interval else PASS_METHODS)
        ],
        "success_url": wish.success_url,
        "cancel_url": wish.cancel_url,
        # For people who look at Stripe's pages. Nothing of ours reads it back (R4).
        "client_reference_id": wish.order_ref,
        "locale": LOCALES.get(wish.language, "auto"),
        # What was shown is what is paid.
        "adaptive_pricing": {"enabled": False},
    }
    if wish.interval:
        asked["subscription_data"] = {"description": wish.title}
        if wish.trial_days:
            asked["subscription_data"]["trial_period_days"] = wish.trial_days
    else:
        asked["payment_intent_data"] = {"description": wish.title}
        # Stripe refuses WeChat Pay without it.
        asked["payment_method_options"] = {"wechat_pay": {"client": "web"}}
    if wish.customer_ref:
        asked["customer"] = wish.customer_ref
    elif wish.email:
        asked["customer_email"] = wish.email
    if not wish.interval and not wish.customer_ref:
        asked["customer_creation"] = "always"
    if wish.expires_at is not None:
        asked["expires_at"] = seconds(wish.expires_at)
    if automatic_tax:
        asked["automatic_tax"] = {"enabled": True}
        if wish.customer_ref:
            asked["customer_update"] = {"address": "auto"}
    return asked


def coupon(wish: CheckoutWish) -> Asked:
    """Return what is asked for when a subscription's coupon is made: an amount, so that what was shown is
    what is paid."""
    asked: Asked = {
        "amount_off": wish.off,
        "currency": wish.currency.lower(),
        "duration": wish.off_duration,
        "max_redemptions": 1,
        "name": wish.title[:40],
    }
    if wish.off_duration == "repeating":
        asked["duration_in_months"] = wish.off_months
    return asked


def _price(wish: CheckoutWish, automatic_tax: bool) -> Asked:
    price: Asked = {
        "currency": wish.currency.lower(),
        "unit_amount": wish.amount,
        "product_data": {"name": wish.title},
    }
    if wish.interval:
        price["recurring"] = {
            "interval": wish.interval,
            "interval_count": wish.interval_count,
        }
    if automatic_tax:
        # Tax is part of the price that was shown.
        price["tax_behavior"] = "inclusive"
    return price


def page(last: str, *, since: datetime, parts: Iterable[str]) -> Asked:
    """Return what is asked for when a page of checkouts is to be read: those after the last one."""
    asked: Asked = {
        "limit": PAGE,
        "expand": [f"data.{part}" for part in parts],
        "created": {"gte": int(since.timestamp())},
    }
    return asked | ({"starting_after": last} if last else {})


def seconds(moment: datetime) -> int:
    """Return when a checkout ends, as Stripe counts time."""
    return int((moment + EXPIRY_SLACK).timestamp())
