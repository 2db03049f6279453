"""The marker crawl: every address with every id, for every persona; no word reaches the wrong eyes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from werkzeug.routing import Rule

from tests.cast import PERSONAS, Cast
from tests.policy.crawling import bytes_of, crawl
from tests.scene import Scene, plant

# Signing out ends the crawl; mails of the development server are the keeper's own.
LEFT_OUT = frozenset({"accounts.sign_out", "styleguide.sheet", "styleguide.page"})
# Ids that fit the addresses of one door alone.
OF_A_KIND = {"memberships": "member_id", "answers": "answer_id"}
# Whose acts change who somebody is.
LEAVING = frozenset({"accounts.sign_out", "accounts.close_for_good", "memberships.send_leave"})
ABOUT: dict[str, Callable[[Scene], list[str]]] = {
    "/t/": lambda scene: list(scene.topics.values()),
    "/q/": lambda scene: list(scene.topics.values()),
    "/c/": lambda scene: list(scene.comments.values()),
    "/a/": lambda scene: scene.values["answer_id"],
    "/members/": lambda scene: scene.values["member_id"],
    "/bookmarks/": lambda scene: list(scene.topics.values()),
}
# Enough for most forms to come back or to be taken; `base` and `rev` are wrong, so that what came
# in between is shown.
FORM = {"text": "好", "title": "好", "base": "7", "rev": "7", "draft": "zzzzzzzzzzzz", "mark": "pinned",
        "reason": "好", "note": "好", "on": "1", "show": "all", "do": "preview"}  # fmt: skip


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
            kind = OF_A_KIND.get(rule.endpoint.partition(".")[0], "")
            fitting = scene.values["public_id"] + scene.values.get(kind, [])
            choices = [known.get(name, fitting) for name in names]
            for values in product(*choices):
                found.add(adapter.build(rule.endpoint, dict(zip(names, values, strict=True))))
    return sorted(found)


def _forms(scene: Scene) -> list[str]:
    """Return every address that takes a form, with the ids of what the form is about."""
    found: set[str] = set()
    adapter = scene.cast.app.url_map.bind("x")
    for rule in scene.cast.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in LEAVING:
            continue
        place = next((place for place in ABOUT if place in rule.rule), "")
        ids = ABOUT[place](scene) if place else scene.values["other_ids"]
        names = sorted(rule.arguments)
        choices = [[scene.cast.slug] if name == "slug" else ids for name in names]
        for values in product(*choices):
            found.add(adapter.build(rule.endpoint, dict(zip(names, values, strict=True))))
    return sorted(found)


def _leaks(scene: Scene, persona: str, bodies: dict[str, str]) -> set[tuple[str, str]]:
    return {
        (word, address)
        for address, body in bodies.items()
        for word, readers in scene.words.items()
        # An address typed by us may stand in a redirect or a form: only what we did not send leaks.
        if persona not in readers and word in body and word not in address
    }


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("persona", PERSONAS)
def test_no_word_reaches_who_may_not_read_it(scene: Scene, persona: str) -> None:
    bodies = crawl(scene.cast.client(persona), _addresses(scene))
    assert _leaks(scene, persona, bodies) == set()


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("persona", PERSONAS)
def test_no_word_comes_back_from_a_form(scene: Scene, persona: str) -> None:
    """Also from forms that are refused, wrong or late, and from those that scripts send."""
    # Nobody becomes a member by pressing every button.
    scene.cast.set_planet(joining="invitation")
    client, bodies = scene.cast.client(persona), {}
    for address in _forms(scene):
        for headers in ({}, {"Accept": "application/json"}):
            answer = client.post(address, data=FORM, headers=headers)
            assert answer.status_code < 500, address
            bodies[f"{address} {headers}"] = bytes_of(answer)
    assert _leaks(scene, persona, bodies) == set()


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_crawl_would_notice(scene: Scene) -> None:
    """The owner's crawl meets most words: otherwise silence would prove nothing."""
    bodies = "\n".join(crawl(scene.cast.client("owner"), _addresses(scene)).values())
    readable = [word for word, readers in scene.words.items() if "owner" in readers]
    missing = [word for word in readable if word not in bodies]
    assert missing == []
