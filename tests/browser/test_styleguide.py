"""Each component and layout, at phone and desktop width, in both themes: what axe and the ruler say."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from app.blueprints.styleguide import PAGES, SHEETS

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
VIEWS = [*SHEETS, *(f"page/{name}" for name in PAGES), "page/feed?as=visitor"]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_is_out_of_reach_and_nothing_runs_over(
    chromium: Browser, live_url: str, size: dict[str, int], theme: str
) -> None:
    context = chromium.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=theme,  # type: ignore[arg-type]
        locale="zh-CN",
        reduced_motion="reduce",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for view in VIEWS:
        page.goto(f"{live_url}/styleguide/{view}")
        complaints += [f"{view}: {line}" for line in findings(page)]
    context.close()
    assert complaints == []


def test_a_finger_finds_every_control(chromium: Browser, live_url: str) -> None:
    context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page = context.new_page()
    small: list[str] = []
    for view in ("controls", "conversation", "page/feed", "page/topic"):
        page.goto(f"{live_url}/styleguide/{view}")
        small += page.eval_on_selector_all(
            ".btn, .act, .tabs__item, .menu__item, .tabbar__item",
            "(all) => all.filter((one) => one.checkVisibility() && one.offsetHeight < 40)"
            ".map((one) => `${one.className} ${one.offsetHeight}`)",
        )
    context.close()
    assert small == []


def findings(page: Page) -> list[str]:
    """Return axe's violations and whether the page is wider than its window, as lines."""
    found = [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for violation in Axe().run(page, options=RULES).response["violations"]
        for node in violation["nodes"][:3]
    ]
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if over > 0:
        found.append(f"runs over by {over} px")
    return found
