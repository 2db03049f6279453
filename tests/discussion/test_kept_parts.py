"""Kept parts of pages never mix readers: whatever was drawn before, each is shown his own page."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask

from app.accounts.models import User
from app.blueprints.kept import Shelf
from app.kernel.db import unit_of_work
from tests import scene
from tests.cast import PEOPLE, PERSONAS, Cast

LOOKS = (("en", "Asia/Shanghai"), ("zh_Hans", "UTC"), ("en", "America/New_York"))
# What differs from one answer to the next for the same reader: tokens, and the key of an empty form.
_OWN = re.compile(r'(name="csrf-token" content|name="csrf_token" value|name="key" value)="[^"]*"')


def empty_shelves(app: Flask) -> None:
    for held in app.extensions.values():
        if isinstance(held, Shelf):
            held.clear()


def browse(cast: Cast, persona: str, addresses: list[str]) -> dict[str, tuple[int, str]]:
    client = cast.client(persona)
    found = {}
    for address in addresses:
        answer = client.get(address, follow_redirects=True)
        found[address] = (answer.status_code, _OWN.sub(r'\1=""', answer.text))
    return found


@pytest.fixture
def addresses(cast: Cast, noon: datetime) -> list[str]:
    """A planet with something in every state, read by people of different languages and zones."""
    planted = scene.plant(cast)
    with unit_of_work() as session:
        for number, persona in enumerate(PEOPLE):
            person = session.get_one(User, cast.users[persona])
            person.language, person.timezone = LOOKS[number % len(LOOKS)]
    feeds = [f"/p/{cast.slug}{query}" for query in ("", "?show=questions", "?show=files")]
    return [*feeds, *(f"/p/{cast.slug}/t/{one}" for one in planted.topics.values())]


def test_each_reader_is_shown_what_he_would_be_shown_alone(
    app: Flask, cast: Cast, addresses: list[str]
) -> None:
    for persona in PERSONAS:
        browse(cast, persona, addresses)  # so that all is read, and nothing changes from now on
    alone = {}
    for persona in PERSONAS:
        empty_shelves(app)
        alone[persona] = browse(cast, persona, addresses)
    empty_shelves(app)
    for persona in (*PERSONAS, *reversed(PERSONAS)):
        after_others = browse(cast, persona, addresses)
        for address in addresses:
            assert after_others[address] == alone[persona][address], (persona, address)


def test_no_kept_part_holds_a_token(app: Flask, cast: Cast, addresses: list[str]) -> None:
    empty_shelves(app)
    app.config["WTF_CSRF_ENABLED"] = True
    tokens = set()
    for persona in ("owner", "member", "visitor"):
        client = cast.client(persona)
        for address in addresses:
            text = client.get(address, follow_redirects=True).text
            tokens.update(re.findall(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', text))
    assert len(tokens) >= 3
    for name, shelf in app.extensions.items():
        if isinstance(shelf, Shelf):
            held = repr(list(shelf.parts()))
            assert not any(token in held for token in tokens), name


def test_a_change_is_seen_by_the_next_reader(cast: Cast, addresses: list[str]) -> None:
    feed, client = addresses[0], cast.client("member")
    before = browse(cast, "other", [feed])[feed][1]
    liked = re.search(r'formaction="(/p/[^"]+/like)"', before)
    assert liked is not None
    assert client.post(liked.group(1), data={"on": "1"}).status_code in (200, 303)
    after = browse(cast, "other", [feed])[feed][1]
    button = re.escape(liked.group(0))
    mine = browse(cast, "member", [feed])[feed][1]
    assert re.search(button + r'[^>]*aria-pressed="false" aria-label="[^"]*\(1\)"', after)
    assert re.search(button + r'[^>]*aria-pressed="true" aria-label="[^"]*\(1\)"', mine)
