"""R17, R34: what remains of access after a refund, foretold and told by one function."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from flask.testing import FlaskClient

from app.billing.actions import staffing
from app.billing.actions.staffing import RefundChoice
from app.billing.actions.sync import sync
from app.billing.models import Order, Payment, Refund
from app.billing.remaining import Thought, read_remaining
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement
from app.memberships.queries.covered import Cover
from app.policy import Standing
from tests.billing.buying import at, buy, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast
from tests.memberships.people import row
from tests.notifications.mailbox import Mailbox, text_of

DAY = timedelta(days=1)
REASON = {"reason": "请求", "token": "a-token-of-a-form-00"}
TAGS = re.compile(r"<[^>]+>")


def payments(order: Order) -> list[Payment]:
    """Return an order's payments, the oldest first."""
    return db.session.query(Payment).filter_by(order_id=order.id).order_by(Payment.id).all()


def english(cast: Cast, persona: str) -> FlaskClient:
    """Return a browser that reads English."""
    client = cast.client(persona)
    client.set_cookie("language", "en")
    return client


def pages(cast: Cast, order: Order) -> tuple[str, str]:
    """Return the addresses of a member's story and of the refund of his order, for staff."""
    story = f"/p/orbit/subscriptions/{row(cast, 'stranger').public_id}"
    return story, f"{story}/orders/{order.public_id}/refund"


def preset(html: str) -> dict[str, str]:
    """Return what a form sends when nothing but its presets is chosen."""
    radios = re.findall(r'<input[^>]*type="radio"[^>]*>', html)
    hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', html)
    chosen = [tag for tag in radios if " checked" in tag] + hidden
    names = [(re.search(r'name="([^"]*)"', t), re.search(r'value="([^"]*)"', t)) for t in chosen]
    return {name[1]: value[1] for name, value in names if name and value}


def text(html: str) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", TAGS.sub(" ", html))


