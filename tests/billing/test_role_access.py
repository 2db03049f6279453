"""Who has the access by a role is charged for none: the subscription ends, and they are told (R25)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.reconcile import reconcile
from app.billing.actions.subscriptions import ask_resume
from app.billing.actions.sync import sync
from app.billing.models import Order, Refund, Subscription
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.memberships import actions
from app.memberships.actions import Offer
from app.memberships.models import Invitation
from app.notifications.models import Notification
from app.policy import PlanetRole
from tests.accounts.browser import Visitor
from tests.billing.buying import buy, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_parting import EMAIL, ENGLISH, monthly, subscribe, told
from tests.cast import Cast
from tests.memberships.people import row
from tests.notifications.mailbox import Mailbox, text_of

DAY = timedelta(days=1)


def give(cast: Cast, role: PlanetRole) -> None:
    """Let the owner give the stranger a role at the door."""
    page = f"/p/{cast.slug}/members/{row(cast, 'stranger').public_id}/role"
    assert cast.client("owner").post(page, data={"role": role.value}).status_code == 303


def hand_over(cast: Cast) -> None:
    """Let the owner make the stranger the owner."""
    form = {"member": row(cast, "stranger").public_id, "confirmation": cast.slug}
    assert cast.client("owner").post(f"/p/{cast.slug}/hand-over", data=form).status_code == 303


def invite(cast: Cast) -> str:
    """Let the owner invite the stranger to be an admin; returns the link's path."""
    offer = Offer(email=EMAIL, role=PlanetRole.ADMIN, note="", ends_at=None)
    with unit_of_work():
        actions.invite(cast.actor("owner"), offer=offer)
    with unit_of_work():
        return (
            f"/invitations/{actions.issue_secret(db.session.scalars(sa.select(Invitation)).one())}"
        )


def accept(cast: Cast) -> None:
    """Let the stranger take up an invitation to be an admin."""
    assert cast.client("stranger").post(invite(cast)).status_code == 303


WAYS = {
    "partner": lambda cast: give(cast, PlanetRole.PARTNER),
    "admin": lambda cast: give(cast, PlanetRole.ADMIN),
    "guest": lambda cast: give(cast, PlanetRole.GUEST),
    "owner": hand_over,
    "invitation": accept,
}


def notices(kind: str) -> int:
    """Return how many notices of a kind there are."""
    db.session.rollback()
    counted = sa.select(sa.func.count()).where(Notification.kind == kind)
    return db.session.scalar(counted) or 0


@pytest.mark.parametrize("way", WAYS)
def test_r25_a_role_ends_the_subscription_and_says_so(
    cast: Cast, stripe: StripeDouble, mailbox: Mailbox, noon: datetime, way: str
) -> None:
    order = subscribe(cast, stripe)
    work()
    mailbox.empty()
    WAYS[way](cast)
    work()
    assert told(stripe, order) == ("active", True)
    assert notices("subscription_needless") == 1
    words = [text_of(mail) for mail in mailbox.to(EMAIL)]
    assert any("Nothing more is charged." in text or "不会再扣款" in text for text in words)
    page = f"/p/{cast.slug}/orders/{order.public_id}"
    text = cast.client("stranger").get(page, headers=ENGLISH).text
    assert "It ends with what is paid and does not renew." in text
    assert "Renew by itself again" not in text


@pytest.mark.parametrize("way", WAYS)
def test_r25_a_role_ends_it_at_the_demo_as_well(cast: Cast, noon: datetime, way: str) -> None:
    order = buy(cast, "stranger", monthly(cast))
    WAYS[way](cast)
    work()
    held = db.session.scalars(sa.select(Subscription)).one()
    assert (held.end_wanted, held.cancel_at_period_end) == ("at_end", True)
    with clock.fixed(noon + 40 * DAY):
        do(order, "renew")
        work()
        db.session.rollback()
        assert db.session.scalars(sa.select(Subscription.status)).one() == "canceled"
    assert db.session.scalars(sa.select(Refund)).all() == []


