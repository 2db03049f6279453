"""Stripe's events: which are listened to, and what a verified one says. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.billing.gateway import BadWebhook, Poke

TOLERANCE = timedelta(minutes=5)
# What the endpoint should be subscribed to, and what reconciliation reads again. Stripe lists by 20
# types at most.
EVENTS: Final = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "charge.updated",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "invoice.paid",
)

# Of these an object's events say what it belongs to.
_LINKS = ("subscription", "charge", "invoice")
# Money that was there before goes back: also payments that are long settled are to be asked about.
_GOES_BACK = ("charge.refunded", "charge.dispute.", "refund.")

# What is kept of an event's body, for who looks into a failure: what happened to what, how much and when.
# Everything else may say who somebody is, or where they live.
_KEPT = frozenset(
    (
        *("id", "object", "type", "account", "api_version", "livemode", "created", "data"),
        *(
            "status",
            "payment_status",
            "mode",
            "reason",
            "failure_code",
            "paid",
            "refunded",
            "disputed",
        ),
        *("amount", "amount_total", "amount_due", "amount_paid", "amount_refunded", "currency"),
        *("charge", "customer", "invoice", "payment_intent", "subscription", "balance_transaction"),
        *("billing_reason", "cancel_at", "cancel_at_period_end", "canceled_at", "ended_at"),
        *("expires_at", "trial_end", "parent", "subscription_details"),
    )
)
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,100}")

_ID = re.compile(r"[A-Za-z0-9_]{1,100}")
_KIND = re.compile(r"[a-z0-9_.]{1,80}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_]{0,40}")


def is_wanted(kind: str) -> bool:
    """Whether anything follows from events of a kind; an endpoint may be told of more."""
    return kind in EVENTS


def goes_back(kind: str) -> bool:
    """Whether events of a kind may be about a payment of long ago."""
    return kind.startswith(_GOES_BACK)


def signature_in(headers: Mapping[str, str]) -> str:
    """Return a webhook's signature, "" when it has none."""
    return next((v for name, v in headers.items() if name.lower() == "stripe-signature"), "")


def check_age(signature: str, now: datetime) -> None:
    """Refuse a verified signature that is too old or too new by our clock (R1).

    Stripe's library would ask the system's clock, and look only backwards. It verifies the first `t`.
    """
    signed_at = int(next(part[2:] for part in signature.split(",") if part.startswith("t=")))
    if abs(now.timestamp() - signed_at) > TOLERANCE.total_seconds():
        raise BadWebhook("signed too long ago, or in the future")


def verified(
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: datetime,
    is_signed: Callable[[str, str], bool],
) -> Poke:
    """Return the poke of a body whose signature is right. BadWebhook when anything about it is wrong."""
    try:
        text = body.decode("utf-8")
        signature = signature_in(headers)
        if not is_signed(text, signature):
            raise BadWebhook("not signed by a secret of ours")
        check_age(signature, now)
        return read(text)
    except BadWebhook:
        raise
    except Exception as error:
        # Stripe's library alone raises half a dozen kinds on hostile bodies and headers.
        raise BadWebhook(type(error).__name__) from error


def read(text: str) -> Poke:
    """Return the poke of a verified body. Any error at all means that it cannot be read."""
    event = json.loads(text)
    if event["object"] != "event" or not isinstance(event["livemode"], bool):
        raise BadWebhook("no event with its object: choose snapshots as the endpoint's payload")
    account = event.get("account") or ""
    well_formed = (
        _ID.fullmatch(event["id"])
        and _KIND.fullmatch(event["type"])
        and _ACCOUNT.fullmatch(account)
    )
    if not well_formed:
        raise BadWebhook("an event of another shape")
    about = event["data"]["object"]
    ref = about.get("id")
    return Poke(
        event_ref=event["id"],
        kind=event["type"],
        account=account,
        object_ref=ref if isinstance(ref, str) and _ID.fullmatch(ref) else "",
        live=event["livemode"],
        created=datetime.fromtimestamp(event["created"], UTC),
        body=json.dumps(spared(event), sort_keys=True),
        related=related_in(about),
    )


def related_in(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an event's object says that it belongs to: references of Stripe's, never metadata (R4)."""
    parent = about.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, Mapping) else None
    found = [about.get(name) for name in _LINKS]
    found += [details.get("subscription")] if isinstance(details, Mapping) else []
    refs = (ref.get("id") if isinstance(ref, Mapping) else ref for ref in found)
    return tuple(dict.fromkeys(ref for ref in refs if isinstance(ref, str) and _ID.fullmatch(ref)))


def spared(part: Any) -> Any:
    """Return what is kept of a part of a body: known names only, and of texts only codes and references."""
    if isinstance(part, Mapping):
        return {name: spared(value) for name, value in part.items() if name in _KEPT}
    if isinstance(part, str):
        return part if _CODE.fullmatch(part) else ""
    return part if isinstance(part, bool | int | None) else None


def poke_of(event: Any, account: str) -> Poke:
    """Return the poke of an event that was listed."""
    return Poke(
        event_ref=event.id,
        kind=event.type,
        account=account,
        object_ref=str(getattr(event.data.object, "id", "")),
        live=event.livemode,
        created=datetime.fromtimestamp(event.created, UTC),
        related=related_in(event.data.object.to_dict()),
    )
