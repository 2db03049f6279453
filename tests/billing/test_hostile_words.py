"""Whatever people write into forms about money is a text on every page and in every letter."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.billing.models import Order, Payment
from app.kernel.db import db
from app.notifications.models import Mail
from tests.billing.asking import ask_paid, cost
from tests.billing.buying import buy, open_order, sell, work
from tests.cast import Cast
from tests.discussion.threads import member_id
from tests.policy.crawling import crawl

WORDS = "<img src=x onerror=z>{{7*7}}\"'"
RAW = ("<img src=x", "{{49", "onerror=z>")
TOKEN = "a-token-of-a-form-00"


def test_words_about_money_stay_words(cast: Cast, noon: datetime) -> None:
    owner, buyer = cast.client("owner"), cast.client("stranger")
    cast.set_membership("member", nickname=WORDS, name_key="z")
    cost(cast)
    plan = sell(cast, name=WORDS, description=WORDS)
    orders = [buy(cast, "stranger", plan, source=WORDS), buy(cast, "member", plan)]
    orders.append(ask_paid(cast, "member", WORDS))
    home = "/p/orbit"
    told = {
        f"{home}/transfers/note": {"note": WORDS},
        f"{home}/coupons": {"code": "HERE", "percent": "10", "label": WORDS},
        f"{home}/codes": {"name": WORDS, "size": "1", "uses": "1", "lasts": "1", "unit": "days"},
        f"{home}/comps": {
            "m": member_id(cast, "member"), "how": "days", "days": "1", "reason": WORDS, "token": TOKEN,
        },
        f"{home}/subscriptions/{member_id(cast, 'member')}/extend": {
            "days": "1", "reason": WORDS, "token": TOKEN,
        },
        f"{home}/subscriptions/{member_id(cast, 'member')}/orders/{orders[1].public_id}/refund": {
            "payment": str(_payment(orders[1])), "way": "part", "amount": "1", "ends": "at_end",
            "reason": WORDS, "token": TOKEN,
        },
    }  # fmt: skip
    for address, form in told.items():
        assert owner.post(address, data=form).status_code == 303, address
    gift = open_order(cast, "stranger", plan, kind="gift", gateway="transfer")
    stated = buyer.post(f"{home}/orders/{gift.public_id}/transfer", data={"memo": WORDS})
    assert stated.status_code == 303
    declined = {"decline": "1", "reason": WORDS}
    assert owner.post(f"{home}/transfers/{gift.public_id}", data=declined).status_code == 303
    work()
    _crawl(cast, [*orders, gift])
    # What is wrong comes back into its form, and is a text there too.
    wrong = {"name": WORDS, "amount": WORDS, "currency": "CNY", "code": WORDS, "reason": WORDS,
             "label": WORDS, "coupon": WORDS, "note": WORDS * 200, "addresses": WORDS, "memo": WORDS,
             "preset": "other", "member": WORDS, "prefix": WORDS, "token": WORDS}  # fmt: skip
    for client, address in (
        (owner, f"{home}/plans/new"), (owner, f"{home}/coupons"), (owner, f"{home}/codes"),
        (owner, f"{home}/codes/revoke"), (owner, f"{home}/comps"), (owner, f"{home}/shares"),
        (owner, f"{home}/transfers/note"),
        (owner, f"{home}/members/{member_id(cast, 'guest')}/question-price"),
        (buyer, f"{home}/redeem"), (buyer, f"{home}/buy/{plan}"),
    ):  # fmt: skip
        answer = client.post(address, data=wrong)
        assert answer.status_code in (409, 422), (address, answer.status_code)
        assert [raw for raw in RAW if raw in answer.text] == [], address


def _payment(order: Order) -> int:
    return db.session.scalars(sa.select(Payment.id).where(Payment.order_id == order.id)).one()


def _crawl(cast: Cast, orders: list[Order]) -> None:
    home = "/p/orbit"
    pages = [
        home, "/notices", *(f"{home}/orders/{order.public_id}" for order in orders),
        *(f"{home}/{page}" for page in (
            "about", "buy", "gift", "purchases", "me", "audit", "plans", "coupons", "codes", "comps",
            "transfers", "subscriptions", "subscriptions/provider", "ledger", "numbers",
            f"subscriptions/{member_id(cast, 'member')}", f"subscriptions/{member_id(cast, 'stranger')}",
        )),
        *(f"/demo-checkout/{order.provider_ref}" for order in orders),
    ]  # fmt: skip
    seen = ""
    for persona in ("owner", "stranger", "member", "visitor"):
        bodies = crawl(cast.client(persona), pages)
        for page, body in bodies.items():
            if "Content-Type: text/html" in body:
                assert [raw for raw in RAW if raw in body] == [], (persona, page)
        seen += "".join(bodies.values())
    assert seen.count("&lt;img src=x") > 20
    for mail in db.session.scalars(sa.select(Mail)):
        assert "{{49" not in str(mail.letter)
