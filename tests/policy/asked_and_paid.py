"""A planet in which somebody pays for anonymous questions, and all that staff do and see around it.

The same planet can be made with another asker: whoever is not told who asked must see the same pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import update

from app.accounts.models import User
from app.billing.actions.shares import add_share
from app.billing.actions.staffing import extend, remove_with_refund
from app.billing.actions.transfers import approve_transfer, state_transfer
from app.billing.models import Order, OrderChange, WebhookEvent
from app.discussion.actions.paid_questions import settle_paid
from app.discussion.actions.questions import decline, reveal
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.memberships.actions import leave
from app.memberships.models import Membership
from tests.billing.asking import ask_paid, cost, go_to_pay, topic_of
from tests.billing.buying import buy, do, open_order, sell, work
from tests.cast import Cast
from tests.discussion.threads import act_on, member_id, put_answer

ASKERS = ("member", "other")
# Each price is found nowhere else, and each question has a day of its own.
PRICES = {
    "answered": 3_711,
    "private": 3_722,
    "declined": 3_733,
    "waiting": 3_744,
    "disputed": 3_755,
    "unpaid": 3_766,
}


@dataclass
class Asked:
    """What was made: who asked, and by what his questions' orders could be told."""

    cast: Cast
    asker: str
    plan: str = ""
    # By name: the order, when it was placed, and the public id of its topic ("" while unpaid).
    orders: dict[str, Order] = field(default_factory=dict)
    moments: dict[str, datetime] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    # Orders that are no secret: the same in every world.
    open_orders: list[Order] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """By what the asker is known."""
        cast, asker = self.cast, self.asker
        return [f"zq{asker}", cast.public_ids[asker], member_id(cast, asker)]

    @property
    def marks(self) -> list[str]:
        """By what an order of his anonymous questions is known: its number, price and moment."""
        prices = [f"{price // 100}.{price % 100}" for price in PRICES.values()]
        days = [f"{moment:%Y-%m-%dT%H:%M}" for moment in self.moments.values()]
        numbers = [order.public_id for order in self.orders.values()]
        return [*numbers, *prices, *days, *filter(None, self.topics.values())]


def play(cast: Cast, asker: str) -> Asked:
    """Let one of ASKERS ask and pay, twice answered, declined, disputed, waiting, unpaid; around it
    others buy openly, and staff do what they do."""
    made = Asked(cast, asker)
    _name(cast)
    _open_sales(made)
    start = clock.now()
    for day, (name, price) in enumerate(PRICES.items(), start=1):
        with clock.fixed(start + timedelta(days=day, minutes=7 * day)):
            cost(cast, price)
            made.moments[name] = clock.now()
            _ask(made, name)
    with clock.fixed(start + timedelta(days=9)):
        work()
        _staff(made)
    return made


def _name(cast: Cast) -> None:
    """Give both askers names and addresses that are found nowhere else."""
    with unit_of_work() as session:
        for asker in ASKERS:
            values = {"name": f"zq{asker}name", "email": f"zq{asker}@example.test"}
            session.execute(update(User).where(User.id == cast.users[asker]).values(**values))
            nickname = {"nickname": f"zq{asker}nick", "name_key": f"zq{asker}nick"}
            of = Membership.user_id == cast.users[asker]
            session.execute(update(Membership).where(of).values(**nickname))


def _open_sales(made: Asked) -> None:
    """Let both askers and a stranger buy openly: their stories are not empty."""
    cast = made.cast
    made.plan = plan = sell(cast)
    cast.set_membership("other", expires_at=cast.actor("member").expires_at)
    cast.set_planet(transfer_note="银行")
    made.open_orders = [buy(cast, "member", plan), buy(cast, "other", plan, kind="gift")]
    order = open_order(cast, "stranger", plan, gateway="transfer")
    state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="冯远")
    made.open_orders.append(approve_transfer(cast.actor("admin"), order_id=order.public_id))
    with unit_of_work():
        guest = member_id(cast, "guest")
        add_share(cast.actor("owner"), member_id=guest, plan_id="", percent=10)
    work()


def _ask(made: Asked, name: str) -> None:
    cast, text = made.cast, f"问题 {name}"
    key = f"question{len(made.orders):04}"
    how = {"anonymous": True, "private": name == "private", "key": key}
    if name == "unpaid":
        made.orders[name] = go_to_pay(cast, made.asker, text, **how)
        return
    order = ask_paid(cast, made.asker, text, **how)
    made.orders[name], topic = order, topic_of(order)
    made.topics[name] = topic
    if name in ("answered", "private"):
        put_answer(cast, "guest", topic)
    if name == "answered":
        act_on(cast, "owner", topic, reveal, reason="核对")
    if name == "declined":
        act_on(cast, "guest", topic, decline, reason="不合适")
    if name == "disputed":
        do(order, "dispute")
    work()


def _staff(made: Asked) -> None:
    """Let staff have looked after both, and the provider have been out of step with us."""
    cast = made.cast
    for asker in ASKERS:
        with unit_of_work():
            extend(
                cast.actor("admin"),
                member_id=member_id(cast, asker),
                days=3,
                reason="补偿",
                token=f"token-of-a-form-{asker}",
            )
    with unit_of_work() as session:
        session.add(
            OrderChange(
                order_id=made.orders["answered"].id,
                at=clock.now(),
                cause="reconcile",
                what="paid",
                data={"before": "open"},
            )
        )
        session.add(
            WebhookEvent(
                provider_ref="evt_1",
                kind="charge.refunded",
                planet_id=cast.planet_id,
                state="failed",
                error="GatewayError: no answer",
                tries=1,
                received_at=clock.now(),
            )
        )


def part(made: Asked) -> None:
    """Let one of both be put out with his money back, the other leave; a week later jobs have run."""
    cast, start = made.cast, clock.now()
    with clock.fixed(start + timedelta(days=9, hours=1)):
        with unit_of_work():
            remove_with_refund(
                cast.actor("admin"),
                member_id=member_id(cast, ASKERS[0]),
                way="full",
                reason="广告",
                token="token-of-a-form-out",
            )
        with unit_of_work():
            leave(cast.actor(ASKERS[1]))
        work()
    with clock.fixed(start + timedelta(days=17)):
        settle_paid(clock.now())
        work()
