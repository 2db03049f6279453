"""The pages of those who look after subscriptions, over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest

from app.billing.models import Order, OrderChange, Payment, Refund, WebhookEvent
from app.blueprints.billing.sheets import plain
from app.blueprints.billing.story_words import NOTICES
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications.kinds import REMINDERS, Kind
from app.policy import Standing
from tests.billing.buying import at, buy, do, sell, work
from tests.cast import Cast
from tests.memberships.people import row

LIST = "/p/orbit/subscriptions"
TOKEN = "a-one-time-token-of-a-form"
REASON = {"reason": "请求", "token": TOKEN}


def one(cast: Cast, persona: str = "stranger") -> str:
    return f"{LIST}/{row(cast, persona).public_id}"


@pytest.fixture
def order(noon: datetime, cast: Cast) -> Order:
    return buy(cast, "stranger", sell(cast))


def test_the_list_its_filters_and_its_emptiness(cast: Cast, order: Order) -> None:
    client = cast.client("admin")
    whole = client.get(LIST).get_data(as_text=True)
    assert "冯远" in whole
    assert "example.test" not in whole
    assert "13" in whole
    paid = client.get(f"{LIST}?source=paid&standing=active&to=2030-01-01").get_data(as_text=True)
    assert "冯远" in paid
    assert "李安" not in paid
    for nothing in ("name=nobody", "plan=x", "from=9999-12-31", "to=9999-12-31&name=nobody"):
        assert client.get(f"{LIST}?{nothing}").status_code == 200
    assert "冯远" not in client.get(f"{LIST}?name=nobody").get_data(as_text=True)
    assert client.get(f"{LIST}?from=rubbish&standing=x&source=y&after=z").status_code == 200


def test_a_file_of_the_chosen_or_of_all(cast: Cast, order: Order) -> None:
    client = cast.client("admin")
    chosen = client.get(f"{LIST}/export?m={row(cast, 'stranger').public_id}")
    assert chosen.mimetype == "text/csv"
    lines = list(csv.reader(io.StringIO(chosen.get_data(as_text=True).lstrip("\ufeff"))))
    assert [line[1] for line in lines] == ["名字", "冯远"]
    whole = client.get(f"{LIST}/export").get_data(as_text=True)
    assert len(whole.splitlines()) == 14
    assert "@" not in whole


def test_no_cell_is_a_formula() -> None:
    for hostile in ("=1+1", "+1", "-1", "@x", "\t=1"):
        assert plain(hostile).startswith("'")
    assert plain("王小雨") == "王小雨"
    assert plain(None) == ""


def test_a_member_is_extended_put_on_another_plan_and_ended(
    noon: datetime, cast: Cast, order: Order
) -> None:
    client, page = cast.client("admin"), one(cast)
    other = sell(cast, name="季度")
    assert client.post(f"{page}/extend", data={"days": "10", **REASON}).status_code == 303
    assert at(cast, "stranger") == noon + timedelta(days=375)
    assert client.post(f"{page}/extend", data={"days": "10"}).status_code == 422
    wish = {"plan": other, "ends_at": "2026-12-31", **REASON}
    assert client.post(f"{page}/plan", data=wish).status_code == 303
    ends = at(cast, "stranger")
    assert ends is not None
    assert ends.year in (2026, 2027)
    assert client.post(f"{page}/end", data={"token": TOKEN}).status_code == 422
    assert client.post(f"{page}/end", data=REASON).status_code == 303
    assert cast.actor("stranger").standing is Standing.EXPIRED
    assert client.post(f"{page}/end", data=REASON).status_code == 422
    story = client.get(page).get_data(as_text=True)
    assert "请求" in story


def test_a_refund_is_asked_for_once(noon: datetime, cast: Cast, order: Order) -> None:
    client = cast.client("admin")
    page = f"{one(cast)}/orders/{order.public_id}/refund"
    payment = db.session.query(Payment).one().id
    assert client.get(page).status_code == 200
    for wrong in ({"way": "part", "amount": "x"}, {"way": "none"}, {"way": "full", "reason": ""}):
        data = {"payment": payment, "ends": "now", **REASON, **wrong}
        assert client.post(page, data=data).status_code == 422
    wish = {"payment": payment, "way": "part", "amount": "9.9", "ends": "at_end", **REASON}
    for _twice in range(2):
        assert client.post(page, data=wish).status_code == 303
    work()
    assert [(r.amount, r.state) for r in db.session.query(Refund)] == [(990, "succeeded")]
    assert cast.actor("stranger").standing is Standing.ACTIVE
    foreign = f"{one(cast, 'member')}/orders/{order.public_id}/refund"
    assert client.post(foreign, data=wish).status_code == 404


def test_removed_and_refunded(noon: datetime, cast: Cast, order: Order) -> None:
    client, page = cast.client("admin"), f"{one(cast)}/remove"
    assert client.get(page).status_code == 200
    assert client.post(page, data={"way": "pro_rata", "token": TOKEN}).status_code == 422
    with clock.fixed(noon + timedelta(days=40)):
        assert client.post(page, data={"way": "pro_rata", **REASON}).status_code == 303
        work()
        assert db.session.query(Payment).one().refunded == 19_900 * 325 // 365
        assert cast.actor("stranger").standing is Standing.REMOVED


def test_sums_are_for_those_who_may_see_income(cast: Cast, order: Order) -> None:
    for persona, shown in (("owner", True), ("admin", False)):
        client = cast.client(persona)
        client.set_cookie("language", "en")
        page = client.get(one(cast)).get_data(as_text=True)
        assert ("Paid in all" in page) is shown
        assert "199" in page


def test_a_receipt_and_what_reconciliation_changed(cast: Cast, order: Order) -> None:
    client = cast.client("admin")
    receipt = f"{one(cast)}/orders/{order.public_id}/receipt"
    assert client.post(receipt, data={"token": TOKEN}).status_code == 303
    with unit_of_work() as session:
        session.add(
            OrderChange(
                order_id=order.id,
                at=clock.now(),
                cause="reconcile",
                what="paid",
                data={"before": "open"},
            )
        )
    log = client.get(f"{LIST}/provider").get_data(as_text=True)
    assert order.public_id in log


def test_a_failed_webhook_is_shown_and_tried_again(cast: Cast, order: Order) -> None:
    with unit_of_work() as session:
        session.add(
            WebhookEvent(
                provider_ref="evt_failed",
                kind="charge.refunded",
                planet_id=cast.planet_id,
                state="failed",
                tries=19,
                error="GatewayError: the provider did not answer at gateway.py:234",
                received_at=clock.now(),
            )
        )
    client, page = cast.client("admin"), f"{LIST}/provider"
    told, _, technical = client.get(page).text.split("<main")[1].partition("<details")
    # What it was about and what to do stands there in words; the technical text is folded.
    assert "退款" in told and "再试" in told and "每小时" in told
    assert "gateway.py" not in told and "charge.refunded" not in told
    assert "gateway.py:234" in technical
    assert client.post(page, data={"ref": "evt_of_others"}).status_code == 404
    # Nobody pays by Stripe here, so it fails again.
    assert client.post(page, data={"ref": "evt_failed"}).status_code == 303
    assert db.session.query(WebhookEvent).one().tries == 20
    assert "每小时" not in client.get(page).text.split("<main")[1]


def test_the_timeline_has_words_for_each_notice() -> None:
    # What somebody searches for, as what he asks and says, is no part of the story of his access.
    others = ("question_", "comment_", "search_", "staff_")
    of_access = {kind for kind in Kind if not kind.startswith(others)}
    assert of_access - REMINDERS <= set(NOTICES)


@pytest.mark.parametrize("deeds", [("dispute",), ("dispute", "lose")])
def test_what_the_bank_holds_or_took_is_not_given_back(
    cast: Cast, order: Order, deeds: tuple[str, ...]
) -> None:
    do(order, *deeds)
    client = cast.client("admin")
    client.set_cookie("language", "en")
    address = f"{one(cast)}/orders/{order.public_id}/refund"
    page = client.get(one(cast)).text
    assert address not in page
    assert "disputed: the" in page
    form = {**REASON, "way": "full", "ends": "now"}
    form["payment"] = str(db.session.query(Payment).one().id)
    assert client.post(address, data=form).status_code in (303, 422)
    assert db.session.query(Refund).count() == 0


def test_an_act_on_the_timeline_ends_before_the_name(cast: Cast, order: Order) -> None:
    client = cast.client("admin")
    client.post(f"{one(cast)}/extend", data={**REASON, "days": "7"})
    for language, said in (
        ("en", "苏晴: gave complimentary access<"),
        ("zh_Hans", "赠予了免费资格<"),
    ):
        client.set_cookie("language", language)
        assert said in client.get(one(cast)).text


def test_how_a_subscription_stands_is_shown_to_staff(noon: datetime, cast: Cast) -> None:
    month = buy(cast, "stranger", sell(cast, mode="subscription", term="month", term_count=1))
    staff = cast.client("admin")
    staff.set_cookie("language", "en")
    assert "Renews by itself" in staff.get(one(cast)).text
    do(month, "miss")
    assert "The last charge failed" in staff.get(one(cast)).text
    do(month, "end")
    assert "Cancelled: ends with what is paid" in staff.get(one(cast)).text


def test_a_staff_deed_is_no_timed_job(cast: Cast, order: Order) -> None:
    """The worker carries a refund out; the story says whose deed it was."""
    form = {"way": "full", "ends": "now", **REASON}
    payment = db.session.query(Payment).one()
    address = f"{one(cast)}/orders/{order.public_id}/refund"
    cast.client("admin").post(address, data={"payment": str(payment.id), **form})
    work()
    causes = dict(db.session.query(OrderChange.what, OrderChange.cause).all())
    assert (causes["refund_asked"], causes["refunded"]) == ("staff", "staff")


def test_ones_own_refund_is_ones_own_deed(cast: Cast, order: Order) -> None:
    data = {"reason": "", "token": TOKEN}
    cast.client("stranger").post(f"/p/orbit/orders/{order.public_id}/refund", data=data)
    work()
    causes = dict(db.session.query(OrderChange.what, OrderChange.cause).all())
    assert causes["refunded"] == "buyer"


def test_a_disputed_payment_is_with_the_bank_and_not_given_back(cast: Cast, order: Order) -> None:
    do(order, "dispute")
    admin = cast.client("admin")
    payment = db.session.query(Payment).one()
    address = f"{one(cast)}/orders/{order.public_id}/refund"
    told = admin.get(address, follow_redirects=True).text
    assert "银行处理" in told
    assert "已全部退" not in told
    for way in ({"way": "full"}, {"way": "part", "amount": "1"}, {"way": "pro_rata"}):
        form = {"payment": str(payment.id), "ends": "now", **way, **REASON}
        assert "银行处理" in admin.post(address, data=form, follow_redirects=True).text
    data = {"reason": "", "token": TOKEN}
    answer = cast.client("stranger").post(
        f"/p/orbit/orders/{order.public_id}/refund", data=data, follow_redirects=True
    )
    assert "你的银行处理" in answer.text
    assert db.session.query(Refund).count() == 0
