"""Notices of buying, and of the time that was bought."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from app.accounts.queries import find_recipient, find_recipient_by_email
from app.billing import events
from app.billing.actions.comps import find_open_offer
from app.billing.models import Order
from app.billing.queries.noticed import (
    find_noticed_orders,
    find_noticed_reminders,
    find_payment,
    find_refund,
)
from app.billing.queries.receipts import find_receipt
from app.billing.queries.trials import find_trial
from app.billing.queries.wishes import find_wish
from app.kernel.db import db
from app.memberships.events import JoinApproved, MembershipStarted
from app.memberships.queries import find_member_ids, list_staff_ids
from app.notifications.extras import Adds, More
from app.notifications.grounds import Basis, Ground
from app.notifications.kinds import REMINDERS, Kind
from app.notifications.letters import access_offer
from app.notifications.models import Notification
from app.notifications.notices import About, tell
from app.notifications.post import post
from app.notifications.receipts import receipt
from app.notifications.strangers import count_letter
from app.planets.models import Planet


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
            more=More(Adds.ORDER, order_id),
        )


def access_offered(payload: dict[str, Any]) -> None:
    """The address gets the way to what is offered; nobody else learns whether it has an account."""
    offer = find_open_offer(payload["offer_id"])
    if offer is None:
        return
    if not count_letter(planet_id=offer.planet_id, writer_id=offer.created_by, to=offer.email):
        return
    holder = find_recipient_by_email(offer.email)
    planet = db.session.get_one(Planet, offer.planet_id)
    # Who has no account yet is most likely written to best in the planet's language.
    spoken = holder.language if holder else planet.language
    letter = access_offer(spoken, planet=planet.name, slug=planet.slug)
    post(
        letter,
        to=offer.email,
        language=spoken,
        dedupe_key=f"comp_offer:{offer.id}",
        ground=Ground(Basis.OFFER, offer.id),
    )


def receipt_asked(payload: dict[str, Any]) -> None:
    """The buyer gets his receipt by mail."""
    bought = find_receipt(payload["order_id"])
    buyer = find_recipient(bought.user_id) if bought else None
    if bought is None or buyer is None:
        return
    post(
        receipt(buyer, bought),
        to=buyer.email,
        language=buyer.language,
        dedupe_key=f"receipt:{payload['order_id']}:{payload['token']}"[:120],
        ground=Ground(Basis.RECEIPT, payload["order_id"]),
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
        more=More(Adds.TERM, reminder_id),
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
        _tell_of(
            payment.order_id, Kind.PAYMENT_ARRIVED, key, More(Adds.PAYMENT, payload["payment_id"])
        )


def refund_settled(payload: dict[str, Any]) -> None:
    """The buyer is told what was given back."""
    refund = find_refund(payload["refund_id"])
    if refund is not None:
        key = f"refunded:{payload['refund_id']}"
        _tell_of(refund.order_id, Kind.REFUND_DONE, key, More(Adds.REFUND, payload["refund_id"]))


def charge_failed(payload: dict[str, Any]) -> None:
    """A subscriber is told that his charge failed, once for each period."""
    order_id = payload["order_id"]
    order = find_noticed_orders([order_id]).get(order_id)
    if order is not None and order.status == "past_due":
        _tell_of(
            order_id,
            Kind.CHARGE_FAILED,
            f"due:{order_id}:{order.payments}",
            More(Adds.CHARGE, order_id),
        )


def subscription_needless(payload: dict[str, Any]) -> None:
    """Who has a role that costs nothing is told that their subscription ends."""
    order_id = payload["order_id"]
    order = find_noticed_orders([order_id]).get(order_id)
    if order is not None:
        key = f"needless:{order_id}:{order.payments}"
        _tell_of(order_id, Kind.SUBSCRIPTION_NEEDLESS, key, More(Adds.NEEDLESS, order_id))


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
        _tell_of(order_id, Kind.TRIAL_BEGAN, key, More(Adds.TRIAL, order_id))
    kind = kinds.get(payload["state"])
    if kind is not None:
        _tell_of(order_id, kind, f"order:{order_id}:{kind}", More(Adds.FAILURE, order_id))


def _tell_of(order_id: int, kind: Kind, key: str, more: More | None = None) -> None:
    order = find_noticed_orders([order_id]).get(order_id)
    if order is None:
        return
    about = About(order.planet_id, order_id=order_id)
    extra = more or More(Adds.ORDER, order_id)
    tell(order.user_id, kind, about=about, dedupe_key=key, more=extra)


def _forget_reminders(user_id: int, planet_id: int) -> None:
    db.session.execute(
        delete(Notification).where(
            Notification.user_id == user_id,
            Notification.planet_id == planet_id,
            Notification.kind.in_(REMINDERS),
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
    events.SubscriptionNeedless: subscription_needless,
    events.OrderSettled: order_settled,
    JoinApproved: join_approved,
    MembershipStarted: time_granted,
}