def test_r17_a_part_keeps_access_by_the_forms_own_presets(noon: datetime, cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    held = at(cast, "stranger")
    client = english(cast, "admin")
    story, page = pages(cast, order)
    form = client.get(page).text
    assert "If another amount goes back: The membership runs until Sep 16, 2027." in text(form)
    assert "The membership ends with it, at once." in text(form)
    sent = {**preset(form), **REASON, "way": "part", "amount": "1"}
    assert client.post(page, data=sent).status_code == 303
    flash = text(client.get(story).text)
    assert "on its way back. The membership runs until Sep 16, 2027." in flash
    work()
    assert at(cast, "stranger") == held
    assert db.session.query(Refund).one().ends == "keep"


def test_r17_all_that_is_left_ends_access_however_it_is_chosen(noon: datetime, cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    client = english(cast, "admin")
    _story, page = pages(cast, order)
    for way in ({"way": "part", "amount": "50"}, {"way": "part", "amount": "149"}):
        sent = {**preset(client.get(page).text), **way, "reason": "请求"}
        assert client.post(page, data=sent).status_code == 303
        work()
    assert payments(order)[0].refunded == 19_900
    assert cast.actor("stranger").standing is Standing.EXPIRED


def test_a_part_leaves_a_subscription_running(noon: datetime, cast: Cast) -> None:
    plan = sell(cast, mode="subscription", term="month", term_count=1, amount=3_920)
    order = do(open_order(cast, "stranger", plan), "pay")
    with unit_of_work():
        choice = RefundChoice("part", "", "赔礼", REASON["token"], "1")
        staffing.refund(
            cast.actor("admin"), order_id=order.public_id, payment_id=payments(order)[0].id,
            choice=choice,
        )  # fmt: skip
    work()
    assert do(order, "renew").state == "partially_refunded"
    assert len(payments(order)) == 2


def test_a_refund_that_failed_restores_what_it_had_cut(
    noon: datetime, cast: Cast, stripe: StripeDouble
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    order = sync(order.id, cause="return")
    held = at(cast, "stranger")
    with clock.fixed(noon + DAY):
        ask(cast, payments(order)[0], "part", ends="now", amount="1")
        work()
        assert cast.actor("stranger").standing is Standing.EXPIRED
        stripe.fail_refund(str(db.session.query(Refund).one().provider_ref))
        sync(order.id, cause="webhook")
    assert at(cast, "stranger") == held


def ask(
    cast: Cast, payment: Payment, way: str, *, ends: str = "", amount: str = "", by: str = "admin"
) -> None:
    """Let staff ask for a payment back, and the worker do the rest."""
    order = db.session.get_one(Order, payment.order_id)
    choice = RefundChoice(way, ends, "请求", f"a-token-of-{payment.id:05}", amount)
    with unit_of_work():
        staffing.refund(
            cast.actor(by), order_id=order.public_id, payment_id=payment.id, choice=choice
        )


def test_r34_a_renewal_given_back_says_that_membership_goes_on(
    noon: datetime, cast: Cast, mailbox: Mailbox
) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    with clock.fixed(noon + DAY):
        renewal = buy(cast, "stranger", plan)
        client = english(cast, "stranger")
        runs = "The membership runs until Sep 16, 2027."
        page = f"/p/orbit/orders/{renewal.public_id}"
        assert f'href="{page}/refund"' in client.get(page).text
        assert "Your access ends" not in client.get(page).text
        form = client.get(f"{page}/refund")
        assert runs in text(form.text)
        assert "CN¥159.20 go back" in text(form.text)
        assert client.post(f"{page}/refund", data=preset(form.text)).status_code == 303
        shown = text(client.get(page).text)
        assert f"The money is on its way back. {runs}" in shown
        work()
        assert cast.actor("stranger").standing is Standing.ACTIVE
        assert "has ended" not in text(client.get(page).text)
        staff = english(cast, "admin")
        assert runs in text(staff.get(pages(cast, renewal)[0]).text)
        letters = [text_of(mail) for mail in mailbox.to("stranger")]
        assert any("成员资格有效至 2027年9月16日" in letter for letter in letters)


def test_chinese_sentences_follow_each_other_without_a_space(noon: datetime, cast: Cast) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    renewal, client = buy(cast, "stranger", plan), cast.client("stranger")
    page = f"/p/orbit/orders/{renewal.public_id}"
    form = client.get(f"{page}/refund")
    assert "退款之后：" in form.text
    shown = client.post(f"{page}/refund", data=preset(form.text), follow_redirects=True)
    assert "成员资格有效至" in shown.text
    for told in (form.text, shown.text):
        assert re.findall(r"[。！？] [^<\s]", told) == []


def test_without_a_script_one_press_gives_nothing_back(noon: datetime, cast: Cast) -> None:
    order, client = buy(cast, "stranger", sell(cast)), english(cast, "stranger")
    page = f"/p/orbit/orders/{order.public_id}"
    assert f'action="{page}/refund"' not in client.get(page).text
    assert "The membership ends with it, at once." in text(client.get(f"{page}/refund").text)
    assert db.session.query(Refund).count() == 0
    assert cast.client("member").get(f"{page}/refund").status_code == 404


def test_r34_what_the_bank_holds_rests_and_what_else_is_held_goes_on(
    noon: datetime, cast: Cast
) -> None:
    order = buy(cast, "stranger", sell(cast))
    do(order, "dispute")
    planet, user = cast.planet_id, cast.users["stranger"]
    assert read_remaining(planet, user).cover is Cover.RESTS
    page = english(cast, "stranger").get(f"/p/orbit/orders/{order.public_id}").text
    assert "The membership rests until the bank has decided." in text(page)
    buy(cast, "stranger", sell(cast))
    assert read_remaining(planet, user).cover is Cover.RUNS


def test_r34_a_subscription_that_ends_takes_its_periods_with_it(noon: datetime, cast: Cast) -> None:
    plan = sell(cast, mode="subscription", term="month", term_count=1, amount=3_920)
    order = do(open_order(cast, "stranger", plan), "pay", "renew")
    planet, user = cast.planet_id, cast.users["stranger"]
    last = payments(order)[-1]
    foretold = read_remaining(planet, user, [Thought(last, 3_920, "now")])
    assert foretold.cover is Cover.ENDS
    ask(cast, last, "full")
    assert read_remaining(planet, user).cover is Cover.ENDS
    work()
    assert read_remaining(planet, user).cover is Cover.ENDED
    assert cast.actor("stranger").standing is Standing.EXPIRED


def test_the_story_has_no_stretch_that_ends_before_it_begins(noon: datetime, cast: Cast) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    with clock.fixed(noon + DAY):
        renewal = buy(cast, "stranger", plan)
    with clock.fixed(noon + 2 * DAY):
        ask(cast, payments(renewal)[0], "part", ends="now", amount="1")
        work()
        for held in db.session.query(Entitlement):
            assert held.until_at is None or held.since_at <= held.until_at
        story = text(english(cast, "admin").get(pages(cast, renewal)[0]).text)
    assert "it had not begun" in story
    for since, until in re.findall(r"from (\w+ \d+, \d+) to (\w+ \d+, \d+)", story):
        form = "%b %d, %Y"
        assert datetime.strptime(since, form) <= datetime.strptime(until, form)  # noqa: DTZ007
