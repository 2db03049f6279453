"""Plans: made and sold with one form, changed without touching what was sold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.plans import (
    create_plan,
    edit_plan,
    move_plan,
    put_on_sale,
    retire_plan,
    wish_of,
)
from app.billing.models import Plan, PlanVersion, PriceStep
from app.billing.prices import Step
from app.billing.queries.plans import list_on_sale, list_plans
from app.billing.terms import PlanWish, find_problems, prepare
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.planets.models import Planet
from tests.billing.shop import YEAR, order, sell, version_of
from tests.cast import Cast


def acts() -> list[str]:
    """Return what the trail says, in order."""
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_first_plan_makes_the_planet_one_that_sells(cast: Cast, noon: datetime) -> None:
    with unit_of_work():
        plan = create_plan(cast.actor("owner"), wish=YEAR)
    planet = db.session.get_one(Planet, cast.planet_id)
    assert not planet.paid
    assert list_on_sale(cast.entry("visitor")[0], now=noon) == []
    with unit_of_work():
        put_on_sale(cast.actor("partner"), public_id=plan.public_id)
    db.session.refresh(planet)
    assert planet.paid
    (line,) = list_on_sale(cast.entry("visitor")[0], now=noon)
    assert (line.version.name, line.price, line.seats_left) == ("年度会员", 19_900, None)
    assert acts() == ["plan.create", "plan.sell"]


def test_a_changed_plan_never_changes_sold_terms(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, steps=(Step(29_900, after_seats=5),))
    sold = version_of(plan)
    order(cast, cast.users["stranger"], plan)
    before = {c.name: getattr(sold, c.name) for c in PlanVersion.__table__.columns}
    changed = replace(YEAR, amount=29_900, name="新年度会员", steps=(Step(39_900, after_seats=9),))
    with unit_of_work():
        edit_plan(cast.actor("owner"), public_id=plan.public_id, wish=changed, based_on=1)
    db.session.expire_all()
    again = db.session.get_one(PlanVersion, sold.id)
    assert {c.name: getattr(again, c.name) for c in PlanVersion.__table__.columns} == before
    steps = db.session.query(PriceStep).filter_by(plan_version_id=sold.id).all()
    assert [(step.amount, step.after_seats) for step in steps] == [(29_900, 5)]
    plan = db.session.get_one(Plan, plan.id)
    assert (plan.version, version_of(plan).amount) == (2, 29_900)
    assert wish_of(plan) == prepare(changed, noon)


def test_an_edit_that_changes_nothing_leaves_no_trace(cast: Cast) -> None:
    plan = sell(cast)
    with unit_of_work():
        edit_plan(cast.actor("owner"), public_id=plan.public_id, wish=YEAR, based_on=1)
    assert (plan.version, acts()) == (1, ["plan.create", "plan.sell"])


def test_a_seat_limit_is_not_among_the_terms(cast: Cast) -> None:
    plan = sell(cast)
    wish = replace(YEAR, seat_limit=20)
    with unit_of_work():
        edit_plan(cast.actor("owner"), public_id=plan.public_id, wish=wish, based_on=1)
    assert (plan.version, plan.seat_limit) == (1, 20)


def test_two_editors_do_not_overwrite_each_other(cast: Cast) -> None:
    plan = sell(cast)
    for wish in (replace(YEAR, amount=20_000), replace(YEAR, amount=30_000)):
        if wish.amount == 30_000:
            with pytest.raises(Conflict), unit_of_work():
                edit_plan(cast.actor("partner"), public_id=plan.public_id, wish=wish, based_on=1)
        else:
            with unit_of_work():
                edit_plan(cast.actor("owner"), public_id=plan.public_id, wish=wish, based_on=1)
    assert version_of(db.session.get_one(Plan, plan.id)).amount == 20_000


def test_a_retired_plan_is_not_sold_and_can_be_sold_again(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    with unit_of_work():
        retire_plan(cast.actor("owner"), public_id=plan.public_id)
    planet = cast.entry("visitor")[0]
    assert list_on_sale(planet, now=noon) == []
    assert planet.paid
    with pytest.raises(Conflict), unit_of_work():
        edit_plan(cast.actor("owner"), public_id=plan.public_id, wish=YEAR, based_on=1)
    with unit_of_work():
        put_on_sale(cast.actor("owner"), public_id=plan.public_id)
    assert len(list_on_sale(planet, now=noon)) == 1


def test_plans_are_put_in_order(cast: Cast, noon: datetime) -> None:
    plans = [sell(cast, name=name) for name in ("甲", "乙", "丙")]
    owner = cast.actor("owner")

    def names() -> str:
        return "".join(line.version.name for line in list_plans(owner, cast.entry("owner")[0]))

    assert names() == "甲乙丙"
    for plan, places, expected in (
        (plans[2], -1, "甲丙乙"),
        (plans[2], -1, "丙甲乙"),
        (plans[2], -1, "丙甲乙"),
        (plans[2], 1, "甲丙乙"),
    ):
        with unit_of_work():
            move_plan(owner, public_id=plan.public_id, places=places)
        assert names() == expected
    with unit_of_work():
        retire_plan(owner, public_id=plans[0].public_id)
    assert names() == "丙乙甲"


@pytest.mark.parametrize("persona", ["admin", "guest", "member", "stranger"])
def test_only_who_leads_makes_plans(cast: Cast, persona: str) -> None:
    plan = sell(cast)
    actor = cast.actor(persona)
    with pytest.raises(Refused), unit_of_work():
        create_plan(actor, wish=YEAR)
    for act in (put_on_sale, retire_plan):
        with pytest.raises(Refused), unit_of_work():
            act(actor, public_id=plan.public_id)
    with pytest.raises(Refused):
        list_plans(actor, cast.entry(persona)[0])


def test_a_plan_of_another_planet_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFound), unit_of_work():
        put_on_sale(cast.actor("owner"), public_id="nowhere")


def test_a_fixed_end_is_sold_until_it_comes(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, term="until", until_at=noon + timedelta(days=100), term_count=9)
    assert version_of(plan).term_count == 1
    planet = cast.entry("visitor")[0]
    assert len(list_on_sale(planet, now=noon + timedelta(days=99))) == 1
    assert list_on_sale(planet, now=noon + timedelta(days=100)) == []
    with unit_of_work():
        retire_plan(cast.actor("owner"), public_id=plan.public_id)
    with clock.fixed(noon + timedelta(days=101)), pytest.raises(Invalid), unit_of_work():
        put_on_sale(cast.actor("owner"), public_id=plan.public_id)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": ""}, "name", "plan_name"),
        ({"name": "长" * 61}, "name", "too_long"),
        ({"description": "长" * 501}, "description", "too_long"),
        ({"currency": "XXX"}, "currency", "choice"),
        ({"amount": 0}, "amount", "money_low"),
        ({"amount": 399}, "amount", "money_low"),
        ({"amount": 40, "currency": "JPY"}, "amount", "money_low"),
        ({"amount": 10**9}, "amount", "money_high"),
        ({"compare_amount": 19_900}, "compare_amount", "compare_low"),
        ({"mode": "gift"}, "mode", "choice"),
        ({"term": "week"}, "term", "choice"),
        ({"mode": "subscription", "term": "days"}, "term", "term_subscription"),
        ({"mode": "subscription", "term": "lifetime"}, "term", "term_subscription"),
        ({"mode": "subscription", "term": "until"}, "term", "term_subscription"),
        ({"mode": "subscription", "term_count": 4}, "term_count", "amount"),
        ({"term_count": 0}, "term_count", "amount"),
        ({"term": "days", "term_count": 3_661}, "term_count", "amount"),
        ({"term": "until"}, "until_at", "required"),
        ({"seat_limit": 0}, "seat_limit", "amount"),
        ({"trial_days": 91}, "trial_days", "amount"),
        ({"trial_window_days": -1}, "trial_window_days", "amount"),
        ({"steps": (Step(19_900, after_seats=5),)}, "steps", "step_low"),
        ({"steps": (Step(29_900),)}, "steps", "step_when"),
        ({"steps": (Step(29_900, after_seats=0),)}, "steps", "step_when"),
        ({"steps": (Step(29_900, after_seats=9), Step(39_900, after_seats=5))}, "steps",
         "step_order"),
        ({"steps": tuple(Step(20_000 + n, after_seats=n) for n in range(1, 12))}, "steps",
         "step_count"),
    ],
)  # fmt: skip
def test_what_cannot_be_sold_is_refused_at_the_form(
    noon: datetime, changes: dict[str, object], field: str, code: str
) -> None:
    wish = replace(YEAR, **changes)  # type: ignore[arg-type]
    found = [(problem.field, problem.code) for problem in find_problems(wish, noon)]
    assert found == [(field, code)]


def test_a_fixed_end_lies_ahead_and_not_for_ever(noon: datetime) -> None:
    def code(until: datetime) -> list[str]:
        wish = PlanWish(name="x", amount=1_000, currency="CNY", term="until", until_at=until)
        return [problem.code for problem in find_problems(wish, noon)]

    assert code(noon) == ["past"]
    assert code(noon + timedelta(days=1)) == []
    assert code(noon + timedelta(days=9_999)) == ["far"]
