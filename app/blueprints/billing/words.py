"""Words for the states of orders, of subscriptions and for what happened to them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from app.billing.models import Subscription
from app.billing.queries.running import ends_as_wanted
from app.billing.queries.trials import TrialState
from app.billing.states import OrderState

STATE_NAMES: dict[OrderState, Any] = {
    OrderState.OPEN: lazy_gettext("Not paid yet"),
    OrderState.PROCESSING: lazy_gettext("The payment is on its way"),
    OrderState.PAID: lazy_gettext("Paid"),
    OrderState.PARTIALLY_REFUNDED: lazy_gettext("Paid, a part given back"),
    OrderState.REFUNDED: lazy_gettext("Given back"),
    OrderState.DISPUTED: lazy_gettext("Disputed"),
    OrderState.CHARGED_BACK: lazy_gettext("Charged back"),
    OrderState.EXPIRED: lazy_gettext("Cancelled"),
    OrderState.FAILED: lazy_gettext("Payment failed"),
}

TRIAL_NAMES: dict[TrialState, Any] = {
    TrialState.RUNS: lazy_gettext("In the free trial"),
    TrialState.ENDS: lazy_gettext("In the free trial"),
    TrialState.UNPAID: lazy_gettext("The last charge failed"),
    TrialState.OVER: lazy_gettext("The free trial is over"),
}

_SUBSCRIPTIONS: dict[str, tuple[Any, str]] = {
    "trialing": (lazy_gettext("In the free trial"), "ok"),
    "active": (lazy_gettext("Renews by itself"), "ok"),
    "past_due": (lazy_gettext("The last charge failed"), "warn"),
    "unpaid": (lazy_gettext("Not paid any more"), "error"),
    "paused": (lazy_gettext("Charges are paused"), "warn"),
    "incomplete": (lazy_gettext("Not paid yet"), "warn"),
}
_ENDED: tuple[Any, str] = (lazy_gettext("Subscription has ended"), "")
_ENDING: tuple[Any, str] = (
    lazy_gettext("To end: not confirmed by the payment provider yet"),
    "warn",
)
_ENDS: tuple[Any, str] = (lazy_gettext("Cancelled: ends with what is paid"), "")


def subscription_badge(row: Subscription) -> tuple[str, str]:
    """Return what staff read of a subscription now, and the tone of it."""
    words, tone = _SUBSCRIPTIONS.get(row.status, _ENDED)
    if row.end_wanted and not ends_as_wanted(row):
        return str(_ENDING[0]), _ENDING[1]
    ends = row.cancel_at_period_end or row.cancel_at is not None
    if ends and row.status in ("trialing", "active", "past_due"):
        words, tone = _ENDS
    return str(words), tone


METHODS: dict[str, Any] = {
    "card": lazy_gettext("Card"),
    "alipay": lazy_gettext("Alipay"),
    "wechat_pay": lazy_gettext("WeChat Pay"),
    "link": lazy_gettext("Link"),
    "sepa_debit": lazy_gettext("SEPA direct debit"),
    "us_bank_account": lazy_gettext("Bank account"),
    "paypal": lazy_gettext("PayPal"),
}


def method_name(method: str) -> str:
    """Return how a payment was made, in words; "" when nobody said."""
    kind, _, rest = method.partition(":")
    if not kind:
        return ""
    brand, _, last = rest.partition(":")
    if kind == "card" and last:
        return f"{brand.replace('_', ' ').title() or METHODS['card']} •••• {last}"
    return str(METHODS.get(kind, kind.replace("_", " ").capitalize()))


DEED_NAMES: dict[str, Any] = {
    "pay": lazy_gettext("Pay"),
    "delay": lazy_gettext("Pay by a method that takes days"),
    "fail": lazy_gettext("Let the card be declined"),
    "cancel": lazy_gettext("Cancel the checkout"),
    "arrive": lazy_gettext("Let the payment arrive"),
    "bounce": lazy_gettext("Let the payment fail"),
    "refund": lazy_gettext("Refund at the provider"),
    "dispute": lazy_gettext("Dispute the payment"),
    "win": lazy_gettext("The planet wins the dispute"),
    "lose": lazy_gettext("The planet loses the dispute"),
    "renew": lazy_gettext("Charge the next period"),
    "miss": lazy_gettext("Let the next charge fail"),
    "end": lazy_gettext("Cancel at the period's end"),
    "resume": lazy_gettext("Take the cancellation back"),
}
