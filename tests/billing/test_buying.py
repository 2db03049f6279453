"""Buying over the demo provider: orders, access, refunds, disputes, subscriptions, seats."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.asking import RefundWish
from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.actions.refunds import refund_by_staff, refund_own
from app.billing.actions.subscriptions import end_subscription
from app.billing.actions.sync import sync
from app.billing.actions.trials import start_trial
from app.billing.demo_gateway import DemoGateway, act
from app.billing.gateway import GatewayError
from app.billing.models import Order, Payment, Refund, Subscription
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, NotFound, Refused
from app.memberships.actions.granting import find_entitlement
from app.policy import Reason, Standing
from tests.billing.buying import WAYS, at, buy, do, open_order, sell, work
from tests.cast import Cast

YEAR = timedelta(days=365)
TOKEN = "a-token-from-a-form-1234"


def test_r6_paying_makes_a_member_until_the_terms_end(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    order = open_order(cast, "stranger", plan)
    assert order.state == "open"
    assert cast.actor("stranger").standing is Standing.VISITOR
    order = do(order, "pay")
    assert order.state == "paid"
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert at(cast, "stranger") == noon + YEAR
    assert sync(order.id, cause="webhook").state == "paid"
    assert at(cast, "stranger") == noon + YEAR


def test_r7_early_renewal_stacks_on_what_is_held(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    with clock.fixed(noon + timedelta(days=300)):
        buy(cast, "stranger", plan)
    assert at(cast, "stranger") == noon + 2 * YEAR


def test_r11_the_same_click_twice_is_the_same_page(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    first, second = open_order(cast, "stranger", plan), open_order(cast, "stranger", plan)
    assert (first.id, first.provider_url) == (second.id, second.provider_url)


def test_r11_a_click_on_what_was_paid_meanwhile_says_so(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    first = open_order(cast, "stranger", plan)
    assert first.provider_ref is not None
    act(first.provider_ref, "pay")
    with pytest.raises(Conflict, match="paid"):
        open_order(cast, "stranger", plan)
    assert cast.actor("stranger").inside
    assert open_order(cast, "stranger", plan).id != first.id


def test_r11_another_choice_closes_the_page_opened_before(cast: Cast, noon: datetime) -> None:
    one, other = sell(cast), sell(cast, name="季度", term_count=90, amount=6_900)
    first = open_order(cast, "stranger", one)
    second = open_order(cast, "stranger", other)
    assert db.session.get_one(Order, first.id).state == "expired"
    assert second.state == "open"


def test_r11_a_page_that_was_paid_meanwhile_is_not_paid_again(cast: Cast, noon: datetime) -> None:
    one, other = sell(cast), sell(cast, name="季度", term_count=90, amount=6_900)
    first = open_order(cast, "stranger", one)
    assert first.provider_ref is not None
    act(first.provider_ref, "pay")
    with pytest.raises(Conflict, match="paid"):
        open_order(cast, "stranger", other)
    assert db.session.get_one(Order, first.id).state == "paid"


@pytest.mark.parametrize("earlier_first", [True, False])
def test_r11_both_paid_all_the_same_the_first_is_kept(
    cast: Cast, noon: datetime, earlier_first: bool
) -> None:
    plan = sell(cast)
    first = open_order(cast, "stranger", plan)
    # As if the provider had been asked twice: the second checkout was opened behind our back.
    with unit_of_work() as session:
        session.execute(sa.update(Order).where(Order.id == first.id).values(state="failed"))
    second = open_order(cast, "stranger", plan)
    with unit_of_work() as session:
        session.execute(sa.update(Order).where(Order.id == first.id).values(state="open"))
    for seconds, order in ((10, first), (20, second)):
        assert order.provider_ref is not None
        with clock.fixed(noon + timedelta(seconds=seconds)):
            act(order.provider_ref, "pay")
    with clock.fixed(noon + timedelta(seconds=30)):
        for order in (first, second) if earlier_first else (second, first):
            sync(order.id, cause="webhook")
        work()
    assert [db.session.get_one(Order, o.id).state for o in (first, second)] == ["paid", "refunded"]
    assert at(cast, "stranger") == noon + timedelta(seconds=10) + YEAR


def test_r8_a_slow_payment_gives_nothing_until_it_is_there(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, seats=1)
    order = do(open_order(cast, "stranger", plan), "delay")
    assert order.state == "processing"
    assert cast.actor("stranger").standing is Standing.VISITOR
    with pytest.raises(Conflict, match="sold_out"):
        open_order(cast, "expired", plan)
    assert do(order, "arrive").state == "paid"
    assert cast.actor("stranger").inside


def test_r8_a_slow_payment_that_fails_frees_the_seat(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, seats=1)
    assert do(open_order(cast, "stranger", plan), "delay", "bounce").state == "failed"
    assert open_order(cast, "expired", plan).state == "open"


def test_r9_a_buyer_beyond_the_last_seat_is_refused_before_the_provider(
    cast: Cast, noon: datetime
) -> None:
    plan = sell(cast, seats=1)
    held = open_order(cast, "stranger", plan)
    with pytest.raises(Conflict, match="sold_out"):
        open_order(cast, "expired", plan)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Order)) == 1
    do(held, "cancel")
    assert do(open_order(cast, "expired", plan), "pay").state == "paid"
    with pytest.raises(Conflict, match="sold_out"):
        open_order(cast, "stranger", plan)
    with clock.fixed(noon + timedelta(days=300)):
        assert open_order(cast, "expired", plan).state == "open"  # he has a seat


def test_r10_the_clock_alone_frees_no_hold(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, seats=1)
    held = open_order(cast, "stranger", plan)
    assert held.expires_at == noon + timedelta(minutes=30)
    with clock.fixed(noon + timedelta(hours=2)):
        with pytest.raises(Conflict, match="sold_out"):
            open_order(cast, "expired", plan)
        assert sync(held.id, cause="job").state == "expired"
        assert open_order(cast, "expired", plan).state == "open"


def test_r16_one_trial_per_person_and_planet(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, trial_days=7, trial_window_days=14)
    for _again in range(2):
        planet, actor = cast.entry("stranger")
        if _again:
            with pytest.raises(Conflict, match="trial_used"), unit_of_work():
                start_trial(actor, planet, plan=plan)
        else:
            with unit_of_work():
                start_trial(actor, planet, plan=plan)
    actor = cast.actor("stranger")
    assert actor.expires_at == noon + timedelta(days=7)
    assert actor.reads_from == noon - timedelta(days=14)
    buy(cast, "stranger", plan)
    assert cast.actor("stranger").reads_from is None
    assert at(cast, "stranger") == noon + timedelta(days=7) + YEAR


def test_r17_a_refund_of_all_revokes_and_of_a_part_keeps(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    order = buy(cast, "stranger", plan)
    payment = db.session.scalars(sa.select(Payment)).one()
    admin = cast.actor("admin")
    for amount, ends, state in ((900, "at_end", "partially_refunded"), (19_000, "now", "refunded")):
        with unit_of_work():
            refund_by_staff(
                admin,
                order_id=order.public_id,
                payment_id=payment.id,
                wish=RefundWish(amount, ends, "kindness", f"{TOKEN}{amount}", admin.user_id),
            )
        work()
        assert db.session.get_one(Order, order.id).state == state
        assert cast.actor("stranger").inside is (ends == "at_end")
    assert cast.actor("stranger").standing is Standing.EXPIRED


def test_r17_a_part_given_back_may_end_access_now(cast: Cast, noon: datetime) -> None:
    order = buy(cast, "stranger", sell(cast))
    admin, payment = cast.actor("admin"), db.session.scalars(sa.select(Payment)).one()
    with clock.fixed(noon + timedelta(days=100)):
        with unit_of_work():
            refund_by_staff(
                admin,
                order_id=order.public_id,
                payment_id=payment.id,
                wish=RefundWish(10_000, "now", "pro rata", TOKEN, admin.user_id),
            )
        work()
    assert at(cast, "stranger") == noon + timedelta(days=100)


def test_r18_two_clicks_are_one_refund(cast: Cast, noon: datetime) -> None:
    order = buy(cast, "stranger", sell(cast))
    actor = cast.actor("stranger")
    for _click in range(2):
        with unit_of_work():
            refund_own(actor, order_id=order.public_id, reason="", token=TOKEN)
    work()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Refund)) == 1
    assert db.session.get_one(Order, order.id).state == "refunded"
    assert cast.actor("stranger").standing is Standing.EXPIRED


def test_a_purchase_is_taken_back_within_the_planets_time_only(cast: Cast, noon: datetime) -> None:
    order = buy(cast, "stranger", sell(cast))
    with pytest.raises(NotFound), unit_of_work():
        refund_own(cast.actor("member"), order_id=order.public_id, reason="", token=TOKEN)
    with (
        clock.fixed(noon + timedelta(hours=72)),
        pytest.raises(Conflict, match="late"),
        unit_of_work(),
    ):
        refund_own(cast.actor("stranger"), order_id=order.public_id, reason="", token=TOKEN)


@pytest.mark.parametrize(
    ("ending", "state", "inside"), [("win", "paid", True), ("lose", "charged_back", False)]
)
def test_r19_a_dispute_suspends_and_its_end_decides(
    cast: Cast, noon: datetime, ending: str, state: str, inside: bool
) -> None:
    order = do(buy(cast, "stranger", sell(cast)), "dispute")
    assert order.state == "disputed"
    assert not cast.actor("stranger").inside
    assert do(order, ending).state == state
    assert cast.actor("stranger").inside is inside


def test_r20_a_suspended_year_lets_the_next_begin_and_moves_it_back(
    cast: Cast, noon: datetime
) -> None:
    plan = sell(cast)
    first = buy(cast, "stranger", plan)
    with clock.fixed(noon + timedelta(days=10)):
        buy(cast, "stranger", plan)
        do(first, "dispute")
        assert at(cast, "stranger") == noon + timedelta(days=10) + YEAR
        do(first, "win")
        assert at(cast, "stranger") == noon + 2 * YEAR


def test_r12_each_paid_invoice_is_its_own_period(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, term="month", term_count=1, mode="subscription", amount=2_900)
    order = buy(cast, "stranger", plan)
    assert at(cast, "stranger") == datetime.fromisoformat("2026-10-16T12:00:00+00:00")
    do(order, "renew")
    assert at(cast, "stranger") == datetime.fromisoformat("2026-11-16T12:00:00+00:00")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Payment)) == 2
    with pytest.raises(Conflict, match="subscribed"):
        open_order(cast, "stranger", plan)


@pytest.mark.parametrize(
    ("deeds", "days", "inside"),
    [((), 2.9, True), ((), 3.1, False), (("end",), 0.1, False), (("miss",), 6.9, True),
     (("miss",), 7.1, False)],
)  # fmt: skip
def test_r13_r14_r15_grace_hangs_on_the_subscription(
    cast: Cast, noon: datetime, deeds: tuple[str, ...], days: float, inside: bool
) -> None:
    plan = sell(cast, term="month", term_count=1, mode="subscription", amount=2_900)
    do(buy(cast, "stranger", plan), *deeds)
    ends = at(cast, "stranger")
    assert ends is not None
    with clock.fixed(ends + timedelta(days=days)):
        assert cast.actor("stranger").inside is inside


def test_r14_a_subscription_that_is_over_ends_then(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, term="month", term_count=1, mode="subscription", amount=2_900)
    order = buy(cast, "stranger", plan)
    with clock.fixed(noon + timedelta(days=3)):
        end_subscription({"order_id": order.id, "when": "now"})
    assert at(cast, "stranger") == noon + timedelta(days=3)
    assert db.session.scalars(sa.select(Subscription.status)).one() == "canceled"
    with clock.fixed(noon + timedelta(days=3, minutes=1)):
        assert cast.actor("stranger").standing is Standing.EXPIRED


def test_a_cancelled_subscription_is_resumed(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, term="month", term_count=1, mode="subscription", amount=2_900)
    order = do(buy(cast, "stranger", plan), "end")
    assert db.session.scalars(sa.select(Subscription.cancel_at_period_end)).one() is True
    do(order, "resume")
    assert db.session.scalars(sa.select(Subscription.cancel_at_period_end)).one() is False


def test_r5_a_retry_asks_for_the_same_checkout(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sell(cast)
    real, wishes = DemoGateway.open_checkout, []

    def dies(self: DemoGateway, wish: object) -> object:
        wishes.append(wish)
        real(self, wish)  # type: ignore[arg-type]
        raise GatewayError("no answer")

    monkeypatch.setattr(DemoGateway, "open_checkout", dies)
    with pytest.raises(GatewayError):
        open_order(cast, "stranger", plan)
    assert db.session.scalars(sa.select(Order.state)).all() == ["open"]
    monkeypatch.setattr(DemoGateway, "open_checkout", lambda s, w: wishes.append(w) or real(s, w))
    cast_planet, actor = cast.entry("stranger")
    order = begin(actor, cast_planet, Purchase(plan=plan), WAYS)
    assert wishes[0] == wishes[1]
    assert do(order, "pay").state == "paid"


def test_somebody_removed_meanwhile_gets_his_money_back(cast: Cast, noon: datetime) -> None:
    order = open_order(cast, "expired", sell(cast))
    cast.set_membership("expired", removed_at=clock.now())
    assert order.provider_ref is not None
    act(order.provider_ref, "pay")
    sync(order.id, cause="webhook")
    work()
    assert db.session.get_one(Order, order.id).state == "refunded"
    assert find_entitlement("order", order.public_id) is None


def test_who_pays_nothing_has_nothing_to_buy(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    for persona, reason in (
        ("owner", Reason.NEVER_ENDS),
        ("other", Reason.NEVER_ENDS),
        ("removed", Reason.REMOVED),
        ("pending", Reason.PENDING),
    ):
        with pytest.raises(Refused) as refused:
            open_order(cast, persona, plan)
        assert refused.value.reason == reason
