"""Pages of planets, people and home in a real browser: what axe and the ruler say, and a way in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, expect

from app.kernel.db import unit_of_work
from app.memberships import actions
from app.memberships.actions import Offer
from app.planets.actions import publish_rules
from app.policy import PlanetRole
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.discussion.threads import post
from tests.emptying import empty_database
from tests.memberships.people import row

pytestmark = pytest.mark.browser

OWNERS = (
    "/",
    "/discover",
    "/planets/new",
    "/p/orbit/about",
    "/p/orbit/settings",
    "/p/orbit/settings/pictures",
    "/p/orbit/settings/joining",
    "/p/orbit/settings/posting",
    "/p/orbit/settings/questions",
    "/p/orbit/settings/privacy",
    "/p/orbit/settings/protection",
    "/p/orbit/rules",
    "/p/orbit/rules/history",
    "/p/orbit/rules/edit",
    "/p/orbit/members",
    "/p/orbit/members?name=nobody",
    "/p/orbit/members/requests",
    "/p/orbit/invitations",
    "/p/orbit/audit",
    "/p/orbit/hand-over",
    "/p/orbit/me",
)
OF_OTHERS = {
    "visitor": ("/", "/discover", "/p/orbit/about"),
    "stranger": ("/", "/p/orbit/join"),
    "pending": ("/", "/p/orbit/about"),
    "expired": ("/", "/p/orbit/about"),
    "removed": ("/p/orbit/about",),
    "member": ("/p/orbit/rules/accept", "/p/orbit/leave"),
}


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    """Return the cast in an empty site, within its context."""
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


def signed_in(
    cast: Cast, chromium: Browser, url: str, persona: str, **more: object
) -> BrowserContext:
    """Return a browser context of the persona's; a visitor's has no session."""
    context = chromium.new_context(reduced_motion="reduce", **more)  # type: ignore[arg-type]
    if persona != "visitor":
        signer = cast.app.session_interface.get_signing_serializer(cast.app)  # type: ignore[attr-defined]
        value = signer.dumps({"_user_id": cast.sign_in(persona)})
        context.add_cookies([{"name": "planetarium", "value": value, "url": url}])
    return context


def furnish(cast: Cast) -> str:
    """Give the planet rules, a topic and an invitation; returns the invitation's path."""
    cast.set_planet(listed=True, joining="approval", join_question="读什么？")
    post(cast, "owner")
    owner = cast.actor("owner")
    with unit_of_work():
        publish_rules(
            owner,
            planet_id=cast.planet_id,
            source="# 规则\n\n- 好好说话",
            html="<h2>规则</h2><ul><li>好好说话</li></ul>",
            based_on=0,
        )
        actions.accept_rules(owner, version=1)
        actions.mute(
            owner, member=row(cast, "other"), until=owner.now.replace(year=2099), reason="吵"
        )
        offer = Offer("stranger@example.test", PlanetRole.GUEST, "欢迎")
        invitation = actions.invite(owner, offer=offer)
        return f"/invitations/{actions.issue_secret(invitation)}"


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(PHONE, "dark", "zh-CN"), (DESKTOP, "light", "en")],
    ids=["phone", "desktop"],
)
def test_nothing_is_out_of_reach(
    cast: Cast, chromium: Browser, live_url: str, size: object, theme: str, language: str
) -> None:
    invitation = furnish(cast)
    member = row(cast, "other").public_id
    pages = OF_OTHERS | {
        "owner": (
            *OWNERS,
            f"/p/orbit/members/{member}",
            f"/p/orbit/members/{member}/remove",
            f"/p/orbit/people/{row(cast, 'owner').public_id}",
        ),
        "visitor": (*OF_OTHERS["visitor"], invitation, "/invitations/none"),
        "stranger": (*OF_OTHERS["stranger"], invitation),
        "admin": (invitation,),
    }
    complaints: list[str] = []

    def note(error: object) -> None:
        complaints.append(str(error))

    for persona, paths in pages.items():
        context = signed_in(
            cast,
            chromium,
            live_url,
            persona,
            viewport=size,
            color_scheme=theme,
            locale=language,
        )
        page = context.new_page()
        page.on("pageerror", note)
        for path in paths:
            page.goto(live_url + path)
            complaints += [f"{persona} {path}: {line}" for line in findings(page)]
        context.close()
    assert complaints == []


@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("persona", ["visitor", "member"])
def test_owner_and_numbers_are_seen_once_at_any_width(
    cast: Cast, chromium: Browser, live_url: str, persona: str, width: int
) -> None:
    context = signed_in(
        cast, chromium, live_url, persona, viewport={"width": width, "height": 900}, locale="en"
    )
    page = context.new_page()
    page.goto(f"{live_url}/p/orbit/about")
    for title in ("The owner", "Honest numbers"):
        expect(page.get_by_role("heading", name=title).filter(visible=True)).to_have_count(1)
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_planet_is_founded_and_joined(
    cast: Cast, chromium: Browser, live_url: str, scripts: bool
) -> None:
    founder = signed_in(cast, chromium, live_url, "stranger", java_script_enabled=scripts)
    page = founder.new_page()
    page.goto(f"{live_url}/planets/new")
    page.fill("[name=name]", "慢读")
    page.fill("[name=slug]", "Admin")
    page.click("main form [type=submit]")
    expect(page.locator(".field--bad [name=slug]")).to_have_value("admin")
    page.fill("[name=slug]", "slow-reading")
    page.click("main form [type=submit]")
    expect(page).to_have_url(f"{live_url}/p/slow-reading/about")
    founder.close()
    joiner = signed_in(cast, chromium, live_url, "member", java_script_enabled=scripts)
    page = joiner.new_page()
    page.goto(f"{live_url}/p/slow-reading/about")
    page.click(".cover__act button")
    expect(page).to_have_url(f"{live_url}/p/slow-reading")
    page.goto(f"{live_url}/p/slow-reading/me")
    expect(page.locator(".facts")).to_contain_text("#2")
    joiner.close()
