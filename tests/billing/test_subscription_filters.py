"""Finding members by what is the matter with their payments, and taking the list along."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from app.billing.actions.sync import sync
from app.billing.models import Order, Payment, Refund
from app.billing.queries.subscribers import Sieve, list_subscribers
from app.blueprints.billing.words import method_name
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from tests.billing.asking import cost, go_to_pay
from tests.billing.buying import buy, do, open_order, sell
from tests.billing.stripe_double import StripeDouble
from tests.cast import PEOPLE, Cast
from tests.memberships.people import row

NAMES = {name: persona for persona, (name, _role) in PEOPLE.items()}


def found(cast: Cast, trouble: str, persona: str = "admin") -> set[str]:
    """Return the personas whom a filter of payments holds."""
    lines, _ = list_subscribers(cast.actor(persona), sieve=Sieve(trouble=trouble))
    return {NAMES[line.name] for line in lines}


def listed(cast: Cast, persona: str, **asked: str) -> str:
    """Return the list's page as a persona sees it, without the form above."""
    answer = cast.client(persona).get("/p/orbit/subscriptions", query_string=asked)
    assert answer.status_code == 200
    return answer.get_data(as_text=True).split('id="chosen"')[-1].split("</main")[0]


def test_each_trouble_finds_those_it_is_about(cast: Cast) -> None:
    monthly = sell(cast, term="month", term_count=1, mode="subscription")
    do(buy(cast, "stranger", sell(cast)), "dispute")
    do(buy(cast, "expired", monthly), "miss")
    do(buy(cast, "left", monthly), "end")
    assert found(cast, "disputed") == {"stranger"}
    assert found(cast, "past_due") == {"expired"}
    assert found(cast, "ending") == {"left"}
    assert found(cast, "refund_failed") == set()
    assert "member" in found(cast, "no such trouble")


def test_a_refund_that_failed_is_found_until_one_went_through(
    cast: Cast, stripe: StripeDouble
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    sync(order.id, cause="return")
    charge = db.session.scalars(select(Payment.provider_ref)).one()
    stripe.fail_refund(stripe.refund_by_hand(charge, 19_900)["id"])
    sync(order.id, cause="webhook")
    assert db.session.scalars(select(Refund.state)).one() == "failed"
    assert found(cast, "refund_failed") == {"stranger"}
    stripe.refund_by_hand(charge, 19_900)
    sync(order.id, cause="webhook")
    assert found(cast, "refund_failed") == set()


def test_a_dispute_of_a_paid_question_points_at_nobody(cast: Cast) -> None:
    cost(cast)
    do(go_to_pay(cast, anonymous=True), "pay", "dispute")
    assert found(cast, "disputed", "admin") == found(cast, "disputed", "partner") == set()
    assert found(cast, "disputed", "owner") == {"member"}


def test_the_page_has_the_filter_and_keeps_it(cast: Cast) -> None:
    do(buy(cast, "stranger", sell(cast)), "dispute")
    page = cast.client("owner").get("/p/orbit/subscriptions?trouble=disputed")
    text = page.get_data(as_text=True)
    assert 'value="disputed" selected' in text
    assert "冯远" in text and "王小雨" not in text.split('id="chosen"')[1]


@pytest.mark.parametrize("typed", ["member@example.test", " Member@Example.TEST "])
def test_leaders_find_somebody_by_the_whole_address_and_it_is_written_down(
    cast: Cast, typed: str
) -> None:
    text = listed(cast, "partner", name=typed)
    assert "王小雨" in text and "李安" not in text
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject_id) == ("member.seek_address", row(cast, "member").id)
    assert "@" not in str(entry.data) + entry.reason
    trail = cast.client("owner").get("/p/orbit/audit").get_data(as_text=True)
    assert "member.seek_address" not in trail


@pytest.mark.parametrize(
    "typed", ["member@example", "@example.test", "stranger@example.test", "%@%"]
)
def test_a_part_of_an_address_and_who_is_no_member_find_nobody(cast: Cast, typed: str) -> None:
    text = listed(cast, "owner", name=typed)
    assert "王小雨" not in text and "冯远" not in text


def test_an_admin_does_not_find_by_address(cast: Cast) -> None:
    assert "王小雨" not in listed(cast, "admin", name="member@example.test")
    assert (
        db.session.scalars(select(AuditEntry).filter_by(action="member.seek_address")).all() == []
    )


def test_seeking_addresses_is_limited(cast: Cast) -> None:
    client = cast.client("owner")
    codes = [
        client.get(f"/p/orbit/subscriptions?name=a{n}@example.test").status_code for n in range(62)
    ]
    assert codes[:60] == [200] * 60
    assert codes[-1] == 429


def sheet(cast: Cast, persona: str, language: str = "en") -> list[list[str]]:
    """Return the list of members as a file."""
    client = cast.client(persona)
    client.set_cookie("language", language)
    answer = client.get("/p/orbit/subscriptions/export?source=paid")
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))


def test_the_file_has_orders_and_money_for_who_sees_income(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    heads, line = sheet(cast, "owner")
    assert heads == [
        "Number", "Name", "Role", "Standing", "Plan", "Origin", "Joined", "Last day", "Orders",
        "Last order", "Last payment", "Paid by", "Paid (CNY)", "Given back (CNY)",
    ]  # fmt: skip
    assert line[8:10] == ["1", order.public_id]
    assert line[12:] == ["199.00", "0.00"] or line[12:] == ["199", "0"]
    assert all(len(line[place]) == 10 for place in (6, 7, 10))


def test_the_file_of_an_admin_has_no_money(cast: Cast) -> None:
    buy(cast, "stranger", sell(cast))
    assert sheet(cast, "admin")[0][-1] == "Last day"


def test_heads_are_in_the_readers_language(cast: Cast) -> None:
    buy(cast, "stranger", sell(cast))
    assert sheet(cast, "owner", "zh_Hans")[0][-2:] == ["已付（CNY）", "已退（CNY）"]


def test_an_order_says_how_it_was_paid_and_leads_to_the_provider(
    cast: Cast, stripe: StripeDouble
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref), method="wechat_pay")
    sync(order.id, cause="return")
    charge = db.session.scalars(select(Payment.provider_ref)).one()
    client = cast.client("admin")
    page = client.get(f"/p/orbit/subscriptions/{row(cast, 'stranger').public_id}")
    text = page.get_data(as_text=True)
    assert "微信支付" in text
    assert f"https://dashboard.stripe.com/test/payments/{charge}" in text
    assert db.session.scalars(select(Order.state)).one() == "paid"


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("", ""),
        ("card:visa:4242", "Visa •••• 4242"),
        ("card:american_express:0005", "American Express •••• 0005"),
        ("some_new_way", "Some new way"),
    ],
)
def test_methods_have_names(method: str, said: str) -> None:
    assert method_name(method) == said
