"""No word of the scene comes to who may not read it: results, facets, suggestions, look-alikes, related."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from app.search.port import Engine
from tests.cast import PERSONAS, Cast
from tests.scene import Scene, plant
from tests.search.rows import entries

PART = {"X-Fragment": "1"}
# What finds everything without typing a word that must not come back.
BROAD = ("zq*", "tag:标签", "kind:question", "is:answered", "is:digest", "after:2y", "zq* sort:new",
         "在:评论 zq*", "在:回答 zq*", "from:me", "from:owner", "has:file")  # fmt: skip


@pytest.fixture
def scene(
    noon: datetime, cast: Cast, empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    made = plant(cast)
    empty_engine.apply(entries(), cursor=1)
    monkeypatch.setitem(cast.app.extensions, "planetarium.search", empty_engine)
    return made


def answers(scene: Scene, client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Yield everything that search says without being told a word."""
    for query in BROAD:
        for address in ("/search", "/p/orbit/search"):
            for page in (1, 2):
                got = client.get(address, query_string={"q": query, "page": page})
                yield f"{address} {query}", got.text
    for typed in ("z", "zq", "zqn", "标"):
        for address in ("/search/suggest", "/p/orbit/search/suggest"):
            yield f"{address} {typed}", client.get(address, query_string={"q": typed}).text
    for public_id in scene.topics.values():
        yield public_id, client.get(f"/p/orbit/t/{public_id}/related", headers=PART).text
    for word in scene.words:
        got = client.post("/p/orbit/ask/alike", data={"text": f"{word} 回复"}, headers=PART)
        yield f"alike {word}", got.text


@pytest.mark.parametrize("persona", PERSONAS)
def test_search_says_no_word_to_who_may_not_read_it(scene: Scene, persona: str) -> None:
    leaks = {
        (word, where)
        for where, text in answers(scene, scene.cast.client(persona))
        for word, readers in scene.words.items()
        if persona not in readers and word in text
    }
    assert leaks == set()


def test_a_word_that_is_typed_finds_nothing_for_who_may_not_read_it(scene: Scene) -> None:
    for persona in ("member", "expired", "isolated"):
        client = scene.cast.client(persona)
        for word, readers in scene.words.items():
            page = client.get("/p/orbit/search", query_string={"q": word}).text
            assert persona in readers or "data-item" not in page, (persona, word)


def test_the_owner_meets_most_words(scene: Scene) -> None:
    said = "\n".join(text for _where, text in answers(scene, scene.cast.client("owner")))
    met = [name for name in scene.topics if f"zq{name.replace('_', '')}qz" in said]
    assert set(scene.topics) - set(met) <= {"deleted", "by_isolated", "isolated_q"}
