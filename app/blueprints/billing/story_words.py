"""What the lines of a member's timeline are called, and where access comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from app.billing.queries.timeline import Happening
from app.billing.states import OrderState
from app.blueprints.billing.words import STATE_NAMES
from app.blueprints.language import local_date
from app.blueprints.memberships.audit_words import ACTS
from app.blueprints.money import money

SOURCE_NAMES: dict[str, Any] = {
    "order": lazy_gettext("Bought"),
    "invoice": lazy_gettext("Subscription"),
    "code": lazy_gettext("Code"),
    "comp": lazy_gettext("Complimentary"),
    "trial": lazy_gettext("Trial"),
    "staff": lazy_gettext("Set by staff"),
    "open": lazy_gettext("Joined freely"),
    "approval": lazy_gettext("Let in"),
    "invitation": lazy_gettext("Invited"),
    "founder": lazy_gettext("Founder"),
}
# What a filter of the list calls a group of sources.
GROUP_NAMES: dict[str, Any] = {
    "paid": lazy_gettext("Bought"),
    "code": lazy_gettext("Code"),
    "comp": lazy_gettext("Complimentary"),
    "trial": lazy_gettext("Trial"),
    "staff": lazy_gettext("Set by staff"),
    "free": lazy_gettext("Without payment"),
}
CAUSE_NAMES: dict[str, Any] = {
    "checkout": lazy_gettext("by the buyer"),
    "buyer": lazy_gettext("by the buyer"),
    "return": lazy_gettext("seen when the buyer came back"),
    "webhook": lazy_gettext("told by the payment provider"),
    "job": lazy_gettext("by itself"),
    "reconcile": lazy_gettext("found by reconciliation"),
    "staff": lazy_gettext("by staff"),
}
# Why money went back by itself; what people wrote is shown as they wrote it.
REASON_NAMES: dict[str, Any] = {
    "left": lazy_gettext("it came in after the buyer had left"),
    "removed": lazy_gettext("it came in after the buyer had been removed"),
    "closed": lazy_gettext("it came in after the buyer had closed the account"),
    "ended": lazy_gettext("it was charged after the subscription was to end"),
    "double": lazy_gettext("it was paid twice"),
    "late": lazy_gettext("there was no answer in time"),
    "declined": lazy_gettext("the question was declined"),
    "withdrawn": lazy_gettext("the question was withdrawn"),
    "deleted": lazy_gettext("the question was deleted before an answer"),
    "not_asked": lazy_gettext("the question could not be asked any more"),
}
_PLAIN: dict[str, Any] = {
    "member.joined": lazy_gettext("Became a member"),
    "member.requested": lazy_gettext("Asked to join"),
    "member.approved": lazy_gettext("May buy a membership"),
    "member.left": lazy_gettext("Left the planet"),
    "member.removed": lazy_gettext("Was removed"),
    "order.opened": lazy_gettext("Went to the payment page"),
    "order.cancelled": lazy_gettext("Cancelled the subscription"),
    "order.resumed": lazy_gettext("Took the cancellation back"),
    "order.end_asked_now": lazy_gettext("The subscription is to end at once"),
    "order.end_asked_at_end": lazy_gettext("The subscription is to end with what is paid"),
    "order.charges_held": lazy_gettext("The planet is paused: nothing is charged"),
    "order.charged_in_pause": lazy_gettext(
        "A payment came while the planet was paused: its time waits"
    ),
    "order.charges_released": lazy_gettext("The planet goes on: charges go on"),
    "order.transfer_stated": lazy_gettext("Said that the transfer was made"),
    "order.moved": lazy_gettext(
        "The site moved to another kind of payments: what was bought before ended"
    ),
    "order.receipt_sent": lazy_gettext("The receipt was sent again"),
    "subscription.ended": lazy_gettext("The subscription ended"),
    "offer.taken": lazy_gettext("Took up complimentary access"),
    "access.suspended": lazy_gettext("Access suspended"),
    "access.revoked": lazy_gettext("Access revoked"),
}
# What people were told (notifications.kinds), of all but conversations and the reminders.
NOTICES: dict[str, Any] = {
    "seat_free": lazy_gettext("Told that a seat is free"),
    "transfer_stated": lazy_gettext("Told of a transfer to look for"),
    "join_approved": lazy_gettext("Told: welcome"),
    "join_declined": lazy_gettext("Told: the request was declined"),
    "role_changed": lazy_gettext("Told of the new role"),
    "invited": lazy_gettext("Told of an invitation"),
    "join_requested": lazy_gettext("Told of a request to join"),
    "may_buy": lazy_gettext("Told: a membership can be bought"),
    "trial_began": lazy_gettext("Told what the free trial costs afterwards"),
    "payment_arrived": lazy_gettext("Told that the payment arrived"),
    "payment_failed": lazy_gettext("Told that the payment failed"),
    "charge_failed": lazy_gettext("Told that the charge failed"),
    "subscription_needless": lazy_gettext("Told that the subscription ends because of the role"),
    "refund_done": lazy_gettext("Told of the refund"),
    "payment_disputed": lazy_gettext("Told of the dispute"),
    "dispute_lost": lazy_gettext("Told that the dispute is lost"),
    "hiding_asked": lazy_gettext("Told of a wish to hide a question"),
    "hiding_decided": lazy_gettext("Told what became of the wish to hide a question"),
    "staff_joined": lazy_gettext("Told, as staff, of a new member"),
    "staff_first_sale": lazy_gettext("Told, as staff, of the first sale"),
    "staff_sale": lazy_gettext("Told, as staff, of a sale"),
    "staff_renewal": lazy_gettext("Told, as staff, of a renewal"),
    "staff_redeemed": lazy_gettext("Told, as staff, of a redeemed code"),
    "staff_refund": lazy_gettext("Told, as staff, of a refund"),
    "staff_refund_failed": lazy_gettext("Told, as staff, that a refund failed"),
    "staff_charge_failed": lazy_gettext("Told, as staff, that a charge failed"),
    "staff_dispute": lazy_gettext("Told, as staff, of a dispute"),
    "staff_dispute_won": lazy_gettext("Told, as staff, that a dispute was won"),
    "staff_dispute_lost": lazy_gettext("Told, as staff, that a dispute was lost"),
}
DISPUTE_NAMES: dict[str, Any] = {
    "needs_response": lazy_gettext("the bank asks for an answer"),
    "under_review": lazy_gettext("the bank decides"),
    "warning_needs_response": lazy_gettext("a question of the bank"),
    "warning_under_review": lazy_gettext("a question of the bank"),
    "warning_closed": lazy_gettext("the bank asks no more"),
    "won": lazy_gettext("the money stays"),
    "lost": lazy_gettext("the money is gone"),
}
_TONES = {
    "payment": "ok",
    "refund": "warn",
    "dispute": "error",
    "access.revoked": "error",
    "access.suspended": "warn",
    "access.cut": "warn",
    "access.granted": "ok",
    "member.removed": "error",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline: what happened, and what there is to say of it."""

    at: datetime
    what: str
    notes: tuple[str, ...] = ()
    tone: str = ""


