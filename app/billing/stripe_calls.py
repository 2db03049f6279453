"""Calling Stripe: whose account a request is for, and what its errors are to us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe
from stripe.params import SubscriptionUpdateParams

from app.billing.gateway import GatewayError

Api = stripe.V1Services
Options = stripe.RequestOptions
# What Stripe will not do, as the library raises it.
NotDone = stripe.InvalidRequestError
SubscriptionChange = SubscriptionUpdateParams


def options_of(account: str, key: str = "") -> Options:
    """Return the options of a request under a connected account, "" for our own; `key` makes it one
    request however often it is sent."""
    options: Options = {}
    if account:
        options["stripe_account"] = account
    if key:
        options["idempotency_key"] = key
    return options


@contextmanager
def asking() -> Iterator[None]:
    """Turn the library's errors into GatewayError; `retry` tells whether another try is worth it."""
    try:
        yield
    except stripe.StripeError as error:
        told = " ".join(str(error.user_message or type(error).__name__).split())[:300]
        status = error.http_status
        retry = status is None or status in (409, 429) or status >= 500
        raise GatewayError(f"Stripe: {told} ({error.code or status})", retry=retry) from error
