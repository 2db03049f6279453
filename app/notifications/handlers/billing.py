"""Notices of buying, and of the time that was bought."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete

from app.accounts.queries import Recipient, find_recipient, find_recipient_by_email
from app.billing import events
from app.billing.actions.comps import find_open_offer
from app.billing.models import Order
from app.billing.queries.noticed import (
    Moved,
    NoticedOrder,
    NoticedReminder,
    find_noticed_orders,
    find_noticed_reminders,
    find_payment,
    find_refund,
    find_renewal,
)
from app.billing.queries.receipts import find_receipt
from app.billing.queries.transfers import find_decline_of
from app.billing.queries.trials import find_trial
from app.billing.queries.wishes import find_wish
from app.billing.remaining import read_remaining
from app.kernel.db import db
from app.memberships.events import JoinApproved, MembershipStarted
from app.memberships.queries import actor_of, find_member_ids, find_own, list_staff_ids
from app.notifications.covered import say_covered
from app.notifications.kinds import REMINDERS, Kind
from app.notifications.letters import access_offer
from app.notifications.models import Notification
from app.notifications.notices import About, Extra, More, tell
from app.notifications.post import post
from app.notifications.receipts import receipt, trial_line
from app.notifications.speech import say_amount, say_day, speak
from app.planets.models import Planet
from app.policy import Grace, grace_of


def seat_offered(payload: dict[str, Any]) -> None:
    """Who waits for a seat is told that one is free; whoever is faster gets it."""
    wish = find_wish(payload["wish_id"])
    if wish is None or wish.told_at is None:
        return
    key = f"seat:{payload['wish_id']}:{wish.told_at:%Y%m%d%H%M%S%f}"
    tell(wish.user_id, Kind.SEAT_FREE, about=About(planet_id=wish.planet_id), dedupe_key=key)


def transfer_stated(payload: dict[str, Any]) -> None:
    """Who may approve a transfer is told that one is to be looked for."""
    order_id = payload["order_id"]
    order = find_noticed_orders([order_id]).get(order_id)
    if order is None:
        return
    about = About(order.planet_id, order_id=order_id)
    for user_id in list_staff_ids(order.planet_id):
        tell(
            user_id,
            Kind.TRANSFER_STATED,
            about=about,
            dedupe_key=f"transfer:{order_id}",
            more=partial(_which_order, order),
        )


def access_offered(payload: dict[str, Any]) -> None:
    """The address gets the way to what is offered; nobody else learns whether it has an account."""
    offer = find_open_offer(payload["offer_id"])
    if offer is None:
        return
    holder = find_recipient_by_email(offer.email)
    planet = db.session.get_one(Planet, offer.planet_id)
    # Who has no account yet is most likely written to best in the planet's language.
    spoken = holder.language if holder else planet.language
    letter = access_offer(spoken, planet=planet.name, slug=planet.slug)
    post(letter, to=offer.email, language=spoken, dedupe_key=f"comp_offer:{offer.id}")


def receipt_asked(payload: dict[str, Any]) -> None:
    """The buyer gets his receipt by mail."""
    bought = find_receipt(payload["order_id"])
    buyer = find_recipient(bought.user_id) if bought else None
    if bought is None or buyer is None:
        return
    post(
        receipt(buyer.language, buyer.timezone, name=buyer.name, bought=bought),
        to=buyer.email,
        language=buyer.language,
        dedupe_key=f"receipt:{payload['order_id']}:{payload['token']}"[:120],
        user_id=buyer.user_id,
    )


def join_approved(payload: dict[str, Any]) -> None:
    """Who was let in where membership is bought is told to choose one."""
    member = find_member_ids(payload["membership_id"])
    if member is not None and member.approved_at is not None:
        key = f"may_buy:{payload['membership_id']}:{member.approved_at:%Y%m%d%H%M%S%f}"
        tell(member.user_id, Kind.MAY_BUY, about=About(member.planet_id), dedupe_key=key)


def term_reminded(payload: dict[str, Any]) -> None:
    """A member hears that his time ends or has ended, and what it costs to go on."""
    reminder_id = payload["reminder_id"]
    reminder = find_noticed_reminders([reminder_id]).get(reminder_id)
    if reminder is None:
        return
    # One word about an end is enough: the newer one takes the older one's place.
    _forget_reminders(reminder.user_id, reminder.planet_id)
    tell(
        reminder.user_id,
        Kind.TERM_ENDS if reminder.days > 0 else Kind.TERM_ENDED,
        about=About(reminder.planet_id, reminder_id=reminder_id),
        dedupe_key=f"term:{reminder_id}",
        more=partial(_how_to_go_on, reminder),
    )


def time_granted(payload: dict[str, Any]) -> None:
    """Who got more time needs no word about the end that he had."""
    member = find_member_ids(payload["membership_id"])
    if member is not None:
        _forget_reminders(member.user_id, member.planet_id)


def payment_arrived(payload: dict[str, Any]) -> None:
    """The buyer gets his receipt."""
    payment = find_payment(payload["payment_id"])
    if payment is not None:
        key = f"paid:{payload['payment_id']}"
        _tell_of(payment.order_id, Kind.PAYMENT_ARRIVED, key, partial(_what_moved, payment))


def refund_settled(payload: dict[str, Any]) -> None:
    """The buyer is told what was given back."""
    refund = find_refund(payload["refund_id"])
    if refund is not None:
        key = f"refunded:{payload['refund_id']}"
        _tell_of(refund.order_id, Kind.REFUND_DONE, key, partial(_what_went_back, refund))


def charge_failed(payload: dict[str, Any]) -> None:
    """A subscriber is told that his charge failed, once for each period."""
    order_id = payload["order_id"]
    order = find_noticed_orders([order_id]).get(order_id)
    if order is not None and order.status == "past_due":
        _tell_of(order_id, Kind.CHARGE_FAILED, f"due:{order_id}:{order.payments}", _try_again)


def order_settled(payload: dict[str, Any]) -> None:
    """The buyer is told what he would not see coming: a payment that failed, a dispute, and what a free
    trial costs afterwards."""
    kinds = {
        "failed": Kind.PAYMENT_FAILED,
        "disputed": Kind.PAYMENT_DISPUTED,
        "charged_back": Kind.DISPUTE_LOST,
    }
    order_id = payload["order_id"]
    if payload["state"] == "paid" and find_trial(db.session.get_one(Order, order_id)):
        key = f"order:{order_id}:{Kind.TRIAL_BEGAN}"
        _tell_of(order_id, Kind.TRIAL_BEGAN, key, partial(_what_comes, order_id))
    kind = kinds.get(payload["state"])
    if kind is not None:
        _tell_of(order_id, kind, f"order:{order_id}:{kind}", partial(_what_failed, order_id))


def _tell_of(order_id: int, kind: Kind, key: str, more: More | None = None) -> None:
    order = find_noticed_orders([order_id]).get(order_id)
    if order is None:
        return
    about = About(order.planet_id, order_id=order_id)
    extra = more or partial(_which_order, order)
    tell(order.user_id, kind, about=about, dedupe_key=key, more=extra)


def _forget_reminders(user_id: int, planet_id: int) -> None:
    db.session.execute(
        delete(Notification).where(
            Notification.user_id == user_id,
            Notification.planet_id == planet_id,
            Notification.kind.in_(REMINDERS),
        )
    )


def _how_to_go_on(reminder: NoticedReminder, recipient: Recipient) -> Extra:
    """The price of going on now, and the last day of grace."""
    _ = speak(recipient.language)
    entry = actor_of(reminder.user_id, reminder.planet_id)
    if entry is None:
        return Extra()
    planet, actor = entry
    lines = []
    own = find_own(actor)
    grace = grace_of(Grace(own.grace), planet.grace) if own else timedelta()
    if reminder.days < 0 and grace and actor.inside:
        day = say_day(
            reminder.ends_at + grace - timedelta(microseconds=1),
            language=recipient.language,
            timezone=recipient.timezone,
        )
        lines.append(_("Until %(day)s you can still read and take part.", day=day))
    asked = find_renewal(planet, actor)
    if asked is not None:
        price = say_amount(asked.amount, asked.currency, language=recipient.language)
        lines.append(
            _("To go on costs %(price)s now: %(plan)s.", price=price, plan=asked.version.name)
        )
    return Extra(tuple(lines))


def _what_moved(moved: Moved, recipient: Recipient) -> Extra:
    """The amount, the order's number, and the provider's receipt."""
    _ = speak(recipient.language)
    order = find_noticed_orders([moved.order_id])[moved.order_id]
    amount = say_amount(moved.amount, moved.currency, language=recipient.language)
    page = moved.receipt_url
    return Extra(
        (f"{order.title}: {amount}", _("Order number: %(number)s", number=order.public_id)),
        (_("Receipt: %(link)s", link=page),) if page else (),
    )


def _what_comes(order_id: int, recipient: Recipient) -> Extra:
    """The order of a trial: until when it is free, what is charged then, and how to stop."""
    which = _which_order(find_noticed_orders([order_id])[order_id], recipient)
    trial = find_trial(db.session.get_one(Order, order_id))
    said = trial_line(trial, recipient.language, recipient.timezone) if trial else ""
    return Extra((*which.lines, said)) if said else which


def _what_went_back(moved: Moved, recipient: Recipient) -> Extra:
    """The amount, and what remains of the access."""
    said = _what_moved(moved, recipient)
    return Extra((*said.lines, *_access(moved.order_id, recipient)), said.after)


def _access(order_id: int, recipient: Recipient) -> tuple[str, ...]:
    """How the buyer's access stands, where the order is about it."""
    order = find_noticed_orders([order_id])[order_id]
    if order.kind != "membership":
        return ()
    covered = read_remaining(order.planet_id, order.user_id)
    said = say_covered(
        speak(recipient.language),
        covered,
        day=say_day(
            covered.until - timedelta(microseconds=1),
            language=recipient.language,
            timezone=recipient.timezone,
        )
        if covered.until
        else "",
    )
    return (said,) if said else ()


