"""Deleting a customer at Stripe. Payments, invoices and disputes are books, which it keeps."""

from __future__ import annotations

from app.billing.stripe_calls import Api, NotDone, Options


def forget(api: Api, ref: str, options: Options) -> None:
    """Delete a customer; nothing happens when it is gone already, or was never there."""
    try:
        api.customers.delete(ref, {}, options)
    except NotDone as error:
        if error.code != "resource_missing" and error.http_status != 404:
            raise
