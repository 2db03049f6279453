"""What staff read of a provider's message that failed: what it was about, and what to do now."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from app.billing.queries.webhooks import FailedWebhook

# The first that fits names what the message was about.
_ABOUT: tuple[tuple[str, Any], ...] = (
    ("charge.dispute", lazy_gettext("A dispute")),
    ("charge.refund", lazy_gettext("A refund")),
    ("refund", lazy_gettext("A refund")),
    ("customer.subscription", lazy_gettext("A subscription")),
    ("invoice", lazy_gettext("A subscription's invoice")),
    ("checkout", lazy_gettext("A checkout")),
    ("charge", lazy_gettext("A payment")),
    ("payment_intent", lazy_gettext("A payment")),
)
_OTHER = lazy_gettext("Something of an order")
_PROVIDER = lazy_gettext(
    "The payment provider refused or did not answer. Nothing was changed. Try again in some minutes; "
    "if it goes on, whoever runs this site can find the cause with “flask payments doctor”."
)
_OURS = lazy_gettext(
    "This site made a mistake with it. Nothing was changed by half. Try again; if it goes on, give "
    "whoever runs this site the technical text below."
)


def about(event: FailedWebhook) -> str:
    """Return what a message of the provider was about."""
    return str(next((name for start, name in _ABOUT if event.kind.startswith(start)), _OTHER))


def advice(event: FailedWebhook) -> str:
    """Return why it failed, as far as staff can do something about it, and what that is."""
    return str(_PROVIDER if event.error.startswith("GatewayError") else _OURS)
