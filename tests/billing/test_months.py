"""R7: months are counted in the planet's zone from the day they began; nobody's end moves by a setting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.billing.demo_gateway import find_state
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.memberships.models import Entitlement
from app.memberships.settling import settle
from tests.billing.buying import at, buy, do, open_order, sell
from tests.cast import Cast
from tests.memberships.people import row

MONTH: dict[str, Any] = {"term": "month", "term_count": 1}
# 1 March, 07:00 in Shanghai: still February in UTC.
BOUGHT = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("", datetime(2026, 3, 31, 23, 0, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 3, 31, 23, 0, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
    ],
)
def test_r7_a_month_is_one_of_the_planets_zone(cast: Cast, zone: str, end: datetime) -> None:
    cast.set_planet(timezone=zone)
    with clock.fixed(BOUGHT):
        buy(cast, "stranger", sell(cast, **MONTH))
        assert at(cast, "stranger") == end


@pytest.mark.parametrize("days", [((1, 31), (2, 20), (3, 20)), ((1, 31),)])
def test_r7_three_months_one_by_one_end_as_three_at_once(
    cast: Cast, days: tuple[tuple[int, int], ...]
) -> None:
    plan = sell(cast, term="month", term_count=3 // len(days))
    for month, day in days:
        with clock.fixed(datetime(2026, month, day, 4, tzinfo=UTC)):
            buy(cast, "stranger", plan)
            end = at(cast, "stranger")
    assert end == datetime(2026, 4, 30, 4, tzinfo=UTC)


def test_a_zone_that_is_chosen_later_moves_nobodys_end(cast: Cast) -> None:
    sent = {"refund_hours": "72", "renewal_days": "30", "renew_early_percent": "80",
            "renew_grace_percent": "90", "renew_late_percent": "100"}  # fmt: skip
    with clock.fixed(BOUGHT):
        buy(cast, "stranger", sell(cast, **MONTH))
        before = at(cast, "stranger")
        owner = cast.client("owner")
        owner.set_cookie("language", "en")
        page = "/p/orbit/settings/prices"
        assert "As the site: Asia/Shanghai" in owner.get(page).get_data(as_text=True)
        bad = owner.post(page, data={**sent, "timezone": "Mars/Base"})
        assert bad.status_code == 422
        answer = owner.post(page, data={**sent, "timezone": "America/New_York"})
        assert answer.status_code == 303
        assert cast.entry("owner")[0].zone == "America/New_York"
        with unit_of_work():
            settle(row(cast, "stranger"))
        assert at(cast, "stranger") == before


def test_what_was_granted_by_the_older_count_keeps_its_end(cast: Cast) -> None:
    with clock.fixed(BOUGHT), unit_of_work() as session:
        member = row(cast, "left")
        member.left_at = None
        session.query(Entitlement).filter_by(membership_id=member.id).delete()
        session.add(
            Entitlement(
                membership_id=member.id,
                source="order",
                source_ref="older",
                environment="demo",
                starts_at=BOUGHT,
                months=1,
                created_at=BOUGHT,
                since_at=BOUGHT,
            )
        )
        settle(member)
    stood = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    with clock.fixed(BOUGHT):
        assert at(cast, "left") == stood
    with clock.fixed(BOUGHT + timedelta(days=9)):
        buy(cast, "left", sell(cast, **MONTH))
        assert at(cast, "left") == datetime(2026, 4, 30, 23, 0, tzinfo=UTC)


def test_the_demo_counts_periods_from_the_anchor_as_stripe_does(cast: Cast) -> None:
    start = datetime(2026, 1, 31, 4, tzinfo=UTC)
    with clock.fixed(start):
        order = open_order(cast, "stranger", sell(cast, mode="subscription", **MONTH))
        do(order, "pay", "renew", "renew")
        state = find_state(str(order.provider_ref))
    assert state is not None
    ends = [invoice["ends"][:10] for invoice in state["subscription"]["invoices"]]
    assert ends == ["2026-02-28", "2026-03-31", "2026-04-30"]
