"""The pages of paid questions: the price, the form, the way to pay, the order, the inbox; who asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.billing.gateway import GatewayError
from app.billing.models import Order, QuestionPrice
from app.billing.queries.orders import shown_to
from app.billing.queries.timeline import find_story
from app.discussion.actions import questions as verbs
from app.discussion.models import Topic
from app.kernel import clock
from app.kernel.db import db
from app.notifications.models import Mail
from app.notifications.told import list_told
from tests.billing.asking import ask_paid, cost, count_questions, go_to_pay, state_of, topic_of
from tests.billing.buying import work
from tests.cast import Cast
from tests.discussion.threads import act_on, member_id, put_answer

KEY = "abcdefghjkmn"


def price_url(cast: Cast, persona: str = "guest") -> str:
    return f"/p/{cast.slug}/members/{member_id(cast, persona)}/question-price"


def form(**changes: str) -> dict[str, str]:
    return {"preset": "49", "amount": "", "currency": "CNY", "free_per_week": "1", **changes}


def test_the_price_is_set_on_a_page_of_its_own(cast: Cast, noon: datetime) -> None:
    client = cast.client("guest")
    assert price_url(cast) in client.get(f"/p/{cast.slug}/me").text
    assert client.post(price_url(cast), data=form()).status_code == 303
    price = db.session.scalars(sa.select(QuestionPrice)).one()
    assert (price.amount, price.currency, price.free_per_week) == (4_900, "CNY", 1)
    assert 'value="49" checked' in client.get(price_url(cast)).text
    answer = client.post(price_url(cast), data=form(preset="other", amount="19.90"))
    assert answer.status_code == 303
    db.session.rollback()
    assert db.session.scalars(sa.select(QuestionPrice.amount)).one() == 1_990
    assert 'value="19.90"' in client.get(price_url(cast)).text
    owner = cast.client("owner")
    assert price_url(cast) in owner.get(f"/p/{cast.slug}/members/{member_id(cast, 'guest')}").text
    assert owner.post(price_url(cast), data=form(preset="")).status_code == 303
    assert db.session.scalar(sa.select(sa.func.count()).select_from(QuestionPrice)) == 0


@pytest.mark.parametrize(
    ("changes", "typed"),
    [
        ({"preset": "other", "amount": "0.5"}, "0.5"),
        ({"preset": "other", "amount": "viel"}, "viel"),
        ({"preset": "other", "amount": ""}, ""),
        ({"currency": "XXX"}, "XXX"),
        ({"free_per_week": "-1"}, "-1"),
        ({"free_per_week": "101"}, "101"),
    ],
)
def test_a_wrong_price_is_told_and_what_was_typed_stands(
    cast: Cast, noon: datetime, changes: dict[str, str], typed: str
) -> None:
    answer = cast.client("guest").post(price_url(cast), data=form(**changes))
    assert answer.status_code == 422
    assert "field--bad" in answer.text
    if "currency" not in changes:
        assert typed in answer.text
    assert db.session.scalar(sa.select(QuestionPrice)) is None


def ask_form(cast: Cast, text: str = "为何？", **more: str) -> dict[str, str]:
    return {"text": text, "addressee": member_id(cast, "guest"), "draft": KEY, "tab": "t", "rev": "0",
            **more}  # fmt: skip


def pay(client: FlaskClient, where: str) -> str:
    """Press the demo's button; returns where the asker is sent."""
    ref = where.rsplit("/", 1)[1]
    return client.post(f"/demo-checkout/{ref}/pay").headers["Location"]


def path(address: str) -> str:
    return "/" + address.split("//", 1)[-1].split("/", 1)[1]


def test_from_the_form_to_the_question(cast: Cast, noon: datetime) -> None:
    cost(cast)
    client = cast.client("member")
    page = client.get(f"/p/{cast.slug}/ask").text
    assert "49" in page
    # The price is never taken from a form.
    sent = client.post(f"/p/{cast.slug}/ask", data=ask_form(cast, amount="1", price="1"))
    assert sent.status_code == 303
    assert "/demo-checkout/" in sent.headers["Location"]
    order = db.session.scalars(sa.select(Order)).one()
    assert (order.kind, order.amount) == ("question", 4_900)
    assert order.wish["cancel_url"].endswith(f"/p/{cast.slug}/ask?draft={KEY}")
    assert client.get(path(sent.headers["Location"])).status_code == 200
    page = client.get(f"/p/{cast.slug}/orders/{order.public_id}")
    assert "为何？" in page.text
    assert client.get(path(order.wish["cancel_url"])).status_code == 200
    back = pay(client, sent.headers["Location"])
    page = client.get(path(back))
    assert (page.status_code, page.headers["Refresh"]) == (200, "4")
    work()
    page = client.get(path(back))
    assert f"/p/{cast.slug}/t/{KEY}" in page.text
    assert "Refresh" not in page.headers
    # Sent once more, as by the button of the browser: the question, and no other order.
    again = client.post(f"/p/{cast.slug}/ask", data=ask_form(cast))
    assert KEY in again.headers["Location"]
    assert (count_questions(), db.session.query(Order).count()) == (1, 1)


