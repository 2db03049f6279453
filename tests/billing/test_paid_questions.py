"""Paid questions: free ones first, asked once when paid, given back once when there is no answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.billing.actions import refunds as refunds_room
from app.billing.actions.pausing import pause_planet
from app.billing.actions.question_orders import give_back
from app.billing.actions.question_prices import set_price
from app.billing.actions.refunds import refund_own, send_refund
from app.billing.actions.sync import sync
from app.billing.demo_gateway import DemoGateway, act
from app.billing.models import IncomeShare, LedgerEntry, Order, QuestionPrice, Refund
from app.discussion.actions import paid_questions as paid_room
from app.discussion.actions import questions as verbs
from app.discussion.actions.paid_questions import order_settled, settle, settle_paid
from app.discussion.actions.topics import delete_topic
from app.discussion.actions.withdrawing import withdraw_answered
from app.discussion.models import Draft, Question, Topic
from app.discussion.queries.addressees import read_quota
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from tests.billing.asking import (
    PRICE,
    ask_paid,
    bought,
    cost,
    count_questions,
    go_to_pay,
    refunds,
    state_of,
    topic_of,
)
from tests.billing.buying import do, work
from tests.billing.test_races import at_once
from tests.cast import Cast
from tests.discussion.threads import act_on, member_id, pass_on, put_answer, put_question

WEEK = timedelta(days=7)


# --- prices --------------------------------------------------------------------------------------


def test_the_addressee_sets_his_price_and_leads_set_it_for_him(cast: Cast) -> None:
    cost(cast, 1_900, free=2)
    price = db.session.scalars(sa.select(QuestionPrice)).one()
    assert (price.amount, price.currency, price.free_per_week) == (1_900, "CNY", 2)
    guest = member_id(cast, "guest")
    terms = {"member": guest, "currency": "CNY", "free_per_week": 0}
    with unit_of_work():
        set_price(cast.actor("partner"), amount=9_900, **terms)  # type: ignore[arg-type]
        set_price(cast.actor("partner"), amount=9_900, **terms)  # type: ignore[arg-type]
    with unit_of_work():
        set_price(cast.actor("owner"), amount=0, **terms)  # type: ignore[arg-type]
    assert db.session.scalar(sa.select(QuestionPrice)) is None
    told = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "question_price.set").order_by("id")
    ).all()
    assert [(row.data["before"], row.data["after"]) for row in told] == [
        ("", "1900 CNY 2"),
        ("1900 CNY 2", "9900 CNY 0"),
        ("9900 CNY 0", ""),
    ]


@pytest.mark.parametrize(
    ("persona", "error"),
    [("admin", Refused), ("member", Refused), ("expired", Refused), ("stranger", Refused)],
)
def test_others_set_no_price(cast: Cast, persona: str, error: type[Exception]) -> None:
    with pytest.raises((error, NotFound)), unit_of_work():
        set_price(
            cast.actor(persona),
            member=member_id(cast, "guest"),
            amount=1_900,
            currency="CNY",
            free_per_week=0,
        )


def test_only_who_is_asked_has_a_price(cast: Cast) -> None:
    with pytest.raises(NotFound), unit_of_work():
        set_price(
            cast.actor("owner"),
            member=member_id(cast, "member"),
            amount=1_900,
            currency="CNY",
            free_per_week=0,
        )


@pytest.mark.parametrize(
    ("amount", "currency", "field"), [(399, "CNY", "amount"), (49, "JPY", "amount"),
                                      (500, "XXX", "currency")]
)  # fmt: skip
def test_r21_what_the_provider_does_not_take_is_refused(
    cast: Cast, amount: int, currency: str, field: str
) -> None:
    with pytest.raises(Invalid) as error, unit_of_work():
        set_price(
            cast.actor("guest"),
            member=member_id(cast, "guest"),
            amount=amount,
            currency=currency,
            free_per_week=0,
        )
    assert error.value.field == field


# --- asking --------------------------------------------------------------------------------------


def test_free_ones_first_then_it_costs(cast: Cast, noon: datetime) -> None:
    cost(cast, free=1)
    put_question(cast, "member", "guest", "免费的")
    with pytest.raises(Invalid, match="costs"):
        put_question(cast, "member", "guest", "第二个")
    # To somebody without a price it is as before, and what was paid for uses nothing up.
    put_question(cast, "member", "owner", "问别人")
    planet, actor = cast.entry("member")
    left = read_quota(actor, planet).left
    order = ask_paid(cast, text="第二个")
    assert (state_of(order), count_questions()) == ("paid", 3)
    planet, actor = cast.entry("member")
    assert read_quota(actor, planet).left == left


def test_the_planets_quota_bounds_what_is_free(cast: Cast, noon: datetime) -> None:
    cast.set_planet(question_quota_per_week=1)
    cost(cast, free=5)
    put_question(cast, "member", "owner")
    assert go_to_pay(cast).amount == PRICE


def test_it_is_asked_when_it_is_paid_and_not_before(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = go_to_pay(cast, text="**为何**？", private=True)
    work()
    assert (order.kind, order.amount, order.state, count_questions()) == (
        "question",
        PRICE,
        "open",
        0,
    )
    do(order, "pay")
    work()
    topic = db.session.scalars(sa.select(Topic).where(Topic.public_id == topic_of(order))).one()
    question = db.session.get_one(Question, topic.id)
    assert (topic.html, question.private) == ("<p><strong>为何</strong>？</p>", True)
    assert (question.asker_id, question.addressee_id) == (
        cast.users["member"],
        cast.users["guest"],
    )
    assert bought(order).due_at == noon + WEEK
    assert db.session.scalar(sa.select(Draft)) is None


def test_paid_and_told_again_and_again_it_is_asked_once(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = ask_paid(cast)
    for cause in ("webhook", "return", "reconcile"):
        sync(order.id, cause=cause)
        work()
    for _ in range(2):
        with unit_of_work():
            order_settled({"order_id": order.id, "state": "paid"})
    assert count_questions() == 1
    assert refunds(order) == []


def test_two_workers_ask_it_once(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = do(go_to_pay(cast), "pay")
    order_id = order.id

    def ask() -> None:
        with unit_of_work():
            order_settled({"order_id": order_id, "state": "paid"})

    db.session.remove()
    assert at_once(cast, [ask, ask]) == [None, None]
    assert count_questions() == 1
    assert refunds(order) == []


def test_r11_the_same_click_again_is_the_same_page_and_its_price_holds(
    cast: Cast, noon: datetime
) -> None:
    cost(cast)
    first = go_to_pay(cast, key="abcdefghjkmn", text="第一稿")
    cost(cast, 9_900)
    again = go_to_pay(cast, key="abcdefghjkmn", text="第二稿")
    assert (first.id, first.amount) == (again.id, again.amount)
    do(again, "pay")
    work()
    assert db.session.scalars(sa.select(Topic.source)).one() == "第二稿"


def test_to_somebody_else_the_page_before_is_closed(cast: Cast, noon: datetime) -> None:
    cost(cast)
    cost(cast, 9_900, of="owner")
    first = go_to_pay(cast, key="abcdefghjkmn")
    second = go_to_pay(cast, key="abcdefghjkmn", to="owner")
    assert (state_of(first), state_of(second), second.amount) == ("expired", "open", 9_900)


def test_paid_in_another_window_it_is_not_paid_again(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = go_to_pay(cast, key="abcdefghjkmn")
    do(order, "pay")
    with pytest.raises(Conflict, match="paid"):
        go_to_pay(cast, key="abcdefghjkmn")


def test_cancelled_or_failed_nothing_typed_is_lost(cast: Cast, noon: datetime) -> None:
    cost(cast)
    for deeds in (("cancel",), ("delay", "bounce")):
        order = go_to_pay(cast, text=f"长长的问题 {deeds}")
        do(order, *deeds)
        work()
        draft = db.session.scalars(
            sa.select(Draft).where(Draft.public_id == bought(order).key)
        ).one()
        assert draft.fields["text"] == f"长长的问题 {deeds}"
    assert count_questions() == 0


def test_what_he_wrote_since_stays_a_draft(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = go_to_pay(cast, text="付钱时的")
    with unit_of_work():
        draft = db.session.scalars(sa.select(Draft)).one()
        draft.fields = {**draft.fields, "text": "后来写的"}
    do(order, "pay")
    work()
    assert db.session.scalars(sa.select(Topic.source)).one() == "付钱时的"
    draft = db.session.scalars(sa.select(Draft)).one()
    assert draft.fields["text"] == "后来写的"
    assert draft.public_id != bought(order).key


def test_a_thrown_away_draft_is_asked_all_the_same(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = go_to_pay(cast, text="付钱时的")
    with unit_of_work():
        db.session.execute(sa.delete(Draft))
    do(order, "pay")
    work()
    assert db.session.scalars(sa.select(Topic.source)).one() == "付钱时的"


@pytest.mark.parametrize("moment", ["before", "open"])
def test_nothing_is_sold_while_the_planet_is_paused(
    cast: Cast, noon: datetime, moment: str
) -> None:
    """What was paid meanwhile is asked: the addressee can answer, and a week later it goes back."""
    cost(cast)
    order = go_to_pay(cast) if moment == "open" else None
    with unit_of_work():
        pause_planet(cast.actor("owner"))
    if order is None:
        with pytest.raises(Refused):
            go_to_pay(cast)
        return
    do(order, "pay")
    work()
    assert count_questions() == 1
    with clock.fixed(noon + WEEK):
        settle_paid(clock.now())
        work()
    assert state_of(order) == "refunded"


def test_the_page_of_a_question_is_closed_when_a_pause_begins(cast: Cast) -> None:
    cost(cast)
    order = go_to_pay(cast)
    with unit_of_work():
        pause_planet(cast.actor("owner"))
    work()
    assert state_of(order) == "expired"
    assert count_questions() == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 1


# --- what cannot be asked any more ---------------------------------------------------------------

GONE: dict[str, tuple[str, dict[str, Any]]] = {
    "asker removed": ("member", {"removed_at": datetime(2026, 1, 1).astimezone()}),
    "asker muted": ("member", {"muted_until": datetime(2099, 1, 1).astimezone()}),
    "addressee left": ("guest", {"left_at": datetime(2026, 1, 1).astimezone()}),
    "addressee takes none": ("guest", {"takes_questions": False}),
}


@pytest.mark.parametrize("why", GONE)
def test_what_cannot_be_asked_any_more_is_given_back(cast: Cast, noon: datetime, why: str) -> None:
    cost(cast)
    order = go_to_pay(cast, text="还在")
    persona, columns = GONE[why]
    cast.set_membership(persona, **columns)
    do(order, "pay")
    work()
    assert count_questions() == 0
    assert (state_of(order), bought(order).outcome) == ("refunded", "not_asked")
    assert refunds(order) == [("not_asked", PRICE, "succeeded")]
    assert db.session.scalars(sa.select(Draft)).one().fields["text"] == "还在"


def test_asked_for_nothing_meanwhile_the_money_goes_back(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = go_to_pay(cast, key="abcdefghjkmn")
    cost(cast, 0)
    put_question(cast, "member", "guest", key="abcdefghjkmn")
    do(order, "pay")
    work()
    assert (count_questions(), state_of(order)) == (1, "refunded")


# --- settling ------------------------------------------------------------------------------------


def test_answered_it_is_earned_and_who_answered_has_his_share(cast: Cast, noon: datetime) -> None:
    cost(cast)
    with unit_of_work() as session:
        for persona, percent in (("guest", 40), ("partner", 30)):
            session.add(
                IncomeShare(
                    planet_id=cast.planet_id,
                    user_id=cast.users[persona],
                    percent=percent,
                    created_at=noon - timedelta(days=1),
                    created_by=cast.users["owner"],
                )
            )
    order = ask_paid(cast)
    assert payable() == {}
    pass_on(cast, "guest", topic_of(order), "partner")
    with clock.fixed(noon + WEEK):
        put_answer(cast, "partner", topic_of(order))
        work()
    with clock.fixed(noon + 2 * WEEK):
        settle_paid(clock.now())
        work()
    assert (state_of(order), bought(order).outcome, refunds(order)) == ("paid", "answered", [])
    assert payable() == {f"payable:{cast.users['partner']}": -PRICE * 30 // 100}


def payable() -> dict[str, int]:
    db.session.rollback()
    rows = db.session.execute(
        sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.amount))
        .where(LedgerEntry.account.startswith("payable:"))
        .group_by(LedgerEntry.account)
    )
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("end", ["declined", "withdrawn", "deleted"])
def test_without_an_answer_the_money_goes_back_once(cast: Cast, noon: datetime, end: str) -> None:
    cost(cast)
    order = ask_paid(cast)
    topic = topic_of(order)
    if end == "declined":
        act_on(cast, "guest", topic, verbs.decline, reason="不在行")
    elif end == "withdrawn":
        act_on(cast, "member", topic, verbs.withdraw)
    else:
        with unit_of_work():
            delete_topic(cast.actor("admin"), public_id=topic)
    for _ in range(2):
        work()
        settle_paid(clock.now())
    work()
    assert refunds(order) == [(end, PRICE, "succeeded")]
    assert (state_of(order), bought(order).outcome) == ("refunded", end)


def test_withdrawn_after_the_answer_it_stays_paid(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = ask_paid(cast)
    put_answer(cast, "guest", topic_of(order))
    act_on(cast, "member", topic_of(order), withdraw_answered, hide=False, reason="")
    work()
    assert (state_of(order), bought(order).outcome) == ("paid", "answered")


def test_two_workers_give_back_once(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = ask_paid(cast)
    act_on(cast, "guest", topic_of(order), verbs.decline, reason="不在行")
    order_id = order.id

    def settle_it() -> None:
        with unit_of_work():
            settle(order_id)

    db.session.remove()
    assert at_once(cast, [settle_it] * 4) == [None] * 4
    refund_id = db.session.scalars(sa.select(Refund.id)).one()
    db.session.remove()
    at_once(cast, [lambda: send_refund({"refund_id": refund_id})] * 2)
    work()
    assert refunds(order) == [("declined", PRICE, "succeeded")]
    assert state_of(order) == "refunded"


def test_answered_and_declined_at_once_one_of_them_counts(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = ask_paid(cast)
    topic = topic_of(order)
    db.session.remove()

    def answer() -> None:
        put_answer(cast, "guest", topic)

    def decline() -> None:
        act_on(cast, "owner", topic, verbs.decline, reason="不在行")

    at_once(cast, [answer, decline])
    work()
    outcome = bought(order).outcome
    assert (outcome, state_of(order)) in {("answered", "paid"), ("declined", "refunded")}


def test_not_answered_in_seven_days_it_goes_back_though_everything_dies_midway(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost(cast)
    order = ask_paid(cast)
    with clock.fixed(noon + WEEK - timedelta(seconds=1)):
        settle_paid(clock.now())
        assert bought(order).settled_at is None
    with clock.fixed(noon + WEEK):
        # The job dies before its unit of work is written down.
        with monkeypatch.context() as patch:
            patch.setattr(paid_room, "give_back", _dies_after(give_back))
            with pytest.raises(Died):
                settle_paid(clock.now())
        assert refunds(order) == []
        settle_paid(clock.now())
        settle_paid(clock.now())
        refund_id = db.session.scalars(sa.select(Refund.id)).one()
        # The sender dies after the provider has given the money, before it is written down.
        with monkeypatch.context() as patch:
            patch.setattr(DemoGateway, "refund", _dies_after(DemoGateway.refund))
            with pytest.raises(Died):
                send_refund({"refund_id": refund_id})
        with monkeypatch.context() as patch:
            patch.setattr(refunds_room, "_keep", _dies_after(refunds_room._keep))
            with pytest.raises(Died):
                send_refund({"refund_id": refund_id})
        work()
        settle_paid(clock.now())
        work()
    assert refunds(order) == [("late", PRICE, "succeeded")]
    assert state_of(order) == "refunded"
    assert db.session.get_one(Order, order.id).state == "refunded"


class Died(Exception):
    """The process ended here."""


def _dies_after(deed: Callable[..., object]) -> Callable[..., object]:
    def die(*args: object, **more: object) -> None:
        deed(*args, **more)
        raise Died

    return die


def test_an_answer_after_its_time_is_too_late_though_no_job_ran(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = ask_paid(cast)
    with clock.fixed(noon + WEEK + timedelta(days=2)):
        put_answer(cast, "guest", topic_of(order))
        work()
    assert (state_of(order), bought(order).outcome) == ("refunded", "late")


def test_the_buyers_own_right_is_not_for_questions(cast: Cast, noon: datetime) -> None:
    """He would read the answer and take the money back."""
    cast.set_planet(refund_hours=72)
    cost(cast)
    order = ask_paid(cast)
    with pytest.raises(Conflict, match="late"), unit_of_work():
        refund_own(
            cast.actor("member"), order_id=order.public_id, reason="", token="a-token-of-a-form-0"
        )


def test_a_disputed_question_waits_for_the_bank(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = do(ask_paid(cast), "dispute")
    act_on(cast, "guest", topic_of(order), verbs.decline, reason="不在行")
    work()
    assert (refunds(order), bought(order).settled_at) == ([], None)
    do(order, "win")
    settle_paid(clock.now())
    work()
    assert refunds(order) == [("declined", PRICE, "succeeded")]


def test_given_back_at_the_provider_it_is_closed(cast: Cast, noon: datetime) -> None:
    cost(cast)
    order = do(ask_paid(cast), "refund")
    work()
    assert bought(order).outcome == "returned"
    act_on(cast, "guest", topic_of(order), verbs.decline, reason="不在行")
    work()
    assert len(refunds(order)) == 1


def test_somebody_elses_order_is_nobodys_business(cast: Cast, noon: datetime) -> None:
    cost(cast)
    first = go_to_pay(cast, key="abcdefghjkmn")
    assert first.provider_ref is not None
    # The same key from another person is another draft: it cannot be taken over.
    with pytest.raises(Conflict):
        go_to_pay(cast, "other", key="abcdefghjkmn")
    act(first.provider_ref, "pay")
    for persona in ("other", "guest", "owner"):
        client = cast.client(persona)
        assert client.get(f"/p/{cast.slug}/orders/{first.public_id}").status_code == 404
