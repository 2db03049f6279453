"""Who paid for an anonymous question: by no page can anybody but himself and the owner tell.

Two ways to be sure: the same planet with another asker gives everybody else the same bytes; and no
page that names him holds the number, the price or the moment of his question's order.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import pytest
from flask import Flask

from app.blueprints.insights.words import HEADS
from app.kernel import clock
from tests.cast import assemble
from tests.discussion.threads import member_id
from tests.emptying import empty_database
from tests.policy.asked_and_paid import ASKERS, Asked, part, play
from tests.policy.crawling import crawl

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("noon")]
sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])

# Neither the asker nor the owner; `guest` was asked, `grace` is a member like any other.
OTHERS = ("partner", "admin", "guest", "grace", "expired", "stranger", "visitor")

# Every address of the product that tells of money, access, people or notices, filled by hand.
# {order}: of a question; {bought}: bought openly; {m}: one of the askers.
PAGES = [
    "/", "/notices", "/questions", "/bookmarks", "/discover", "/account", "/dev/mail",
    "{p}", "{p}/about", "{p}/stream", "{p}/ask", "{p}/asked", "{p}/drafts", "{p}/columns", "{p}/tags",
    "{p}/inbox", "{p}/inbox?show=answered", "{p}/inbox?of=all", "{p}/inbox?of=all&show=answered",
    "{p}/inbox?of=all&show=declined",
    "{p}/t/{topic}", "{p}/t/{topic}.md", "{p}/t/{topic}/likers", "{p}/t/{topic}/history",
    "{p}/q/{topic}/log", "{p}/q/{topic}/answer", "{p}/q/{topic}/decline", "{p}/q/{topic}/hand-on",
    "{p}/q/{topic}/reveal", "{p}/q/{topic}/withdraw", "{p}/q/{topic}/hide",
    "{p}/me", "{p}/audit", "{p}/audit?kind=member", "{p}/audit?kind=money", "{p}/members",
    "{p}/members?role=member", "{p}/members/requests", "{p}/members/{m}",
    "{p}/members/{m}/question-price", "{p}/members/{m}/remove", "{p}/people/{u}",
    "{p}/invitations", "{p}/hand-over", "{p}/leave", "{p}/join", "{p}/rules/accept",
    "{p}/plans", "{p}/plans/new", "{p}/plans/{plan}/edit", "{p}/coupons", "{p}/codes", "{p}/comps",
    "{p}/comps?m={m}", "{p}/pause", "{p}/buy", "{p}/gift", "{p}/redeem", "{p}/transfers",
    "{p}/purchases", "{p}/orders/{order}", "{p}/orders/{bought}", "{p}/orders/{order}/refund",
    "{p}/orders/{bought}/refund",
    "/demo-checkout/demo_{order}", "/demo-checkout/demo_{bought}",
    "{p}/subscriptions", "{p}/subscriptions?name={order}", "{p}/subscriptions?name=zqmember",
    "{p}/subscriptions?name=zqother", "{p}/subscriptions?source=paid", "{p}/subscriptions/export",
    "{p}/subscriptions/export?name={order}", "{p}/subscriptions/export?m={m}",
    "{p}/subscriptions/provider", "{p}/subscriptions/{m}", "{p}/subscriptions/{m}/remove",
    "{p}/subscriptions/{m}/orders/{order}/refund", "{p}/subscriptions/{m}/orders/{bought}/refund",
    "{p}/settlements", "{p}/settlements.csv",
    "{p}/ledger", "{p}/ledger.csv", "{p}/ledger?month=2026-08", "{p}/ledger.csv?month=2026-08",
    "{p}/numbers", "{p}/numbers/{table}.csv", "{p}/numbers?months=3",
    "/metrics", "/healthz", "/readyz",
]  # fmt: skip
# Rooms in which no page may be missing above, and what has no page of its own to fill in.
ROOMS = ("billing", "insights", "memberships", "notifications", "questions")
WITHOUT = {
    "memberships.confirm_blank": "the owner's alone, who is none of the others",
    "memberships.invited": "a letter's secret opens it",
    "notifications.mail_off": "a letter's signature opens it",
    "notifications.open_notice": "notices are one's own; the crawl follows their links",
    "notifications.dev_mail_text": "the crawl follows the links of the list",
}
# Lists of many people and things: there it counts what stands in one line.
RANDOM_HEADERS = re.compile(r"(?m)^(X-Request-Id|Set-Cookie|Server-Timing|Content-Length): .*$")
SIGNED = re.compile(r"[\w.-]{20,}\.[\w-]{6}\.[\w-]{27}")
LINES = ("<tr", "<li", "<article", "\n20")


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes ids and secrets come in one order, from the beginning at each call."""
    numbers: Iterator[int] = count()

    def number(below: int) -> int:
        return (next(numbers) * 2_654_435_761 + 12_345_678_901_234_567) % below

    def begin() -> None:
        nonlocal numbers
        numbers = count()

    monkeypatch.setattr(secrets, "randbelow", number)
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size=32: f"{number(10**24):024}")
    return begin


