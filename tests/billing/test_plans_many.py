"""However many plans a planet sells, its pages ask the database as often as for one."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.billing.prices import Step
from tests.billing.shop import sell
from tests.billing.test_coupons import make
from tests.cast import Cast
from tests.discussion.threads import counted


def statements(cast: Cast, persona: str, address: str) -> int:
    """How many statements a page takes, opened a second time."""
    client = cast.client(persona)
    assert client.get(address).status_code == 200
    with counted() as seen:
        client.get(address)
    return len(seen)


@pytest.mark.parametrize(
    ("persona", "address"),
    [
        ("stranger", "/p/orbit/buy"),
        ("stranger", "/p/orbit/buy?coupon=WELCOME"),
        ("expired", "/p/orbit/buy?coupon=WELCOME"),
        ("visitor", "/p/orbit/about"),
        ("expired", "/p/orbit/about"),
        ("stranger", "/p/orbit/gift"),
        ("owner", "/p/orbit/plans"),
    ],
)
def test_three_plans_cost_as_many_statements_as_one(
    noon: datetime, cast: Cast, persona: str, address: str
) -> None:
    make(cast, code="WELCOME", per_person=1)
    wish = {"seat_limit": 50, "steps": (Step(24_900, after_seats=10),), "trial_days": 7}
    sell(cast, **wish)
    one = statements(cast, persona, address)
    for name in ("半年", "两年", "三年"):
        sell(cast, name=name, **wish)
    assert statements(cast, persona, address) == one
    assert one <= 25
