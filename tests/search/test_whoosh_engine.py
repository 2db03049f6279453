"""The engine in a folder: whatever small commits, deletions and merges come, it holds what was said last."""

from __future__ import annotations

import random
import re
import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search import fingerprints, port
from app.search.port import All, Entry, Part, Passage, Reader, Request, Sort, Text, TopicFacts
from app.search.whoosh_engine import WhooshEngine, packing, pages, rebuilding, rights, writing
from app.search.whoosh_engine import engine as engine_module
from app.search.whoosh_engine.reading import AFTER, Terms
from app.search.whoosh_engine.suggesting import distance
from tests.search.reference import MemoryEngine

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WORDS = (
    "退款",
    "退款流程",
    "複利",
    "书",
    "Refunds",
    "app.kernel",
    "getUserName",
    "A股",
    "番茄工作法",
)
READERS = {
    1: Reader(1, 1, False, True, None, None, True),
    2: Reader(2, 1, True, True, None, None, False),
}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WhooshEngine:
    monkeypatch.setattr(engine_module, "_LOOK_EVERY", 0.0)
    made = WhooshEngine(tmp_path / "index")
    made.begin_rebuild(cursor=0).finish()
    return made


def entry(rng: random.Random, topic_id: int, *, whole: bool = False) -> Entry:
    """Return a random change of a topic."""
    if not whole and rng.random() < 0.15:
        return Entry(topic_id, None)
    facts = TopicFacts(
        topic_id,
        planet_id=1 + topic_id % 2,
        kind=rng.choice(("post", "question")),
        author_id=rng.choice((1, 2, None)),
        writer_id=rng.choice((1, 2)),
        addressee_id=rng.choice((1, 3)),
        published_at=NOW - timedelta(days=rng.randint(-2, 40), seconds=topic_id),
        isolated=rng.random() < 0.1,
        private=rng.random() < 0.1,
        answered=rng.random() < 0.5,
        tag_ids=tuple(rng.sample((7, 8, 9), rng.randint(0, 2))),
    )
    chosen = [(Part.TOPIC, topic_id)] if whole or rng.random() < 0.6 else []
    chosen += [
        (Part.COMMENT, topic_id * 10 + n)
        for n in range(4)
        if rng.random() < (0.5 if whole else 0.3)
    ]
    passages = tuple(
        Passage(
            part,
            row_id,
            topic_id,
            rng.choice((1, 2, None)),
            rng.choice((1, 2)),
            body=said(rng),
            title=said(rng) if part is Part.TOPIC and rng.random() < 0.8 else "",
            names=rng.choice(("", "王小雨")),
            isolated=rng.random() < 0.1,
        )
        for part, row_id in chosen
    )
    gone = [(Part.COMMENT, topic_id * 10 + n) for n in range(4) if rng.random() < 0.1]
    return Entry(topic_id, facts, passages, tuple(key for key in gone if key not in chosen))


def said(rng: random.Random) -> str:
    joint = rng.choice(("，", " ", "", " 的"))
    return joint.join(rng.choice(WORDS) for _ in range(rng.randint(1, 4)))


def same(engine: WhooshEngine, reference: MemoryEngine, rng: random.Random) -> None:
    """Ask both; they must agree on topics, totals and facets."""
    parts = tuple(
        Text(rng.choice((*WORDS, "退", "款流", "kernel")), exact=rng.random() < 0.2)
        for _ in range(rng.randint(0, 2))
    )
    filters = rng.choice(
        (port.Filters(), port.Filters(tag_ids=frozenset({7, 9})), port.Filters(mine=True))
    )
    sort = rng.choice(list(Sort))
    request = Request(
        All(parts),
        READERS,
        NOW,
        filters,
        sort,
        limit=500,
        facets=True,
        facet_authors=frozenset({1}),
    )
    one, other = engine.search(request), reference.search(request)
    assert {hit.topic_id for hit in one.hits} == {hit.topic_id for hit in other.hits}, request
    assert one.total == other.total
    assert one.facets == other.facets
    if sort is Sort.NEW:
        assert [hit.topic_id for hit in one.hits] == [hit.topic_id for hit in other.hits]


