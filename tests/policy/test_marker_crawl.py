"""The marker crawl: every address with every id, for every persona; no word reaches the wrong eyes."""

from __future__ import annotations

import re
from itertools import product

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.cast import PERSONAS, Cast
from tests.scene import Scene, plant

# Signing out ends the crawl; mails of the development server are the keeper's own.
LEFT_OUT = frozenset({"accounts.sign_out", "styleguide.sheet", "styleguide.page"})
LINK = re.compile(r"""(?:href|src|action|data-[a-z-]*url)=["']([^"'#]+)""")
ASIDE = ("/static", "/assets", "/sign-out")
LIMIT = 700


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return plant(cast)


def _addresses(scene: Scene) -> list[str]:
    """Return every GET address of the product, filled with every value that could fit."""
    known = {
        "slug": [scene.cast.slug],
        "public_id": scene.values["public_id"],
        "title_slug": ["x"],
    }
    found: set[str] = set()
    rules: list[Rule] = list(scene.cast.app.url_map.iter_rules())
    with scene.cast.app.test_request_context():
        adapter = scene.cast.app.create_url_adapter(None) or scene.cast.app.url_map.bind("x")
        for rule in rules:
            if "GET" not in (rule.methods or ()) or rule.endpoint in LEFT_OUT:
                continue
            names = sorted(rule.arguments)
            choices = [known.get(name, scene.values["public_id"]) for name in names]
            for values in product(*choices):
                found.add(adapter.build(rule.endpoint, dict(zip(names, values, strict=True))))
    return sorted(found)


def _crawl(client: FlaskClient, start: list[str]) -> dict[str, str]:
    """Get all addresses and everything they link to; returns address -> headers and body."""
    waiting, seen = list(start), set(start)
    bodies: dict[str, str] = {}
    while waiting and len(bodies) < len(start) + LIMIT:
        address = waiting.pop(0)
        answer = client.get(address)
        body = answer.get_data(as_text=True) if "html" in answer.content_type else ""
        bodies[address] = f"{answer.headers}\n{answer.get_data().decode('utf-8', 'replace')}"
        links = [*LINK.findall(body), answer.headers.get("Location", "")]
        for link in links:
            path = link.replace("&amp;", "&").removeprefix("http://localhost")
            ours = path.startswith("/") and not path.startswith(ASIDE)
            if ours and path not in seen:
                seen.add(path)
                waiting.append(path)
    return bodies


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("persona", PERSONAS)
def test_no_word_reaches_who_may_not_read_it(scene: Scene, persona: str) -> None:
    bodies = _crawl(scene.cast.client(persona), _addresses(scene))
    leaks = {
        (word, address)
        for address, body in bodies.items()
        for word, readers in scene.words.items()
        # An address typed by us may stand in a redirect or a form: only what we did not send leaks.
        if persona not in readers and word in body and word not in address
    }
    assert leaks == set()


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_crawl_would_notice(scene: Scene) -> None:
    """The owner's crawl meets most words: otherwise silence would prove nothing."""
    bodies = "\n".join(_crawl(scene.cast.client("owner"), _addresses(scene)).values())
    readable = [word for word, readers in scene.words.items() if "owner" in readers]
    missing = [word for word in readable if word not in bodies]
    assert missing == []
