"""A guest whose questions cost, and people who put some to him."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.billing.actions.checkout import Ways
from app.billing.actions.question_prices import set_price
from app.billing.models import Order, PaidQuestion, Refund
from app.discussion.actions.drafts import DraftSave, Hold
from app.discussion.actions.paid_questions import Purse, buy_question, find_fee, wish_of
from app.discussion.actions.questions import compose_question
from app.discussion.models import Question, Topic
from app.kernel.db import db, unit_of_work
from app.kernel.ids import new_public_id
from tests.billing.buying import do, work
from tests.cast import Cast
from tests.discussion.threads import member_id

WAYS = Ways("http://planet.test/done/{order}", "http://planet.test/ask?draft={key}", "zh_Hans")
PRICE = 4_900


def cost(cast: Cast, amount: int = PRICE, *, free: int = 0, of: str = "guest") -> None:
    """Let questions to a persona cost: 49 yuan unless told otherwise."""
    with unit_of_work():
        set_price(
            cast.actor(of),
            member=member_id(cast, of),
            amount=amount,
            currency="CNY",
            free_per_week=free,
        )


def go_to_pay(
    cast: Cast, persona: str = "member", text: str = "为何？", to: str = "guest", **more: Any
) -> Order:
    """Let a persona write a question that costs, and click; returns the order, its page open."""
    planet, actor = cast.entry(persona)
    key = more.pop("key", "") or new_public_id()
    words = {
        "text": text,
        "addressee": member_id(cast, to),
        "anonymous": False,
        "private": False,
        "attachments": [],
        **more,
    }
    save = DraftSave(key=key, purpose="question", fields=words, hold=Hold("tab", 0))
    question = compose_question(actor, planet=planet, wish=wish_of(words), key=key)
    fee = find_fee(actor, planet, words["addressee"])
    assert fee is not None
    order = buy_question(actor, planet, question, fee, Purse(save, "轨道 · 提问", WAYS))
    assert isinstance(order, Order)
    return order


def ask_paid(cast: Cast, persona: str = "member", text: str = "为何？", **more: Any) -> Order:
    """Let a persona ask and pay, and the worker do its part."""
    order = do(go_to_pay(cast, persona, text, **more), "pay")
    work()
    return order


def bought(order: Order) -> PaidQuestion:
    """Return the question behind an order as it is on disk."""
    db.session.rollback()
    return db.session.get_one(PaidQuestion, order.id, populate_existing=True)


def topic_of(order: Order) -> str:
    """Return the public id of the topic that was asked from an order."""
    found = db.session.scalar(sa.select(Topic.public_id).where(Topic.id == bought(order).topic_id))
    assert found is not None
    return found


def state_of(order: Order) -> str:
    """Return an order's state as it is on disk."""
    db.session.rollback()
    return db.session.get_one(Order, order.id, populate_existing=True).state


def count_questions() -> int:
    """Return how many questions there are."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(Question)) or 0


def refunds(order: Order) -> list[tuple[str, int, str]]:
    """Return reason, amount and state of each refund of an order."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(Refund).where(Refund.order_id == order.id))
    return [(row.reason, row.amount, row.state) for row in rows]
