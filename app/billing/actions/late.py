"""Money that comes in all the same: after its buyer went, or after the end was asked for (R26).

It gives back itself, alone, and lets nobody in. What was granted before is never looked at again here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.billing.actions.asking import RefundWish, ask_refund, refundable
from app.billing.actions.ending import wish_end
from app.billing.gateway import CheckoutFact
from app.billing.models import CodeBatch, Order, Payment, Refund, Subscription
from app.billing.queries.running import find_subscription
from app.kernel.db import db
from app.memberships.parted import Parted, read_parted

# Such refunds are known by their tokens: what was late once stays so, also when its buyer comes back.
_MARK = "late-"


@dataclass(frozen=True, slots=True)
class Lateness:
    """What makes money for an order come too late, and whether its buyer has only left."""

    order: Order
    parted: Parted | None
    end_asked_at: datetime | None

    def is_late(self, moment: datetime) -> bool:
        """Whether what was paid, or began, at a moment came too late."""
        if self.parted is not None and not self.parted.returns:
            return True
        since = [self.end_asked_at, self._left_at()]
        # Providers count whole seconds: in doubt the money goes back.
        return any(at is not None and moment >= at.replace(microsecond=0) for at in since)

    @property
    def reason(self) -> str:
        """Why what came too late goes back, as refunds say it: the way out, or that it had ended."""
        return self.parted.way.value if self.parted is not None else "ended"

    @property
    def waits(self) -> bool:
        """Whether what is granted waits for its buyer, who has left since they ordered it."""
        return self._left_at() is not None

    def _left_at(self) -> datetime | None:
        if self.parted is None:
            return None
        # Without the mark: what is ordered in the moment of leaving was ordered afterwards.
        before = self.order.parted_at is not None or self.order.created_at < self.parted.at
        return self.parted.at if before else None


def read_lateness(orders: Iterable[Order]) -> dict[int, Lateness]:
    """Return for each order, by its id, what makes money for it come too late."""
    rows = {order.id: order for order in orders}
    if not rows:
        return {}
    parted = read_parted({(order.planet_id, order.user_id) for order in rows.values()})
    asked: Mapping[int, datetime | None] = dict(
        db.session.execute(
            select(Subscription.order_id, Subscription.end_asked_at).where(
                Subscription.order_id.in_(rows), Subscription.end_wanted != ""
            )
        ).all()
    )
    return {
        order.id: Lateness(order, parted.get((order.planet_id, order.user_id)), asked.get(order.id))
        for order in rows.values()
    }


def known_late(charge_refs: Collection[str]) -> set[str]:
    """Return which of these charges came too late and were given back for that."""
    found = (
        select(Payment.provider_ref)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(
            Payment.provider_ref.in_(charge_refs), Refund.token.startswith(_MARK, autoescape=True)
        )
    )
    return set(db.session.scalars(found)) if charge_refs else set()


def sift_gifts(paid: Sequence[tuple[Order, CheckoutFact]]) -> list[Order]:
    """Return which gifts are to be given; what somebody paid who is gone by then goes back."""
    when = read_lateness(order for order, _fact in paid)
    made = select(CodeBatch.order_id).where(CodeBatch.order_id.in_(when))
    given = set(db.session.scalars(made)) if when else set()
    timely: list[Order] = []
    late: list[tuple[Order, str]] = []
    for order, fact in paid:
        parted = when[order.id].parted
        if order.id in given or parted is None or parted.returns:
            timely.append(order)
        else:
            late.append((order, fact.charge.ref if fact.charge else ""))
    give_back_late(late)
    return timely


def give_back_late(late: Sequence[tuple[Order, str]]) -> None:
    """Give back charges, each by itself, and end the subscriptions behind them; "" for what cost
    nothing. Asked twice it happens once."""
    payments = _payments([ref for _order, ref in late if ref])
    when = read_lateness(order for order, _ref in late) if late else {}
    for order, ref in late:
        payment = payments.get(ref)
        left = refundable(payment) if payment is not None else 0
        if payment is not None and left > 0:
            token = f"{_MARK}{ref}"[:64]
            reason = when[order.id].reason
            wish = RefundWish(amount=left, ends="now", reason=reason, token=token)
            ask_refund(order, payment, wish, cause="job")
        wish_end(order, when="now", cause="job")


def end_for_gone(orders: Iterable[Order]) -> None:
    """Ask for the end of subscriptions that became known only after their buyers had gone: with what is
    paid for who left, now for the others."""
    for lateness in read_lateness(orders).values():
        gone = lateness.parted is not None and (lateness.waits or not lateness.parted.returns)
        row = find_subscription(lateness.order.id) if gone else None
        if row is None or row.end_wanted:
            continue
        returns = lateness.parted is not None and lateness.parted.returns
        if not (returns and (row.cancel_at_period_end or row.cancel_at is not None)):
            wish_end(lateness.order, when="at_end" if returns else "now", cause="job")


def _payments(refs: Collection[str]) -> dict[str, Payment]:
    found = select(Payment).where(Payment.provider_ref.in_(refs))
    return {row.provider_ref: row for row in db.session.scalars(found)} if refs else {}