def _steady(body: str) -> str:
    """Return an answer without what is random in each."""
    return SIGNED.sub("", RANDOM_HEADERS.sub("", body))


def _world(app: Flask, asker: str, begin: Callable[[], None]) -> Asked:
    empty_database()
    for shelf in ("markups", "pieces"):
        app.extensions[f"planetarium.{shelf}"].clear()
    begin()
    return play(assemble(app), asker)


def _addresses(world: Asked) -> list[str]:
    cast = world.cast
    values = {
        "p": [f"/p/{cast.slug}"],
        "order": [order.public_id for order in world.orders.values()],
        "bought": [order.public_id for order in world.open_orders],
        "topic": list(world.topics.values()),
        "m": [member_id(cast, asker) for asker in (*ASKERS, "guest")],
        "u": [cast.public_ids[asker] for asker in ASKERS],
        "plan": [world.plan],
        "table": list(HEADS),
    }
    found = list(PAGES)
    for name, choices in values.items():
        found = [
            page.replace(f"{{{name}}}", choice)
            for page in found
            for choice in (choices if f"{{{name}}}" in page else [""])
        ]
    return found


def _seen(world: Asked, persona: str, *, days: int = 10) -> dict[str, str]:
    with clock.fixed(clock.now() + timedelta(days=days)):
        pages = crawl(world.cast.client(persona), _addresses(world))
    return {page: _steady(body) for page, body in pages.items()}


@sqlite_only
@pytest.mark.parametrize("persona", OTHERS)
def test_with_another_asker_others_see_the_same(
    app: Flask, seeded: Callable[[], None], persona: str
) -> None:
    first, second = (_seen(_world(app, asker, seeded), persona) for asker in ASKERS)
    assert list(first) == list(second)
    assert [page for page in first if first[page] != second[page]] == []


@sqlite_only
@pytest.mark.parametrize("persona", ["partner", "admin", "guest", "grace"])
def test_nor_does_it_show_when_the_asker_is_put_out_or_leaves(
    app: Flask, seeded: Callable[[], None], persona: str
) -> None:
    seen = []
    for asker in ASKERS:
        world = _world(app, asker, seeded)
        part(world)
        seen.append(_seen(world, persona, days=18))
    first, second = seen
    assert list(first) == list(second)
    assert [page for page in first if first[page] != second[page]] == []


@sqlite_only
@pytest.mark.parametrize("persona", OTHERS)
def test_no_page_that_names_him_tells_of_his_order(
    app: Flask, seeded: Callable[[], None], persona: str
) -> None:
    world = _world(app, ASKERS[0], seeded)
    for page, body in _seen(world, persona).items():
        for line in _lines(body):
            told = [mark for mark in world.marks if mark in line and mark not in page]
            assert not told or not [name for name in world.names if name in line], (page, told)


def _lines(body: str) -> list[str]:
    """Cut a page into its lines of lists and tables."""
    lines = [body]
    for cut in LINES:
        lines = [part for line in lines for part in line.split(cut)]
    return lines


@sqlite_only
@pytest.mark.parametrize("persona", ["owner", ASKERS[0]])
def test_the_crawl_would_notice(app: Flask, seeded: Callable[[], None], persona: str) -> None:
    """The owner and the asker himself see it: otherwise the silence of others would prove nothing."""
    first, second = (_seen(_world(app, asker, seeded), persona) for asker in ASKERS)
    assert [page for page in first if first[page] != second.get(page)] != []
    body = "\n".join(first.values())
    world = _world(app, ASKERS[0], seeded)
    assert [mark for mark in world.marks if mark not in body] == []


@sqlite_only
def test_no_page_is_forgotten(app: Flask) -> None:
    adapter = app.url_map.bind("planet.test")
    written = {
        adapter.match(page.split("?")[0].format_map(_Any()), "GET")[0] for page in PAGES
    } | set(WITHOUT)
    there = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.partition(".")[0] in ROOMS
    }
    assert there - written == set()


class _Any(dict[str, str]):
    """Fills every placeholder."""

    def __missing__(self, name: str) -> str:
        return "/p/orbit" if name == "p" else "x"
