"""Finding members by what they hold, and one member's whole story."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.billing.actions import staffing
from app.billing.models import Order
from app.billing.queries import subscribers, timeline
from app.billing.queries.subscribers import Sieve, count_subscribers, list_subscribers
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound, Refused
from app.notifications.told import list_told
from tests.billing.buying import buy, do, sell, work
from tests.cast import PEOPLE, Cast
from tests.memberships.people import row

DAY = timedelta(days=1)


def found(cast: Cast, **sieve: object) -> set[str]:
    """Return the personas whom a sieve holds."""
    names = {name: persona for persona, (name, _role) in PEOPLE.items()}
    rows, _cursor = list_subscribers(cast.actor("admin"), sieve=Sieve(**sieve))  # type: ignore[arg-type]
    assert len(rows) == count_subscribers(cast.actor("admin"), sieve=Sieve(**sieve))  # type: ignore[arg-type]
    return {names[line.name] for line in rows}


def test_sifted_by_everything(noon: datetime, cast: Cast) -> None:
    year = sell(cast)
    order = buy(cast, "stranger", year)
    buy(cast, "member", year)
    with unit_of_work():
        staffing.extend(
            cast.actor("admin"),
            member_id=row(cast, "expired").public_id,
            days=5,
            reason="补偿",
            token="a-one-time-token-of-a-form",
        )
    assert found(cast, plan=year) == {"stranger", "member"}
    assert found(cast, source="paid") == {"stranger", "member"}
    assert found(cast, source="comp") == {"expired"}
    assert found(cast, standing="grace") == {"grace"}
    assert found(cast, standing="removed") == {"removed"}
    assert found(cast, standing="active", source="comp") == {"expired"}
    assert found(cast, ends_from=noon, ends_before=noon + 6 * DAY) == {"expired"}
    assert found(cast, name="小雨") == {"member"}
    assert found(cast, name="#5") == {"member"}
    assert found(cast, name=order.public_id) == {"stranger"}
    assert found(cast, name="%") == found(cast, plan="nosuchplan") == set()
    assert "pending" not in found(cast)


def test_a_line_says_plan_and_origin(cast: Cast) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    lines, _ = list_subscribers(cast.actor("admin"), sieve=Sieve(name="冯远"))
    assert [(line.plan_ref, line.source, line.standing) for line in lines] == [
        (plan, "order", "active")
    ]
    assert subscribers.list_plan_names(cast.actor("admin")) == {plan: "年度"}


def test_pages_neither_repeat_nor_miss(cast: Cast) -> None:
    everybody, _ = list_subscribers(cast.actor("admin"), sieve=Sieve())
    seen, after = [], ""
    while True:
        page, after = list_subscribers(cast.actor("admin"), sieve=Sieve(), after=after, limit=3)
        seen += page
        if not after:
            break
    assert (
        seen == everybody == list(subscribers.each_subscriber(cast.actor("admin"), sieve=Sieve()))
    )


def test_for_staff_alone(cast: Cast) -> None:
    for persona in ("guest", "member"):
        with pytest.raises(Refused):
            list_subscribers(cast.actor(persona), sieve=Sieve())
        with pytest.raises(Refused):
            timeline.find_story(cast.actor(persona), row(cast, "member").public_id)
        with pytest.raises(Refused):
            list_told(cast.actor(persona), cast.users["member"])
    with pytest.raises(NotFound):
        timeline.find_story(cast.actor("admin"), "nosuchmember")


def test_the_whole_story(noon: datetime, cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    member = row(cast, "stranger").public_id
    actor = cast.actor("admin")
    with unit_of_work():
        staffing.extend(
            actor, member_id=member, days=7, reason="停机", token="a-one-time-token-of-a-form"
        )
        staffing.resend_receipt(actor, order_id=order.public_id, token="a-one-time-token-of-a-form")
    do(order, "dispute")
    do(db.session.get_one(Order, order.id), "lose")
    work()
    story = timeline.find_story(actor, member)
    kinds = {happening.kind for happening in story.happenings}
    assert {
        "member.joined",
        "order.placed",
        "order.paid",
        "payment",
        "order.disputed",
        "dispute",
        "order.charged_back",
        "access.granted",
        "access.revoked",
        "trail",
    } <= kinds
    acts = [h.data["action"] for h in story.happenings if h.kind == "trail"]
    assert {"comp.give", "receipt.resend"} <= set(acts)
    assert [item.order.public_id for item in story.bought] == [order.public_id]
    assert {e.source for e in story.entitlements} == {"order", "comp"}
    assert story.user_id == cast.users["stranger"]
    moments = [happening.at for happening in story.happenings]
    assert moments == sorted(moments, reverse=True)
