"""Ending, resuming, holding and releasing a subscription at Stripe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from app.billing.stripe_calls import Api, NotDone, Options, SubscriptionChange

ENDED = ("canceled", "incomplete_expired")


class SubscriptionDeeds:
    """What is done to a subscription; the library's errors go to the caller."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def end(self, ref: str, options: Options, *, when: str) -> None:
        """Cancel: `now`, or `at_end` of the period that is paid. One that has ended stays so."""
        subscriptions = self._api.subscriptions
        with self._unless_ended(ref, options):
            if when == "at_end":
                subscriptions.update(ref, {"cancel_at_period_end": True}, options)
            else:
                subscriptions.cancel(ref, {"invoice_now": False, "prorate": False}, options)

    def resume(self, ref: str, options: Options) -> None:
        """Take a cancellation back, whichever of the two ways it was made (R13)."""
        subscriptions = self._api.subscriptions
        found = subscriptions.retrieve(ref, {}, options)
        # Stripe refuses both in one request; the first clears the date too.
        change: SubscriptionChange = {"cancel_at_period_end": False}
        if not found.cancel_at_period_end:
            if found.cancel_at is None:
                return
            change = {"cancel_at": ""}
        subscriptions.update(ref, change, options)

    def hold(self, ref: str, options: Options) -> None:
        """Charge no more until `release`: invoices that fall due meanwhile are void."""
        change: SubscriptionChange = {"pause_collection": {"behavior": "void"}}
        self._change(ref, change, options)

    def release(self, ref: str, options: Options, *, next_at: datetime | None) -> None:
        """Charge again. Stripe moves the next charge to the end of a trial, which costs nothing."""
        change: SubscriptionChange = {"pause_collection": ""}
        if next_at is not None:
            change |= {"trial_end": int(next_at.timestamp()), "proration_behavior": "none"}
        self._change(ref, change, options)

    def _change(self, ref: str, change: SubscriptionChange, options: Options) -> None:
        with self._unless_ended(ref, options):
            self._api.subscriptions.update(ref, change, options)

    @contextmanager
    def _unless_ended(self, ref: str, options: Options) -> Iterator[None]:
        """Let a refusal be, where the subscription has ended already."""
        try:
            yield
        except NotDone:
            if self._api.subscriptions.retrieve(ref, {}, options).status not in ENDED:
                raise