def test_r25_a_role_and_a_failed_charge_end_it_at_once(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    stripe.become(str(order.subscription_ref), "past_due")
    sync(order.id, cause="webhook")
    give(cast, PlanetRole.ADMIN)
    work()
    assert told(stripe, order)[0] == "canceled"


def test_r26_a_charge_of_staff_that_comes_all_the_same_gives_back_itself(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    give(cast, PlanetRole.PARTNER)
    with clock.fixed(noon + 30 * DAY):
        stripe.renew(str(order.subscription_ref))
        sync(order.id, cause="webhook")
        work()
    kept = db.session.scalars(sa.select(Refund)).all()
    assert [(each.amount, each.reason) for each in kept] == [(2_900, "ended")]


def test_r25_a_checkout_of_who_needs_none_is_closed(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    first = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="webhook")
    second = open_order(cast, "stranger", monthly(cast))
    give(cast, PlanetRole.ADMIN)
    work()
    assert stripe.things[str(second.provider_ref)]["status"] == "expired"


def test_r25_a_subscription_seen_only_after_the_role_came_ends_too(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    first = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="webhook")
    order = open_order(cast, "stranger", monthly(cast))
    stripe.pay(str(order.provider_ref))
    give(cast, PlanetRole.ADMIN)
    order = sync(order.id, cause="webhook")
    work()
    assert told(stripe, order) == ("active", True)


def test_r25_reconciliation_finds_staff_who_are_still_charged(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    cast.set_membership("stranger", role="admin", expires_at=None)
    assert reconcile().failures == []
    work()
    assert told(stripe, order) == ("active", True)
    assert notices("subscription_needless") == 1


def test_r25_what_staff_cancelled_before_is_left_as_it_is(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    stripe.cancel_in_portal(str(order.subscription_ref))
    sync(order.id, cause="webhook")
    give(cast, PlanetRole.ADMIN)
    work()
    reconcile()
    assert db.session.scalars(sa.select(Subscription.end_wanted)).one() == ""
    assert notices("subscription_needless") == 0


def test_r25_staff_cannot_let_it_renew_and_members_again_can(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    give(cast, PlanetRole.ADMIN)
    work()
    with pytest.raises(Conflict, match="role"):
        ask_resume(order.id, cause="buyer")
    page = f"/p/{cast.slug}/orders/{order.public_id}/subscription"
    said = cast.client("stranger").post(
        page, data={"deed": "resume"}, headers=ENGLISH, follow_redirects=True
    )
    assert "Your role here costs nothing" in said.text
    give(cast, PlanetRole.MEMBER)
    work()
    ask_resume(order.id, cause="buyer")
    assert told(stripe, order) == ("active", False)
    work()
    assert told(stripe, order) == ("active", False)


def test_the_pages_say_before_what_becomes_of_the_subscription(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    def page(path: str, persona: str = "owner") -> str:
        return cast.client(persona).get(path, headers=ENGLISH).text

    member = f"/p/{cast.slug}/members/{row(cast, 'member').public_id}"
    subscribe(cast, stripe)
    words = "this subscription ends with what is paid"
    assert words in page(f"/p/{cast.slug}/members/{row(cast, 'stranger').public_id}")
    assert words not in page(member)
    assert "it ends with what is paid, and they are told" in page(f"/p/{cast.slug}/hand-over")
    assert "With this role your subscription ends" in page(invite(cast), "stranger")


def test_a_person_who_browses_without_a_subscription_reads_nothing_of_one(
    cast: Cast, noon: datetime
) -> None:
    page = Visitor(cast.app)
    page.sign_in(EMAIL)
    text = page.get(invite(cast)).text
    assert "subscription" not in text.lower()


def test_two_orders_of_somebody_else_are_untouched(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    cast.set_membership("member", role="admin")
    reconcile()
    assert told(stripe, order) == ("active", False)
    assert db.session.get_one(Order, order.id).state == "paid"
