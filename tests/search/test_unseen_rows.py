"""Rows that a reader may not open change nothing that searching gives to them: with and without these rows,
added, changed, deleted, merged or not, each answer is the same to the last byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.search import port
from app.search.misspelling import alike
from app.search.port import Engine, Entry, Filters, Reader, Request, Where
from app.search.whoosh_engine import engine as engine_module
from app.search.whoosh_engine import writing
from tests.search import scatter
from tests.search.scatter import ENGLISH, ME, NOW, OTHERS, WORDS

TOPICS, REQUESTS, ROUNDS = 60, 110, 4
Readers = dict[int, Reader]


def node(rng: random.Random) -> port.Node:
    """Return what may be typed: words, beginnings of words, long rows of words."""

    def text() -> port.Text:
        word = rng.choice(WORDS)
        if rng.random() < 0.25:
            return port.Text(word[: rng.randint(1, len(word))], prefix=True)
        if rng.random() < 0.2:
            return port.Text(f"{word} {rng.choice(WORDS)}", prefix=rng.random() < 0.3)
        return port.Text(word, exact=rng.random() < 0.15)

    many = rng.choice((0, 1, 1, 2, 3, 13, 30))
    parts: list[port.Node] = [text() for _ in range(many)]
    if rng.random() < 0.2:
        parts.append(port.Either((text(), text())))
    if rng.random() < 0.2:
        parts.append(port.Without(text()))
    return port.All(tuple(parts))


def filters(rng: random.Random) -> Filters:
    choices: tuple[dict[str, object], ...] = (
        {"kinds": frozenset({rng.choice(("post", "question"))})},
        {"answered": rng.random() < 0.5},
        {"digest": True},
        {"has_image": True},
        {"undeleted": True},
        {"tag_ids": frozenset({rng.randint(1, 3)})},
        {"planet_ids": frozenset({rng.randint(1, 3)})},
        {"starters": frozenset({(1, rng.choice(OTHERS)), (2, ME)})},
        {"authors": frozenset({(1, rng.choice(OTHERS)), (2, ME)})},
        {"mine": True},
        {"where": frozenset({rng.choice(list(Where))})},
        {"since": NOW - timedelta(days=30)},
    )
    chosen: dict[str, object] = {}
    for values in rng.sample(choices, rng.choice((0, 0, 0, 1, 2))):
        chosen |= values
    return Filters(**chosen)  # type: ignore[arg-type]


def asking(rng: random.Random, readers: Readers) -> Callable[[Engine], object]:
    """Return a question of a random kind."""
    request = Request(
        node(rng),
        readers,
        NOW,
        filters(rng),
        rng.choice(list(port.Sort)),
        loose=rng.random() < 0.4,
        beside=rng.choice((0, 0, rng.randint(1, TOPICS))),
        offset=rng.choice((0, 0, 5)),
        limit=rng.choice((0, 3, 20)),
        facets=True,
        facet_authors=frozenset({1}),
    )
    everything = replace(request, query=port.All(()), filters=Filters())
    word, limit = rng.choice(WORDS), rng.choice((1, 4))
    begun = rng.choice((word, "t", "tui", "shui", "con", "c", "re"))[: rng.randint(1, 4)]
    name = rng.choice(("王", "li", "w", "陈", "c"))
    typo = word[:-2] + word[-1:] + word[-2:-1] if word in ENGLISH else _mistyped(rng, word)
    return rng.choice(
        (
            lambda engine: engine.search(request),
            lambda engine: engine.search(request),
            lambda engine: engine.search(request),
            lambda engine: engine.words(begun, everything, limit=limit),
            lambda engine: engine.names(name, everything, limit=limit),
            lambda engine: engine.near(typo, everything, limit=limit),
        )
    )


def _mistyped(rng: random.Random, word: str) -> str:
    """Return a Chinese word with a character that sounds or looks like the right one."""
    if rng.random() < 0.5:
        word += rng.choice([one for one in WORDS if one not in ENGLISH])
    at = rng.randrange(len(word))
    return word[:at] + rng.choice(sorted(alike(word[at])) or [word[at]]) + word[at + 1 :]


def commit(engine: Engine, rng: random.Random, entries: list[Entry], cursor: int) -> None:
    """Write entries in some commits."""
    rng.shuffle(entries)
    while entries:
        many = rng.choice((1, 3, len(entries)))
        engine.apply(entries[:many], cursor=cursor)
        del entries[:many]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_what_a_reader_may_not_open_changes_no_answer(
    empty_engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(writing, "_WORTH", 4)
    rng = random.Random(seed)
    readers = scatter.readers_of(rng)
    made = scatter.scatter(rng, readers, TOPICS)
    hidden = list(scatter.unseen_parts(made))
    assert len(hidden) > 10 and len(made.open) > 4
    engine = empty_engine
    commit(engine, rng, list(made.open.values()), 1)
    asked = [asking(rng, readers) for _ in range(REQUESTS)]
    without = [repr(ask(engine)) for ask in asked]
    assert len(set(without)) > REQUESTS // 4
    steps: dict[str, Callable[[], None]] = {
        "added": lambda: commit(engine, rng, list(hidden), 2),
        "merged": engine.tidy,
        "changed": lambda: commit(engine, rng, [scatter.rewritten(rng, e) for e in hidden], 3),
        "many": lambda: commit(engine, rng, _many_more(rng, made), 4),
        "fewer": lambda: commit(engine, rng, _some_gone(rng, made), 5),
        "freed": engine.tidy,
        "gone": lambda: commit(engine, rng, list(scatter.without(made)), 6),
    }
    for step, act in steps.items():
        act()
        for ask, before in zip(asked, without, strict=True):
            assert repr(ask(engine)) == before, (step, ask.__closure__)


def _many_more(rng: random.Random, made: scatter.Scatter) -> list[Entry]:
    """A planet that the reader never joined says some words again and again, and hundreds that are like those
    of others."""
    words = rng.sample(ENGLISH, 2)
    ends = [f"{one}{other}{end}" for one in "aeiou" for other in "lmnrs" for end in ("", "t", "s")]
    begins = [word[:at] for word in WORDS for at in (1, 2, 3, len(word))]
    entries = []
    for at in range(12):
        like = [rng.choice(begins) + rng.choice(ends) for _ in range(100)]
        like += ["".join(rng.sample("退睡水款觉眠流休", 4)) for _ in range(20)]
        text = f"{words[at % 2]} 退款流程 {' '.join(like)}"
        entries.append(_elsewhere(made.whole[made.unseen[0]], 1_000 + at, text))
    return entries


def _elsewhere(entry: Entry, topic_id: int, text: str) -> Entry:
    assert entry.facts is not None
    own = port.Passage(port.Part.TOPIC, topic_id, topic_id, 8, 8, text, text)
    return Entry(topic_id, replace(entry.facts, topic_id=topic_id, planet_id=9), (own,))


def _some_gone(rng: random.Random, made: scatter.Scatter) -> list[Entry]:
    entries = list(scatter.without(made))
    return rng.sample(entries, len(entries) // 2)
