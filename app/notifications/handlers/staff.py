"""Notices for owner and partners: who came in, and what became of their money.

Disputes, and what failed, come by mail too: they wait for somebody. All else stands in the page. Of a
question that was paid for only the owner hears, and of nobody's name: it may have been asked anonymously.
"""

from __future__ import annotations

from typing import Any

from app.billing import events
from app.billing.queries.noticed import (
    find_dispute,
    find_failed_refund,
    find_noticed_orders,
    find_refund,
    find_sale,
)
from app.memberships.events import MembershipStarted
from app.memberships.queries import find_member_ids, find_period_source, list_leader_ids
from app.notifications.kinds import Kind
from app.notifications.notices import About, tell

SALES = {
    "first_sale": Kind.STAFF_FIRST_SALE,
    "sale": Kind.STAFF_SALE,
    "renewal": Kind.STAFF_RENEWAL,
}
DISPUTES = {
    "needs_response": Kind.STAFF_DISPUTE,
    "warning_needs_response": Kind.STAFF_DISPUTE,
    "won": Kind.STAFF_DISPUTE_WON,
    "lost": Kind.STAFF_DISPUTE_LOST,
}
# Came in without money and without being let in or invited by staff, who know of that.
BY_THEMSELVES = ("open", "trial")


def staff_member_started(payload: dict[str, Any]) -> None:
    """Leaders hear of who joined freely or redeemed a code."""
    member = find_member_ids(payload["membership_id"])
    source = find_period_source(payload["period_id"])
    if member is None or source not in ("code", *BY_THEMSELVES):
        return
    kind = Kind.STAFF_REDEEMED if source == "code" else Kind.STAFF_JOINED
    _tell(About(member.planet_id, person_id=member.user_id), kind, f"{kind}:{payload['period_id']}")


def staff_payment_arrived(payload: dict[str, Any]) -> None:
    """Leaders hear of what was sold."""
    sale = find_sale(payload["payment_id"])
    if sale is not None:
        _tell_of(sale.order_id, SALES[sale.place], f"sale:{payload['payment_id']}")


def staff_refund_settled(payload: dict[str, Any]) -> None:
    """Leaders hear of money that went back, and that it could not."""
    refund_id = payload["refund_id"]
    refund = find_refund(refund_id)
    if refund is not None:
        _tell_of(refund.order_id, Kind.STAFF_REFUND, f"back:{refund_id}")
    failed = find_failed_refund(refund_id)
    if failed is not None:
        _tell_of(failed, Kind.STAFF_REFUND_FAILED, f"not_back:{refund_id}", by_mail=True)


def staff_charge_failed(payload: dict[str, Any]) -> None:
    """Leaders hear of a subscription that could not be charged, once for each period."""
    order = find_noticed_orders([payload["order_id"]]).get(payload["order_id"])
    if order is not None and order.status == "past_due":
        key = f"missed:{payload['order_id']}:{order.payments}"
        _tell_of(payload["order_id"], Kind.STAFF_CHARGE_FAILED, key, by_mail=True)


def staff_dispute_moved(payload: dict[str, Any]) -> None:
    """Leaders hear of a dispute, until when to answer it, and how it ended."""
    found = find_dispute(payload["payment_id"])
    kind = DISPUTES.get(found[1]) if found else None
    if found and kind is not None:
        _tell_of(found[0], kind, f"{kind}:{payload['payment_id']}", by_mail=True)


def _tell_of(order_id: int, kind: Kind, key: str, *, by_mail: bool = False) -> None:
    order = find_noticed_orders([order_id]).get(order_id)
    if order is not None:
        buyer = None if order.kind == "question" else order.user_id
        _tell(
            About(order.planet_id, person_id=buyer, order_id=order_id), kind, key, by_mail=by_mail
        )


def _tell(about: About, kind: Kind, key: str, *, by_mail: bool = False) -> None:
    for user_id in list_leader_ids(about.planet_id):
        if user_id != about.person_id:
            tell(user_id, kind, about=about, dedupe_key=f"staff:{key}"[:100], by_mail=by_mail)


HANDLERS = {
    MembershipStarted: staff_member_started,
    events.PaymentArrived: staff_payment_arrived,
    events.RefundSettled: staff_refund_settled,
    events.ChargeFailed: staff_charge_failed,
    events.DisputeMoved: staff_dispute_moved,
}