def _which_order(order: NoticedOrder, recipient: Recipient) -> Extra:
    _ = speak(recipient.language)
    return Extra((order.title, _("Order number: %(number)s", number=order.public_id)))


def _what_failed(order_id: int, recipient: Recipient) -> Extra:
    """The order, and why staff declined its transfer."""
    _ = speak(recipient.language)
    which = _which_order(find_noticed_orders([order_id])[order_id], recipient)
    reason = find_decline_of(order_id)
    said = (_("Staff write: %(reason)s", reason=reason),) if reason else ()
    return Extra((*which.lines, *said, *_access(order_id, recipient)))


def _try_again(recipient: Recipient) -> Extra:
    _ = speak(recipient.language)
    return Extra(
        (
            _(
                "It is tried again in the next days. Please look after your card, or your access ends."
            ),
        )
    )


HANDLERS = {
    events.SeatOffered: seat_offered,
    events.TransferStated: transfer_stated,
    events.AccessOffered: access_offered,
    events.ReceiptAsked: receipt_asked,
    events.TermReminded: term_reminded,
    events.PaymentArrived: payment_arrived,
    events.RefundSettled: refund_settled,
    events.ChargeFailed: charge_failed,
    events.OrderSettled: order_settled,
    JoinApproved: join_approved,
    MembershipStarted: time_granted,
}
