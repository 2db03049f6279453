"""Moving a database to another kind of money (docs/operations.md, "Payments"): an operator's deed, while
nobody else is at work.

What was bought in play ends visibly, in its own story; people, planets, plans and words stay. What was paid
by transfer was paid in earnest: from `none` to `live` it goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from app.billing.actions.installation import choose
from app.billing.actions.orders import change, release
from app.billing.models import (
    CodeBatch,
    Customer,
    Installation,
    Order,
    ProviderCursor,
    Subscription,
    WebhookEvent,
)
from app.billing.states import FINAL, HOLDS, OrderState
from app.kernel import audit, clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.memberships.models import Entitlement, Membership
from app.memberships.resettling import settle_planet
from app.memberships.settling import deal_in
from app.outbox.pulse import is_at_work


@dataclass(frozen=True, slots=True)
class Move:
    """What a move comes to. `goes_on`: what was bought stays; else the counts are of what ends: orders that
    wait for money, orders that are settled, subscriptions, stretches of access, people who hold them, and
    batches of codes."""

    before: str
    to: str
    goes_on: bool
    waiting: int
    settled: int
    subscriptions: int
    entitlements: int
    people: int
    codes: int


def preview_move(to: str) -> Move:
    """Return what moving to this environment would do. Conflict: `same`, `live` (which never goes back),
    `working` while a worker is heard."""
    before = choose(to)
    if before in (to, "live"):
        raise Conflict("same" if before == to else "live")
    if is_at_work():
        raise Conflict("working")
    waits = Order.state.in_([state.value for state in HOLDS])
    access = (Entitlement.environment == before, Entitlement.revoked_at.is_(None))
    people = select(func.count(Entitlement.membership_id.distinct())).where(*access)
    return Move(
        before=before,
        to=to,
        goes_on=(before, to) == ("none", "live"),
        waiting=_count(Order.id, Order.environment == before, waits),
        settled=_count(Order.id, Order.environment == before, ~waits),
        subscriptions=_count(Subscription.id, *_running(before)),
        entitlements=_count(Entitlement.id, *access),
        people=db.session.scalar(people) or 0,
        codes=_count(CodeBatch.id, CodeBatch.environment == before, CodeBatch.revoked_at.is_(None)),
    )


def move_to(to: str) -> Move:
    """Move, whole or not at all; returns what was done. Conflict as of `preview_move`."""
    move = preview_move(to)
    with unit_of_work() as session:
        # Whoever settles from here on counts the new kind of money.
        deal_in(to)
        if move.goes_on:
            _take_along(move)
        else:
            _end(move)
        row = session.get_one(Installation, 1)
        row.environment, row.chosen_at = to, clock.now()
        audit.record(
            "payments.moved",
            actor_id=None,
            planet_id=None,
            subject=("installation", 1),
            before=move.before,
            to=to,
            orders=move.waiting + move.settled,
            people=move.people,
        )
    return move


def _take_along(move: Move) -> None:
    for rows in (Order, Entitlement, CodeBatch, Customer):
        _write(rows, rows.environment == move.before, environment=move.to)


def _end(move: Move) -> None:
    """End what was bought in the environment before. What is paid is not given back: nothing was."""
    moment = clock.now()
    for order in db.session.scalars(select(Order).where(Order.environment == move.before)):
        if OrderState(order.state) in HOLDS:
            order.state, order.closed_at = OrderState.EXPIRED.value, moment
            release(order)
        change(order, "job", "moved", before=move.before, to=move.to)
    _write(Subscription, *_running(move.before), status=FINAL[0], ended_at=moment, end_wanted="")
    batches = CodeBatch.environment == move.before
    _write(CodeBatch, batches, CodeBatch.revoked_at.is_(None), revoked_at=moment)
    # What the old provider had to tell, and how far it was heard.
    _write(WebhookEvent, WebhookEvent.state != "done", state="done", done_at=moment)
    db.session.execute(delete(ProviderCursor))
    held = Entitlement.environment == move.before
    planets = db.session.scalars(
        select(Membership.planet_id)
        .join(Entitlement, Entitlement.membership_id == Membership.id)
        .where(held, Entitlement.revoked_at.is_(None))
        .distinct()
    ).all()
    _write(Entitlement, held, Entitlement.revoked_at.is_(None), revoked_at=moment)
    db.session.expire_all()
    for planet_id in planets:
        settle_planet(planet_id)


def _running(environment: str) -> tuple[ColumnElement[bool], ...]:
    orders = select(Order.id).where(Order.environment == environment)
    return Subscription.order_id.in_(orders), Subscription.status.not_in(FINAL)


def _count(column: Any, *conditions: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count(column)).where(*conditions)) or 0


def _write(rows: Any, *conditions: ColumnElement[bool], **values: Any) -> None:
    statement = update(rows).where(*conditions).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))