def line_of(happening: Happening, plans: dict[str, str]) -> Line:
    """Return a happening in words. `plans`: public id -> name."""
    kind, data = happening.kind, happening.data
    notes = [str(data["title"])] if data.get("title") else []
    if data.get("cause") in CAUSE_NAMES:
        notes.append(str(CAUSE_NAMES[data["cause"]]))
    if kind.startswith("access."):
        notes += _access_notes(data, plans)
    if data.get("reason"):
        notes.append(str(gettext("Reason: %(reason)s", reason=_reason(data))))
    if kind == "notice" and data.get("mailed"):
        notes.append(str(gettext("also by e-mail")))
    return Line(happening.at, _what(kind, data), tuple(notes), _TONES.get(kind, ""))


def _reason(data: dict[str, Any]) -> str:
    """Return why: in our words where nobody wrote it."""
    words = REASON_NAMES.get(data["reason"]) if data.get("cause") == "job" else None
    return str(words if words is not None else data["reason"])


def source_name(source: str) -> str:
    """Return what the source of access is called."""
    return str(SOURCE_NAMES.get(source, source))


def _what(kind: str, data: dict[str, Any]) -> str:
    if kind in _PLAIN:
        return str(_PLAIN[kind])
    if kind.startswith("order."):
        return _order(kind.removeprefix("order."), data)
    if kind == "trail":
        act = ACTS.get(data["action"], data["action"])
        return str(
            gettext("%(who)s: %(act)s", who=data["who"] or gettext("The system"), act=_alone(act))
        )
    if kind == "notice":
        return str(NOTICES.get(data["kind"], data["kind"]))
    if kind == "access.granted":
        return str(gettext("Access: %(source)s", source=source_name(data["source"])))
    if kind == "access.cut":
        return str(gettext("Access cut: it ends on %(day)s", day=local_date(data["cut"])))
    if kind == "code.used":
        return str(gettext("Redeemed a code of “%(name)s” (…%(tail)s)", **data))
    if kind == "mail.reminder":
        return _reminder(data["days"])
    return _money(kind, data)