def test_a_silent_provider_loses_nothing(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost(cast)
    client = cast.client("member")
    with monkeypatch.context() as patch:
        patch.setattr("app.billing.demo_gateway.DemoGateway.open_checkout", _silent)
        sent = client.post(f"/p/{cast.slug}/ask", data=ask_form(cast, "一个长问题"))
    assert "一个长问题" in client.get(sent.headers["Location"]).text
    sent = client.post(f"/p/{cast.slug}/ask", data=ask_form(cast, "一个长问题", rev="1"))
    assert "/demo-checkout/" in sent.headers["Location"]
    assert db.session.query(Order).count() == 1


def _silent(*_args: object) -> None:
    raise GatewayError("silent")


@pytest.mark.parametrize("end", ["answered", "declined", "withdrawn", "late"])
def test_the_order_tells_how_it_ended(cast: Cast, noon: datetime, end: str) -> None:
    cost(cast)
    order = ask_paid(cast)
    topic = topic_of(order)
    later = noon + timedelta(days=8) if end == "late" else noon
    with clock.fixed(later):
        if end in ("answered", "late"):
            put_answer(cast, "guest", topic)
        elif end == "declined":
            act_on(cast, "guest", topic, verbs.decline, reason="不在行")
        else:
            act_on(cast, "member", topic, verbs.withdraw)
        work()
        for persona, page in (
            ("member", f"/p/{cast.slug}/orders/{order.public_id}"),
            ("member", f"/p/{cast.slug}/asked"),
            ("member", f"/p/{cast.slug}/purchases"),
            ("member", f"/p/{cast.slug}/t/{topic}"),
            ("guest", f"/p/{cast.slug}/inbox?show={'answered' if end == 'late' else end}"),
        ):
            assert cast.client(persona).get(page).status_code == 200, page
    assert state_of(order) == ("paid" if end == "answered" else "refunded")


def test_the_inbox_says_paid_and_until_when(cast: Cast, noon: datetime) -> None:
    cost(cast)
    ask_paid(cast)
    for persona, page in (("guest", "inbox"), ("member", "asked"), ("admin", "inbox?of=all")):
        text = cast.client(persona).get(f"/p/{cast.slug}/{page}").text
        assert (noon + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M") in text, page


def test_nobody_but_the_owner_learns_who_asked_anonymously(cast: Cast, noon: datetime) -> None:
    cost(cast)
    cast.set_membership("member", nickname="zqaskerqz", name_key="zqaskerqz")
    order = ask_paid(cast, anonymous=True, private=True)
    other = go_to_pay(cast, text="还没付", anonymous=True)
    topic = topic_of(order)
    put_answer(cast, "guest", topic)
    work()
    home = f"/p/{cast.slug}"
    pages = [
        f"{home}/inbox", f"{home}/inbox?show=answered", f"{home}/inbox?of=all&show=answered",
        f"{home}/t/{topic}", f"{home}/q/{topic}/log", f"{home}/audit", f"{home}/purchases",
        f"{home}/orders/{order.public_id}", f"{home}/orders/{other.public_id}",
        f"/demo-checkout/{order.provider_ref}", f"/demo-checkout/{other.provider_ref}",
        home, "/notifications", "/questions",
    ]  # fmt: skip
    marks = ("zqaskerqz", "王小雨", "member@example.test", cast.public_ids["member"])
    for persona in ("partner", "admin", "guest", "other"):
        client = cast.client(persona)
        for page in pages:
            own = page.endswith((order.public_id, other.public_id)) or "demo-checkout" in page
            text = client.get(page, follow_redirects=True).text
            hidden = marks if own else (*marks, order.public_id)
            assert [mark for mark in hidden if mark in text] == [], page
            assert not own or client.get(page).status_code == 404, page
        if persona in ("partner", "admin"):
            actor = cast.actor(persona)
            story = find_story(actor, member_id(cast, "member"))
            assert story.bought == []
            assert [h.kind for h in story.happenings if h.kind.startswith(("order", "pay"))] == []
            assert [notice.kind for notice in list_told(actor, cast.users["member"])] == []
        shown = sa.select(Order.id).where(shown_to(cast.actor(persona)))
        assert list(db.session.scalars(shown)) == []
    assert db.session.scalars(sa.select(Topic.author_id)).one() is None
    assert cast.client("member").get(f"{home}/orders/{order.public_id}").status_code == 200
    for mail in db.session.scalars(sa.select(Mail)):
        if mail.to_address != "member@example.test":
            assert not any(mark in str(mail.letter) for mark in marks)
