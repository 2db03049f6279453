"""A real browser reads the hostile texts: no script runs, nothing is loaded, nothing mutates."""

import pytest
from playwright.sync_api import Browser

from app.kernel.text import ImageRef, Profile, clean
from app.kernel.text.renderer import Renderer
from tests.kernel.hostile_texts import INJECTIONS
from tests.kernel.safe_html import problems

IMAGES = {"a": ImageRef("/m/a.webp", 10, 20, "描述")}
WRITE = """html => {
  window.ran = [];
  for (const name of ["alert", "confirm", "prompt"]) window[name] = () => window.ran.push(name);
  const box = document.createElement("div");
  document.body.append(box);
  box.innerHTML = html;
  const again = document.createElement("template");
  again.innerHTML = box.innerHTML;
  for (const e of box.querySelectorAll("*"))
    for (const type of ["click", "mouseover", "focus", "error", "toggle"])
      if (e.localName !== "a") e.dispatchEvent(new Event(type));
  return [box.innerHTML, again.innerHTML, window.ran, location.href];
}"""


@pytest.mark.browser
@pytest.mark.parametrize("profile", list(Profile))
def test_nothing_runs_loads_or_mutates_in_a_browser(chromium: Browser, profile: Profile) -> None:
    renderer = Renderer()
    html = "\n".join(renderer.render(clean(s), profile, "t1-", IMAGES) for s in INJECTIONS)
    requested: list[str] = []
    page = chromium.new_page()
    page.on("request", lambda request: requested.append(request.url))
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html><body>"))
    page.goto("http://planet.test/")
    once, twice, ran, address = page.evaluate(WRITE, html)
    page.close()
    assert ran == []
    assert address == "http://planet.test/"
    assert once == twice
    assert not problems(once, image_urls={"/m/a.webp"})
    assert set(requested) <= {"http://planet.test/", "http://planet.test/m/a.webp"}
