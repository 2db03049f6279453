"""Transfers by hand: the buyer states that he has paid, staff approve or decline with one click.

What is said here is kept by the gateway `transfer`; the order follows by the same `sync` as any other.
"""

from __future__ import annotations

from app.billing.actions.codes import clean_reason
from app.billing.actions.orders import change
from app.billing.actions.sync import sync
from app.billing.events import TransferStated
from app.billing.models import Order, Transfer
from app.billing.transfer_gateway import lock_transfer
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.text import tidy
from app.memberships.rows import lock_here, person_of, planet_of
from app.outbox.events import put
from app.planets.models import Planet
from app.policy import Action, Actor, OrderFacts
from app.policy.gate import require

NOTE_MAX = 2_000
MEMO_MAX = 200


def write_transfer_note(actor: Actor, *, note: str) -> None:
    """Say how one pays the planet by transfer; empty: it is not offered. Invalid("note", "too_long")."""
    require(actor, Action.PLANS_EDIT)
    note = tidy(note)
    if len(note) > NOTE_MAX:
        raise Invalid("note", "too_long", high=NOTE_MAX)
    planet = db.session.get_one(Planet, planet_of(actor), with_for_update=True)
    if planet.transfer_note == note:
        return
    record(
        "transfer.note",
        actor_id=actor.user_id,
        planet_id=planet.id,
        subject=("planet", planet.id),
        # The words hold somebody's bank account and name: the trail says only that they changed.
        given=bool(note),
    )
    planet.transfer_note = note


def state_transfer(actor: Actor, *, order_id: str, memo: str) -> Order:
    """Say, as the buyer, that one has transferred, and by which reference it is found.

    Opens units of work of its own. Invalid("memo", …); NotFound for others' orders; Conflict when it
    was decided or closed meanwhile. Said again it corrects the reference.
    """
    memo = tidy(memo)
    if not memo:
        raise Invalid("memo", "required")
    if len(memo) > MEMO_MAX:
        raise Invalid("memo", "too_long", high=MEMO_MAX)
    with unit_of_work():
        order, row = _lock(actor, order_id)
        if order.user_id != person_of(actor):
            raise NotFound
        if row.state not in ("open", "stated"):
            raise Conflict("transfer")
        if row.state == "open":
            put(TransferStated(order_id=order.id))
        row.state = "stated"
        order.memo = memo
        change(order, "buyer", "transfer_stated", memo=memo)
    return sync(order.id, cause="buyer")


def approve_transfer(actor: Actor, *, order_id: str) -> Order:
    """Say, as staff, that the money is there: the order is paid like any other. Twice is once.

    Opens units of work of its own. Refused by the policy; Conflict when it was declined or closed.
    """
    return _decide(actor, order_id, "paid", reason="")


def decline_transfer(actor: Actor, *, order_id: str, reason: str) -> Order:
    """Say, as staff, that the money did not come; the buyer reads why. Conflict when it was paid."""
    return _decide(actor, order_id, "declined", reason=clean_reason(reason))


def _decide(actor: Actor, order_id: str, state: str, *, reason: str) -> Order:
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    with unit_of_work():
        order, row = _lock(actor, order_id)
        require(actor, Action.ORDER_DECIDE, OrderFacts(order.user_id))
        if row.state not in ("open", "stated", state):
            raise Conflict("transfer")
        if row.state != state:
            row.state, row.reason = state, reason
            row.decided_at, row.decided_by = clock.now(), actor.user_id
            record(
                f"transfer.{state}",
                actor_id=actor.user_id,
                planet_id=order.planet_id,
                subject=("order", order.id),
                reason=reason,
                name=order.public_id,
                amount=order.amount,
                currency=order.currency,
            )
    return sync(order.id, cause="staff")


def _lock(actor: Actor, order_id: str) -> tuple[Order, Transfer]:
    """Return a transfer's order in the actor's planet, and what its gateway knows, both locked."""
    order = lock_here(Order, actor, order_id, Order.gateway == "transfer")
    if order.provider_ref is None:
        raise NotFound
    return order, lock_transfer(order.provider_ref)
