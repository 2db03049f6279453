"""My membership: until when, what going on costs, grace, subscription, purchases; coming back."""

from datetime import UTC, datetime, timedelta

from app.kernel import clock
from app.kernel.db import unit_of_work
from app.memberships import actions
from tests.billing.buying import buy, do, sell, work
from tests.cast import Cast
from tests.discussion.threads import put_question

START = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)


def page(cast: Cast, path: str = "/me", persona: str = "stranger") -> str:
    """Return a page of the planet in English."""
    client = cast.client(persona)
    return client.get(f"/p/{cast.slug}{path}", headers={"Accept-Language": "en"}).text


def test_it_says_until_when_and_what_going_on_costs(cast: Cast) -> None:
    with clock.fixed(START):
        order = buy(cast, "stranger", sell(cast))
        text = page(cast)
    assert "Sep 16, 2027" in text
    assert "¥159.20" in text.replace("CN¥", "¥")
    assert "Take it back" in text
    assert order.public_id in text


def test_the_days_of_grace_are_named_with_their_last(cast: Cast) -> None:
    with clock.fixed(START):
        cast.set_planet(grace_days=7)
        buy(cast, "stranger", sell(cast))
    with clock.fixed(START + timedelta(days=366)):
        text = page(cast)
    assert "Sep 23, 2027" in text
    assert "the days of grace run" in text


def test_a_subscription_can_be_cancelled_and_resumed_there(cast: Cast) -> None:
    with clock.fixed(START):
        order = buy(cast, "stranger", sell(cast, term="month", mode="subscription", term_count=1))
        assert "renews by itself on Oct 16, 2026 for" in page(cast)
        client = cast.client("stranger")
        client.post(f"/p/{cast.slug}/orders/{order.public_id}/subscription", data={"deed": "end"})
        assert "Your subscription is cancelled" in page(cast)
        do(order, "resume")
        assert "renews by itself on" in page(cast)


def test_the_day_of_the_next_charge_is_that_of_the_subscription_alone(cast: Cast) -> None:
    with clock.fixed(START):
        buy(cast, "stranger", sell(cast))
        buy(cast, "stranger", sell(cast, term="month", mode="subscription", term_count=1))
        text = page(cast)
    assert "renews by itself on Oct 16, 2026 for" in text
    assert "Oct 16, 2027" in text


def test_whoever_left_comes_back_to_the_time_he_bought(cast: Cast) -> None:
    with clock.fixed(START):
        buy(cast, "stranger", sell(cast))
        with unit_of_work():
            actions.leave(cast.actor("stranger"))
        assert "/return" in page(cast, "/about")
        assert "/return" not in page(cast, "/about", "left")
        cast.client("stranger").post(f"/p/{cast.slug}/return")
        assert cast.actor("stranger").inside


def test_nobody_comes_back_to_time_that_is_over(cast: Cast) -> None:
    with clock.fixed(START):
        buy(cast, "stranger", sell(cast))
        with unit_of_work():
            actions.leave(cast.actor("stranger"))
    with clock.fixed(START + timedelta(days=366)):
        cast.client("stranger").post(f"/p/{cast.slug}/return")
        assert not cast.actor("stranger").inside


def test_the_page_of_renewing_shows_what_i_did_this_year(cast: Cast) -> None:
    with clock.fixed(START):
        buy(cast, "stranger", sell(cast))
        put_question(cast, "stranger")
        work()
        text = page(cast, "/buy")
    assert "What you did here in the last twelve months." in text


def test_home_says_when_my_time_ends_soon_unless_it_renews_by_itself(cast: Cast) -> None:
    with clock.fixed(START):
        order = buy(cast, "stranger", sell(cast, term="month", mode="subscription", term_count=1))
    with clock.fixed(START + timedelta(days=25)):
        home = {"headers": {"Accept-Language": "en"}}
        assert "Ends on" not in cast.client("stranger").get("/", **home).text
        do(order, "end")
        assert "Ends on Oct 16, 2026" in cast.client("stranger").get("/", **home).text
