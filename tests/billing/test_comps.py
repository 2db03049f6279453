"""Complimentary access: with a reason, revocable, and without telling who has an account."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.comps import (
    Gift,
    give_to_members,
    list_own_offers,
    offer_by_address,
    revoke_comp,
    revoke_offer,
    take_offer,
)
from app.billing.models import CompOffer
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.memberships.models import Entitlement
from app.policy import Standing
from tests.cast import Cast
from tests.memberships.people import row

TOKEN = "a-one-time-token-of-a-form"


def gift(**values: object) -> Gift:
    return Gift(**{"reason": "义工", "token": TOKEN, "days": 30, **values})  # type: ignore[arg-type]


def give(cast: Cast, *personas: str, persona: str = "admin", **values: object) -> int:
    members = [row(cast, name).public_id for name in personas]
    with unit_of_work():
        return give_to_members(cast.actor(persona), members=members, gift=gift(**values))


def offer(cast: Cast, addresses: str, **values: object) -> int:
    with unit_of_work():
        return offer_by_address(cast.actor("admin"), addresses=addresses, gift=gift(**values))


def test_days_are_added_to_what_is_held_and_twice_is_once(noon: datetime, cast: Cast) -> None:
    assert give(cast, "member", "expired") == 2
    assert give(cast, "member", "expired") == 0
    assert cast.actor("member").expires_at == noon + timedelta(days=295)
    assert cast.actor("expired").expires_at == noon + timedelta(days=30)
    trail = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "comp.give")).all()
    assert [entry.reason for entry in trail] == ["义工", "义工"]


def test_until_a_date_and_for_ever(noon: datetime, cast: Cast) -> None:
    end = noon + timedelta(days=90)
    assert give(cast, "expired", days=0, ends_at=end) == 1
    assert cast.actor("expired").expires_at == end
    assert give(cast, "expired", days=0, token=TOKEN + "2") == 1
    actor = cast.actor("expired")
    assert (actor.standing, actor.expires_at) == (Standing.ACTIVE, None)


def test_who_needs_none_or_was_removed_is_passed_over(cast: Cast) -> None:
    assert give(cast, "guest", "owner", "other", "removed", "pending", "left") == 1
    assert cast.actor("left").standing is Standing.ACTIVE
    assert cast.actor("removed").standing is Standing.REMOVED


def test_it_is_revoked_with_a_reason(noon: datetime, cast: Cast) -> None:
    give(cast, "expired")
    comp = db.session.query(Entitlement).filter_by(source="comp").one()
    with pytest.raises(Invalid), unit_of_work():
        revoke_comp(cast.actor("admin"), ref=comp.source_ref, reason="")
    for _ in range(2):
        with unit_of_work():
            revoke_comp(cast.actor("admin"), ref=comp.source_ref, reason="弄错了人")
    assert cast.actor("expired").standing is Standing.EXPIRED
    assert db.session.query(AuditEntry).filter_by(action="comp.revoke").count() == 1


def test_nothing_that_was_paid_for_is_revoked_so(cast: Cast) -> None:
    bought = db.session.query(Entitlement).filter_by(membership_id=row(cast, "member").id).one()
    with pytest.raises(NotFound), unit_of_work():
        revoke_comp(cast.actor("admin"), ref=bought.source_ref, reason="x")


def test_an_offer_by_address_tells_nothing_and_waits_for_its_owner(cast: Cast) -> None:
    cast.set_planet(joining="invitation")
    known, unknown = "stranger@example.test", "nobody@example.test"
    assert offer(cast, known) == offer(cast, unknown) == 1
    # The list of members says nothing either: nothing happened to anybody.
    assert cast.actor("stranger").standing is Standing.VISITOR
    (mine,) = list_own_offers(cast.actor("stranger"))
    assert list_own_offers(cast.actor("member")) == list_own_offers(cast.actor("visitor")) == []
    with pytest.raises(NotFound), unit_of_work():
        take_offer(cast.actor("expired"), offer_id=mine.public_id)
    with unit_of_work():
        take_offer(cast.actor("stranger"), offer_id=mine.public_id)
    assert cast.actor("stranger").standing is Standing.ACTIVE
    with pytest.raises(NotFound), unit_of_work():
        take_offer(cast.actor("stranger"), offer_id=mine.public_id)
    with pytest.raises(Conflict), unit_of_work():
        revoke_offer(cast.actor("admin"), offer_id=mine.public_id)


def test_offers_are_read_from_a_list_once_each_and_can_be_taken_back(cast: Cast) -> None:
    typed = "Stranger@Example.test， b@example.test\nstranger@example.test;c@example.test"
    assert offer(cast, typed) == 3
    assert offer(cast, typed) == 3
    assert db.session.query(CompOffer).count() == 3
    (mine,) = list_own_offers(cast.actor("stranger"))
    with unit_of_work():
        revoke_offer(cast.actor("admin"), offer_id=mine.public_id)
    with pytest.raises(NotFound), unit_of_work():
        take_offer(cast.actor("stranger"), offer_id=mine.public_id)


def test_an_offer_until_a_day_ends_with_it(noon: datetime, cast: Cast) -> None:
    offer(cast, "stranger@example.test", days=0, ends_at=noon + timedelta(days=1))
    with clock.fixed(noon + timedelta(days=1)):
        assert list_own_offers(cast.actor("stranger")) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"days": 3_661}, "days"),
        ({"days": -1}, "days"),
        ({"token": "short"}, "token"),
        ({"days": 0, "ends_at": datetime.fromisoformat("2020-01-01T00:00:00+00:00")}, "ends_at"),
    ],
)
def test_bad_forms_name_the_field(cast: Cast, values: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as invalid:
        give(cast, "member", **values)
    assert invalid.value.field == field


@pytest.mark.parametrize("addresses", ["", "no address", "a@b", "a@example.test " + "x" * 300])
def test_bad_addresses_are_told(cast: Cast, addresses: str) -> None:
    with pytest.raises(Invalid) as invalid:
        offer(cast, addresses)
    assert invalid.value.field == "addresses"


@pytest.mark.parametrize("persona", ["guest", "member", "stranger"])
def test_staff_alone_give(cast: Cast, persona: str) -> None:
    with pytest.raises(Refused):
        give(cast, "expired", persona=persona)
    with pytest.raises(Refused), unit_of_work():
        offer_by_address(cast.actor(persona), addresses="a@example.test", gift=gift())


def test_all_refused_addresses_are_named_and_everything_typed_is_kept(cast: Cast) -> None:
    form = {
        "addresses": "good@example.test\nnobody\nalso@bad\n李雷",
        "how": "days",
        "days": "0",
        "reason": "谢谢帮忙",
        "token": "t" * 20,
    }
    answer = cast.client("owner").post(f"/p/{cast.slug}/comps", data=form)
    assert answer.status_code == 422
    assert "nobody · also@bad · 李雷" in answer.text
    assert "good@example.test\nnobody\nalso@bad\n李雷</textarea>" in answer.text
    assert "谢谢帮忙" in answer.text
    # The days are wrong as well, and both are said.
    assert answer.text.count("field__error") >= 2
    assert db.session.query(CompOffer).count() == 0
