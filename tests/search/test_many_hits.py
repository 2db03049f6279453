"""What is done in another way where much is found gives the same as where little is."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search import analysis
from app.search.port import All, Part, Reader, Request, Sort, Text, Unseen
from app.search.whoosh_engine import WhooshEngine, matching, ranking, rights
from app.search.whoosh_engine import engine as engine_module
from app.search.whoosh_engine.pages import moment
from tests.search.test_whoosh_engine import NOW, entry

READERS = (
    {1: Reader(1, 1, False, True, None, None, True)},
    {1: Reader(1, 2, False, False, NOW - timedelta(days=9), None, False)},
    {
        1: Reader(1, None, False, False, None, None, False),
        2: Reader(2, 1, True, True, None, NOW - timedelta(days=20), False),
    },
)
TOPICS = 400


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> WhooshEngine:
    rng = random.Random(3)
    made = WhooshEngine(Path(tmp_path_factory.mktemp("many")) / "index")
    made.begin_rebuild(cursor=0).finish()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "_LOOK_EVERY", 0.0)
        made.apply([entry(rng, at, whole=True) for at in range(1, TOPICS)], cursor=1)
        # Some are said again, so that passages are replaced and gone.
        made.apply([entry(rng, rng.randrange(1, TOPICS)) for _ in range(90)], cursor=2)
    return made


@pytest.mark.parametrize("readers", READERS)
def test_passages_are_opened_alike_one_by_one_and_all_at_once(
    engine: WhooshEngine, readers: dict[int, Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "_FEW", 1)
    snapshot = engine._current(fresh=True)
    rng = random.Random(1)
    gone = frozenset((Part.TOPIC, rng.randrange(1, TOPICS)) for _ in range(40))
    for unseen in (Unseen(), Unseen(frozenset({3, 4, 5}), gone)):
        one, other = (
            rights.Standing(snapshot, readers, moment(NOW)).less(unseen) for _ in range(2)
        )
        numbers = np.array(sorted(rng.sample(range(snapshot.size), snapshot.size // 2)))
        found = one.may_open(numbers)
        assert "open" not in one.__dict__
        assert found.tolist() == other.open[numbers].tolist()
        assert one.size == other.size
        assert 0 < found.sum() < len(numbers)
        many = int(other.open.sum())
        assert one.size == (many, int(snapshot.length[other.open].sum()) / many)


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("text", ["退款", "refund", "书", "kern"])
def test_a_page_is_a_piece_of_all_that_is_found(
    engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch, sort: Sort, text: str
) -> None:
    monkeypatch.setattr(ranking, "_ROW", 3)
    words = All((Text(text, prefix=True),))
    request = Request(words, READERS[0], NOW, sort=sort, limit=TOPICS)
    whole = engine.search(request)
    assert whole.total > 50
    assert sort is Sort.NEW or all(one.score >= other.score for one, other in pairwise(whole.hits))
    for offset, limit in ((0, 1), (0, 10), (7, 5), (20, 20), (45, 3)):
        page = engine.search(replace(request, offset=offset, limit=limit))
        assert page.hits == whole.hits[offset : offset + limit]
        assert page.total == whole.total
    assert engine.search(replace(request, limit=0)).hits == ()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=300), st.integers(0, 40))
def test_the_least_are_told_from_the_rest(values: list[int], most: int) -> None:
    kept = np.array(values)[ranking._least(np.array(values), most)].tolist()
    wanted = sorted(values)[:most] if most else sorted(values)
    assert sorted(kept)[: len(wanted)] == wanted
    assert all(value <= wanted[-1] for value in kept)


@given(st.sets(st.integers(0, 400)), st.sets(st.integers(0, 400)))
def test_what_stands_in_both_rows(one: set[int], other: set[int]) -> None:
    rows = (np.array(sorted(row), np.int64) for row in (one, other))
    assert matching._common(*rows).tolist() == sorted(one & other)


def test_a_term_stands_once_in_a_place() -> None:
    # Two rows in order are merged, so nothing may be said twice.
    pieces = ("e-mail", "Wi-Fi", "a-a", "C++20", "userName", "runRuns", "退款", "1,299", "A股", " ")
    rng = random.Random(2)
    for _ in range(2_000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 6)))
        for key, places in analysis.passage(text, "", text).places.items():
            assert places == sorted(set(places)), (text, key, Counter(places))