def _alone(act: Any) -> str:
    """Return an act of the trail without what leads to a name: this page is about one person."""
    return re.sub(r"( to| of)?[:：]?$", "", str(act))


def _order(what: str, data: dict[str, Any]) -> str:
    if what == "placed" and data.get("trial"):
        amount = _amount(data)
        return str(gettext("Ordered: a free trial, then %(amount)s", amount=amount))
    if what == OrderState.PAID and data.get("trial"):
        return str(gettext("The free trial began"))
    if what == "placed":
        return str(gettext("Ordered for %(amount)s", amount=_amount(data)))
    if what == "refund_asked":
        return str(gettext("A refund of %(amount)s was asked for", amount=_amount(data)))
    if what in set(OrderState):
        return str(gettext("Order: %(state)s", state=STATE_NAMES[OrderState(what)]))
    return what


def _money(kind: str, data: dict[str, Any]) -> str:
    amount = _amount(data)
    if kind == "payment":
        return str(gettext("Paid %(amount)s", amount=amount))
    if kind == "dispute":
        status = DISPUTE_NAMES.get(data["status"], data["status"])
        return str(
            gettext("Payment of %(amount)s disputed: %(status)s", amount=amount, status=status)
        )
    if data.get("state") == "failed":
        return str(gettext("The refund of %(amount)s failed", amount=amount))
    return str(gettext("Given back: %(amount)s", amount=amount))


def _reminder(days: int) -> str:
    if days >= 0:
        return str(
            ngettext(
                "Reminded %(num)s day before the end", "Reminded %(num)s days before the end", days
            )
        )
    return str(
        ngettext("Reminded %(num)s day after the end", "Reminded %(num)s days after the end", -days)
    )


def _access_notes(data: dict[str, Any], plans: dict[str, str]) -> list[str]:
    notes = [plans.get(data["plan"], data["plan"])] if data["plan"] else []
    since = local_date(data["since"])
    if data["until"] is not None and data["until"] <= data["since"]:
        # Cut or given back before its turn came.
        notes.append(str(gettext("it had not begun")))
    elif data["until"] is None:
        notes.append(str(gettext("from %(day)s, without end", day=since)))
    else:
        until = local_date(data["until"])
        notes.append(str(gettext("from %(since)s to %(until)s", since=since, until=until)))
    return notes


def _amount(data: dict[str, Any]) -> str:
    return money(int(data.get("amount", 0)), str(data["currency"]))