@pytest.mark.parametrize("seed", range(4))
def test_small_commits_and_merges_change_nothing(
    engine: WhooshEngine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_WORTH", 4)
    monkeypatch.setattr(rights, "_FEW", seed % 2)  # passages are asked one by one
    rng, reference = random.Random(seed), MemoryEngine()
    for number in range(1, 90):
        changes = [entry(rng, rng.randint(1, 25)) for _ in range(rng.randint(1, 3))]
        engine.apply(changes, cursor=number)
        reference.apply(changes, cursor=number)
        if rng.random() < 0.1:
            engine.apply(changes, cursor=number)  # the same again
        if rng.random() < 0.1:
            engine.tidy()
        same(engine, reference, rng)
    assert engine.cursor() == reference.cursor() == 89
    expected = [
        (
            topic_id,
            fingerprints.topic_mark(
                fingerprints.facts_mark(facts),
                map(fingerprints.passage_mark, reference.passages[topic_id].values()),
            ),
        )
        for topic_id, facts in sorted(reference.topics.items())
    ]
    assert engine.contents(after=0, limit=100) == expected
    stats = engine.stats()
    assert (stats.topics, stats.passages) == (
        len(reference.topics),
        sum(len(held) for held in reference.passages.values()),
    )


def test_another_engine_sees_what_one_writes(engine: WhooshEngine, tmp_path: Path) -> None:
    other = WhooshEngine(tmp_path / "index")
    held = other._current()
    for number in range(1, 40):
        engine.apply([entry(random.Random(number), number, whole=True)], cursor=number)
    assert held.cursor == 0 and held.size == 0
    assert other.cursor() == 39
    assert other.contents(after=0, limit=99) == engine.contents(after=0, limit=99)


def test_a_rebuild_by_other_processes_holds_the_same(
    engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", 40)
    rng = random.Random(5)
    entries = [entry(rng, topic_id, whole=True) for topic_id in range(1, 90)]
    build = engine.begin_rebuild(cursor=7)
    for start in range(0, len(entries), 20):
        batch = entries[start : start + 20]
        build.add(batch, upto=batch[-1].topic_id)
    build.finish()
    assert engine.contents(after=0, limit=100) == [
        (one.topic_id, fingerprints.entry_mark(one)) for one in entries
    ]
    engine.tidy()
    assert len(engine.contents(after=0, limit=100)) == len(entries)


def test_what_is_missing_or_corrupt_is_broken(engine: WhooshEngine, tmp_path: Path) -> None:
    engine.apply([entry(random.Random(1), 1, whole=True)], cursor=1)
    request = Request(Text("退款"), READERS, NOW)
    engine.search(request)
    shutil.move(tmp_path / "index", tmp_path / "away")
    with pytest.raises(port.Broken):
        engine.search(request)
    shutil.move(tmp_path / "away", tmp_path / "index")
    engine.search(request)
    generation = tmp_path / "index" / (tmp_path / "index" / "CURRENT").read_text()
    for file in generation.glob("*.col"):
        file.write_bytes(b"\0" * 40)
    with pytest.raises(port.Broken):
        WhooshEngine(tmp_path / "index").search(request)


def test_an_index_of_another_format_is_broken_so_that_it_is_made_anew(
    engine: WhooshEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply([entry(random.Random(1), 1, whole=True)], cursor=4)
    monkeypatch.setattr(pages, "FORMAT", pages.FORMAT + 1)
    other = WhooshEngine(tmp_path / "index")
    with pytest.raises(port.Broken):
        other.cursor()
    other.begin_rebuild(cursor=5).finish()
    assert other.cursor() == 5


def test_no_index_is_broken(tmp_path: Path) -> None:
    for call in (
        WhooshEngine(tmp_path).cursor,
        WhooshEngine(tmp_path).stats,
        lambda: WhooshEngine(tmp_path).apply([], cursor=1),
        lambda: WhooshEngine(tmp_path).search(Request(All(()), READERS, NOW)),
    ):
        with pytest.raises(port.Broken):
            call()


def test_the_number_of_pages_stays_small() -> None:
    sizes: list[int] = []
    most = 0
    for _ in range(20_000):
        sizes.append(1)
        if (start := writing.to_merge(sizes, 512)) is not None:
            sizes[start:] = [sum(sizes[start:])]
        if len(sizes) % 50 == 0:
            while (start := writing.to_merge(sizes, writing.LARGEST)) is not None:
                sizes[start:] = [sum(sizes[start:])]
        most = max(most, len(sizes))
    assert most <= 60 and sum(sizes) == 20_000


PLACES = st.lists(st.integers(0, 70_000), min_size=1, max_size=4, unique=True).map(sorted)
STANDS = st.dictionaries(st.integers(0, 100_000), PLACES, min_size=1, max_size=8)
TERMS = st.dictionaries(
    st.builds(str.__add__, st.sampled_from("cpswt"), st.text("abc退", min_size=1, max_size=3)),
    STANDS,
    max_size=40,
)


def as_run(held: dict[str, dict[int, list[int]]], rng: random.Random) -> packing.Run:
    """Return terms as they are packed."""
    ordered = sorted((key.encode(), stands) for key, stands in held.items())
    rows = [
        (ordinal, len(places), rng.choice((0, 0, len(places))))
        for _key, stands in ordered
        for ordinal, places in sorted(stands.items())
    ]
    places = [
        place
        for key, stands in ordered
        for _ordinal, here in sorted(stands.items())
        for place in here
        if packing.is_placed(key)
    ]
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    spreads = np.array([len(stands) for _key, stands in ordered], np.int64)
    return packing.Run([key for key, _stands in ordered], spreads, *columns, np.array(places, "u4"))


class InMemory:
    """A page's blocks."""

    name = "page"

    def __init__(self, run: packing.Run) -> None:
        cut = list(packing.cut(run))
        self.firsts = [first for first, _block in cut]
        self.blocks = [block for _first, block in cut]

    def columns(self) -> bytes:
        return b""

    def block(self, number: int) -> bytes:
        return self.blocks[number]


@given(TERMS, st.integers(1, 12), st.randoms(use_true_random=False))
def test_what_is_packed_into_blocks_is_read_again(
    held: dict[str, dict[int, list[int]]], rows: int, rng: random.Random
) -> None:
    run = as_run(held, rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "MOST_ROWS", rows)
        page = InMemory(run)
    terms = Terms(page, page.firsts)
    at = 0
    for key, spread in zip(run.keys, run.spreads.tolist(), strict=True):
        found = terms.postings(key)
        assert found is not None and terms.spread(key) == spread
        assert found.ordinals.tolist() == run.ordinals[at : at + spread].tolist()
        assert found.counts.tolist() == run.counts[at : at + spread].tolist()
        assert found.titles.tolist() == run.titles[at : at + spread].tolist()
        stands = held[key.decode()]
        expected = [place for ordinal in sorted(stands) for place in stands[ordinal]]
        assert (None if found.places is None else found.places.tolist()) == (
            expected if packing.is_placed(key) else None
        )
        at += spread
    assert terms.postings(b"zz") is terms.postings(b"a") is None and terms.spread(b"qq") == 0
    assert all(
        one.tolist() == other.tolist()
        for one, other in zip(terms.between(b"", AFTER)[1:], run[1:], strict=True)
    )
    for prefix in (b"p", b"pa", b"wab", "s退".encode(), b"x"):
        some = terms.beginning(prefix)
        assert some.keys == [key for key in run.keys if key.startswith(prefix)]
        assert list(terms.spreads(prefix)) == list(
            zip(some.keys, some.spreads.tolist(), strict=True)
        )


def test_distance() -> None:
    assert distance("refund", "refunds", 2) == 1
    assert distance("refnud", "refund", 2) == 1
    assert distance("kernel", "colonel", 2) == 3


def test_pages_of_a_slow_rebuild_become_fewer() -> None:
    assert writing.scattered([3_000] * 12) == (0, 12)
    assert writing.scattered([10_000] * 30) == (0, 13)
    assert writing.scattered([50_000] * 12) == (0, 0)
    assert writing.scattered([10_000, 1, 1, 1]) == (0, 0)
    assert writing.scattered([1] * 7) == (0, 0)
    assert writing.scattered([131_072, 900, 700, 800, 900]) == (1, 5)


def test_a_large_archive_has_few_pages() -> None:
    # A rebuild's pages of ten thousand passages, then as they come.
    sizes = [10_000] * 30
    while (found := writing.scattered(sizes)) != (0, 0):
        sizes[slice(*found)] = [sum(sizes[slice(*found)])]
    assert sizes == [130_000, 130_000, 40_000]
    while sum(sizes) < 600_000:
        sizes.append(3_000)
        while (start := writing.to_merge(sizes, writing.LARGEST)) is not None:
            sizes[start:] = [sum(sizes[start:])]
    assert len(sizes) <= 20


def test_a_merge_that_holds_few_terms_at_once_makes_the_same_page() -> None:
    rng = random.Random(11)
    entries = [entry(rng, topic_id, whole=True) for topic_id in range(1, 80)]
    drafts = [pages.draft(entries[start::4], number=start + 1, cursor=9) for start in range(4)]
    runs = [run for draft in drafts for run in draft.terms]
    dead = [np.arange(draft.columns.size) % 5 == 0 for draft in drafts]
    pieces = [
        pages.Piece(draft.columns, partial(packing.between, run), gone)
        for draft, run, gone in zip(drafts, runs, dead, strict=True)
    ]
    firsts = sorted({key for run in runs for key in run.keys[::3]})
    made = [
        packing.together(list(pages.merge(pieces, cuts, nothing_before=True).terms))
        for cuts in ([b"", AFTER], [b"", *firsts, AFTER])
    ]
    assert made[0].keys == made[1].keys and len(firsts) > 50
    for one, other in zip(made[0][1:], made[1][1:], strict=True):
        assert one.tolist() == other.tolist()


def test_tidying_frees_pages_of_what_was_replaced(
    engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_WORTH", 4)
    rng = random.Random(3)
    for number in (1, 2):
        engine.apply([entry(rng, at, whole=True) for at in range(1, 40)], cursor=number)
    before = engine.contents(after=0, limit=99)
    engine.tidy()
    snapshot = engine._current(fresh=True)
    assert snapshot.pages[0].columns.size * 2 < snapshot.pages[1].columns.size
    assert engine.contents(after=0, limit=99) == before and engine.cursor() == 2


def test_what_readers_may_open_is_kept_until_a_scheduled_topic_appears(
    engine: WhooshEngine,
) -> None:
    later = NOW + timedelta(hours=1)
    facts = TopicFacts(1, 1, "post", 2, 2, None, later)
    engine.apply([Entry(1, facts, (Passage(Part.TOPIC, 1, 1, 2, 2, "退款"),))], cursor=1)
    snapshot = engine._current()

    def found(now: datetime, readers: dict[int, Reader]) -> int:
        return engine.search(Request(Text("退款"), readers, now)).total

    visitor = {1: Reader(1, None, False, False, None, None, False)}
    for _ in range(2):
        assert found(NOW, READERS) == 0 and found(NOW, visitor) == 0
    assert len(snapshot.standings) == 2
    assert found(later, READERS) == 1 and found(later, visitor) == 0
    assert found(NOW, READERS) == 0  # a clock that went back
    for number in range(20):
        found(NOW, {1: Reader(1, number + 5, False, True, None, None, True)})
    assert len(snapshot.standings) <= 8


def test_an_index_is_no_larger_than_three_times_its_texts(engine: WhooshEngine) -> None:
    """Of texts that people wrote most words stand in one only: they must cost no more than what they say."""
    root = Path(__file__).parents[2]
    said = "\n\n".join(path.read_text("utf-8") for path in sorted(root.glob("docs/**/*.md")))
    catalogue = (root / "app/translations/zh_Hans/LC_MESSAGES/messages.po").read_text("utf-8")
    said += "\n\n".join(re.findall(r'^msgstr "(.{30,})"$', catalogue, re.MULTILINE))
    texts = [text for text in said.split("\n\n") if len(text) > 20]
    engine.apply(
        [
            Entry(
                number,
                TopicFacts(number, 1, "post", 1, 1, None, NOW),
                (Passage(Part.TOPIC, number, number, 1, 1, text),),
            )
            for number, text in enumerate(texts, 1)
        ],
        cursor=1,
    )
    size = sum(len(text.encode()) for text in texts)
    assert len(texts) > 300 and engine.stats().size_bytes <= 3 * size
