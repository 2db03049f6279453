"""Reminders of a term's end: each once, the newest only, to nobody whose time goes on by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.models import User
from app.billing.actions.pausing import pause_planet
from app.billing.actions.reminders import find_due, remind
from app.billing.models import Plan, Reminder
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications.models import Mail
from tests.billing.buying import buy, do, sell, work
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox, text_of
from tests.notifications.telling import kinds, said

START = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)
END = START + timedelta(days=365)


@pytest.fixture
def shop(cast: Cast) -> Iterator[Cast]:
    """A planet that sells a year; the stranger bought one at START, the others' time is long over."""
    with clock.fixed(START):
        for persona in ("member", "grace", "expired"):
            cast.set_membership(persona, expires_at=None)
        plan = sell(cast)
        buy(cast, "stranger", plan)
        work()
    yield cast


def run(moment: datetime, times: int = 1) -> int:
    """Let the timed job run at a moment; returns how many were reminded."""
    with clock.fixed(moment):
        told = sum(remind() for _ in range(times))
        work()
    return told


@pytest.mark.parametrize(
    ("before", "due"),
    [
        *((31, None), (30, 30), (8, 30), (7, 7), (3, 3), (1, 1), (0.5, 1), (0, None)),
        *((-2, None), (-3, -3), (-9, -3), (-10, None)),
    ],
)
def test_which_one_is_due(before: float, due: int | None) -> None:
    moment = END - timedelta(days=before)
    assert find_due(END, granted_at=START, now=moment) == due


def test_a_mark_before_the_purchase_says_nothing_new() -> None:
    ends = START + timedelta(days=10)
    assert find_due(ends, granted_at=START, now=START + timedelta(hours=1)) is None
    assert find_due(ends, granted_at=START, now=START + timedelta(days=3)) == 7


def test_each_is_sent_once_although_the_job_runs_twice(shop: Cast) -> None:
    sent = [run(END - timedelta(days=days), times=2) for days in (40, 30, 29, 7, 3, 1, 0, -3, -4)]
    assert sent == [0, 1, 0, 1, 1, 1, 0, 1, 0]
    rows = db.session.query(Reminder.days).order_by(Reminder.id).all()
    assert [row.days for row in rows] == [30, 7, 3, 1, -3]


def test_after_days_without_a_run_only_the_newest_is_sent(shop: Cast) -> None:
    assert run(END - timedelta(days=2, hours=1)) == 1
    assert run(END - timedelta(days=2)) == 0
    with clock.fixed(END - timedelta(days=2)):
        assert kinds(shop, "stranger").count("term_ends") == 1


def test_the_mail_speaks_the_members_language_and_zone_and_says_the_price(shop: Cast) -> None:
    mailbox = Mailbox(shop.app)
    with unit_of_work() as session:
        user = session.get_one(User, shop.users["stranger"])
        user.language, user.timezone = "zh_Hans", "Asia/Shanghai"
    run(END - timedelta(days=7))
    text = text_of(mailbox.one_to("stranger"))
    assert "2027年9月16日" in text
    # 80 % of 199 yuan, as the quote says.
    assert "¥159.20" in text
    assert "/notices/" in text


def test_whoever_renews_by_himself_is_told_nothing(cast: Cast) -> None:
    with clock.fixed(START):
        plan = sell(cast, term="month", term_count=1, mode="subscription")
        order = buy(cast, "stranger", plan)
        work()
    with clock.fixed(START):
        ends = cast.actor("stranger").expires_at
    assert ends is not None
    near = ends - timedelta(days=3)
    with clock.fixed(near):
        assert "term_ends" not in kinds(cast, "stranger")
        remind()
        assert "term_ends" not in kinds(cast, "stranger")
        do(order, "end")
        remind()
        assert kinds(cast, "stranger").count("term_ends") == 1


def test_a_reminder_is_gone_once_he_renews(shop: Cast) -> None:
    moment = END - timedelta(days=7)
    plan = shop_plan(shop)
    with clock.fixed(moment):
        remind()
        assert "term_ends" in kinds(shop, "stranger")
        buy(shop, "stranger", plan)
        assert "term_ends" not in kinds(shop, "stranger")
        assert remind() == 0


def test_a_mail_written_before_he_renews_is_dropped(shop: Cast) -> None:
    with clock.fixed(END - timedelta(days=7)):
        remind()
        db.session.rollback()
        buy(shop, "stranger", shop_plan(shop))
        mailbox = Mailbox(shop.app)
        mailbox.collect()
        assert not [m for m in mailbox.to("stranger") if "2027" in text_of(m)]
        assert (
            db.session.query(Mail).filter(Mail.sent_at.is_(None), Mail.dropped_at.is_(None)).count()
            == 0
        )


@pytest.mark.parametrize("fate", ["left", "removed", "guest", "paused", "free"])
def test_nobody_else_is_told(shop: Cast, fate: str) -> None:
    with clock.fixed(END - timedelta(days=7)):
        if fate == "left":
            shop.set_membership("stranger", left_at=clock.now())
        elif fate == "removed":
            shop.set_membership("stranger", removed_at=clock.now())
        elif fate == "guest":
            shop.set_membership("stranger", role="guest")
        elif fate == "paused":
            with unit_of_work():
                pause_planet(shop.actor("owner"))
        else:
            shop.set_planet(paid=False)
        assert remind() == 0


def test_after_the_end_the_grace_is_named(shop: Cast) -> None:
    shop.set_planet(grace_days=7)
    mailbox = Mailbox(shop.app)
    run(END + timedelta(days=3))
    text = text_of(mailbox.one_to("stranger"))
    assert "2027年9月23日" in text
    assert said_last(shop, END + timedelta(days=3)) == (
        f"Your membership of {shop.entry('owner')[0].name} ended on September 16, 2027."
    )


def shop_plan(cast: Cast) -> str:
    """Return the plan on sale."""
    return db.session.query(Plan).filter_by(planet_id=cast.planet_id).one().public_id


def said_last(cast: Cast, moment: datetime) -> str | None:
    """Return what the stranger reads last."""
    with clock.fixed(moment):
        return said(cast, "stranger")[-1]
