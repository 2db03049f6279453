"""Orders of questions: placed before the question is asked, settled once when its fate is known.

What a question is and when it is asked is the discussion's; here are its order and its money.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update

from app.billing.actions.asking import RefundWish, ask_refund, list_payments, refundable
from app.billing.actions.checkout import Ways, close_page, lead, write_wish
from app.billing.actions.orders import change
from app.billing.gateway import gateways
from app.billing.ledger import book_order
from app.billing.models import Order, PaidQuestion
from app.billing.states import HOLDS, OrderState
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Refused
from app.memberships.rows import make_row, person_of, planet_of
from app.planets.queries import PlanetView
from app.policy import Action, Actor, Reason
from app.policy.gate import require

# Whose money can still go back: what is disputed is the bank's to decide.
_GIVES_BACK = (OrderState.PAID, OrderState.PARTIALLY_REFUNDED)


@dataclass(frozen=True, slots=True)
class QuestionSale:
    """A question that is to be paid for. `key` is its draft's id, `words` what was written."""

    key: str
    title: str
    addressee_id: int
    amount: int
    currency: str
    words: dict[str, Any]


def begin_question(actor: Actor, planet: PlanetView, sale: QuestionSale, ways: Ways) -> Order:
    """Place the order of a question and open its checkout; returns it with `provider_url` filled.

    The same question again is the same page, as long as that is open: its price holds, and the words
    are those of the last click. Put to somebody else, the page before is closed. Refused by the policy
    and while the planet is paused; Conflict("paid") when it is paid already, GatewayError as `begin`.
    """
    for _attempt in range(3):
        order, other = _place(actor, planet, sale, ways)
        for order_id in other:
            close_page(order_id)
        if order is not None and (opened := lead(order)) is not None:
            return opened
    raise Conflict("another")


def _place(
    actor: Actor, planet: PlanetView, sale: QuestionSale, ways: Ways
) -> tuple[Order | None, list[int]]:
    """Return the order to be paid, or the orders of the same words to others: they are closed first."""
    with unit_of_work():
        # One after the other for one person: two tabs buy once.
        make_row(planet_of(actor), person_of(actor))
        _require(actor)
        held = _list_held(actor, sale.key)
        other = [order.id for order, paid in held if paid.addressee_id != sale.addressee_id]
        if other:
            return None, other
        return _hold(held[0], sale) if held else _write(actor, planet, sale, ways), []


def _require(actor: Actor) -> None:
    require(actor, Action.QUESTION_ASK)
    if actor.planet is not None and actor.planet.paused:
        raise Refused(Reason.PAUSED)


def _list_held(actor: Actor, key: str) -> list[tuple[Order, PaidQuestion]]:
    """Return the person's orders of this question that are neither closed nor settled."""
    rows = db.session.execute(
        select(Order, PaidQuestion)
        .join(PaidQuestion, PaidQuestion.order_id == Order.id)
        .where(
            PaidQuestion.key == key,
            PaidQuestion.asker_id == person_of(actor),
            PaidQuestion.settled_at.is_(None),
            Order.planet_id == planet_of(actor),
            Order.state.in_([state.value for state in (*HOLDS, *_GIVES_BACK)]),
        )
        .order_by(Order.id)
    )
    return [(order, paid) for order, paid in rows]


def _hold(held: tuple[Order, PaidQuestion], sale: QuestionSale) -> Order:
    order, paid = held
    if order.state != OrderState.OPEN:
        raise Conflict("paid")
    paid.words = sale.words
    return order


def _write(actor: Actor, planet: PlanetView, sale: QuestionSale, ways: Ways) -> Order:
    order = Order(
        planet_id=planet.id,
        user_id=person_of(actor),
        kind="question",
        gateway=gateways.default,
        environment=gateways.environment,
        title=sale.title[:200],
        amount=sale.amount,
        list_amount=sale.amount,
        currency=sale.currency,
        created_at=clock.now(),
    )
    db.session.add(order)
    db.session.flush()
    db.session.add(
        PaidQuestion(
            order_id=order.id,
            key=sale.key,
            addressee_id=sale.addressee_id,
            asker_id=order.user_id,
            words=sale.words,
        )
    )
    write_wish(order, replace(ways, cancel=ways.cancel.replace("{key}", sale.key)))
    change(order, "checkout", "placed", amount=order.amount, currency=order.currency)
    return order


# --- settling ------------------------------------------------------------------------------------


def lock_paid(order_id: int) -> PaidQuestion | None:
    """Return the question of an order, locked until the unit of work ends; None when it has none."""
    return db.session.get(PaidQuestion, order_id, with_for_update=True, populate_existing=True)


def earn(order_id: int, *, answerer_id: int) -> None:
    """Settle a question that was answered: the money is earned, and with it the answerer's share."""
    if _settle(order_id, "answered", addressee_id=answerer_id):
        book_order(db.session.get_one(Order, order_id))


def give_back(order_id: int, *, outcome: str) -> None:
    """Settle a question that gets no answer: all of its money goes back, once however often asked.

    In the caller's unit of work: the settling, the refund's row and the event that sends it stand or
    fall together. While the bank decides a dispute nothing happens: the next try comes.
    """
    order = db.session.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    if order.state == OrderState.DISPUTED or not _settle(order_id, outcome):
        return
    if order.state not in _GIVES_BACK:
        return
    for payment in list_payments(order_id):
        left = refundable(payment)
        if left > 0:
            token = f"question-{order.public_id}-{payment.id}"
            wish = RefundWish(amount=left, ends="now", reason=outcome, token=token)
            ask_refund(order, payment, wish, cause="job")


def close(order_id: int) -> None:
    """Settle a question whose money went back by another way."""
    _settle(order_id, "returned")


def _settle(order_id: int, outcome: str, **values: Any) -> bool:
    """Settle a question; tells whether this call did it. A conditional UPDATE decides."""
    done = db.session.execute(
        update(PaidQuestion)
        .where(PaidQuestion.order_id == order_id, PaidQuestion.settled_at.is_(None))
        .values(settled_at=clock.now(), outcome=outcome, **values)
        .returning(PaidQuestion.order_id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar() is not None
