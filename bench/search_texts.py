"""Real texts for the benchmark of searching: a folder of `*/docs.jsonl` {id, title, text}, as `bin/bench
relevance` reads them, mixed to as many as are wanted, and queries made of their own words.

A mixed text is the beginning of one text and the end of another of the same set, cut between sentences: as
long as real ones, with their words, and no two alike. The texts that were read come first, unmixed.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.kernel import clock
from app.search.port import All, Entry, Part, Passage, Request, Sort, Text, TopicFacts
from bench.search_stage import PLANETS, Asked, everywhere, half_expired

COMMENTS = 3  # texts of a topic beside its own
AUTHORS = 500
BATCH = 500  # topics handed over at once
_FIRST = datetime(2023, 1, 1, tzinfo=UTC)
_SENTENCE = re.compile(r"[^。！？.!?\n]+[。！？.!?\n]*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]{4,}")
_WORD = re.compile(r"[A-Za-z]{4,}")


@dataclass(frozen=True)
class Corpus:
    """Texts, and words that stand in many of them."""

    texts: list[tuple[str, str]]
    frequent: tuple[str, ...] = ("治疗", "可以", "方法", "系统", "问题", "patients", "study")

    @property
    def size(self) -> int:
        """Their bytes (UTF-8)."""
        return sum(len(title.encode()) + len(text.encode()) for title, text in self.texts)

    @property
    def documents(self) -> int:
        """How many there are."""
        return len(self.texts)

    def batches(self) -> Iterator[list[Entry]]:
        """Return them as topics with comments, dealt out to forty planets."""
        topic = 1 + COMMENTS
        whole = [
            _entry(at // topic + 1, self.texts[at : at + topic])
            for at in range(0, len(self.texts), topic)
        ]
        for start in range(0, len(whole), BATCH):
            yield whole[start : start + BATCH]


def read(folder: Path, many: int) -> Corpus:
    """Read all sets of a folder and mix them to so many texts; 0: as they are."""
    sets = [_texts(path) for path in sorted(folder.glob("*/docs.jsonl"))]
    if not any(sets):
        raise SystemExit(f"no */docs.jsonl in {folder}")
    found = [text for one in sets for text in one]
    rng = random.Random(3)
    rng.shuffle(found)
    by_chance = [one for one in sets for _text in one]
    while len(found) < many:
        found.append(_mixed(rng.choice(by_chance), rng))
    return Corpus(found)


def _texts(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row.get("title") or "", row["text"]) for row in rows]


def _mixed(texts: Sequence[tuple[str, str]], rng: random.Random) -> tuple[str, str]:
    one, other = rng.choice(texts), rng.choice(texts)
    first, last = _SENTENCE.findall(one[1]), _SENTENCE.findall(other[1])
    share = rng.random()
    begun = first[: round(len(first) * share)]
    return one[0], "".join([*begun, *last[round(len(last) * share) :]]) or other[1]


def _entry(number: int, texts: Sequence[tuple[str, str]]) -> Entry:
    at = _FIRST + timedelta(minutes=37 * number)
    author = number % AUTHORS + 1
    facts = TopicFacts(number, 1 + number % PLANETS, "post", author, author, None, at)
    title, text = texts[0]
    own = Passage(Part.TOPIC, number, number, author, author, text, title)
    said = [
        Passage(Part.COMMENT, number * COMMENTS + at, number, author, author, text)
        for at, (_title, text) in enumerate(texts[1:])
    ]
    return Entry(number, facts, (own, *said))


# --- queries ------------------------------------------------------------------------------------------


def queries(corpus: Corpus, count: int) -> dict[str, list[Asked]]:
    """Return queries of each kind, the same in every run."""
    rng = random.Random(7)
    return {name: [make(rng) for _ in range(count)] for name, make in _kinds(corpus).items()}


def _kinds(corpus: Corpus) -> dict[str, Callable[[random.Random], Asked]]:
    """Return the kinds of queries, each with what makes one."""

    def asked(*texts: Text, filtered: bool = False, newest: bool = False) -> Asked:
        readers = half_expired() if filtered else everywhere()
        request = Request(All(texts), readers, clock.now(), facets=True)
        if newest:
            request = replace(request, sort=Sort.NEW)
        words = tuple(text.text for text in texts)
        return Asked(request, words, filtered=filtered, newest=newest)

    def some(rng: random.Random, pattern: re.Pattern[str], many: int) -> list[str]:
        while True:
            runs = pattern.findall(rng.choice(corpus.texts)[1])
            if len(runs) >= many:
                return rng.sample(runs, many)

    def piece(rng: random.Random, run: str, length: int) -> str:
        start = rng.randrange(max(1, len(run) - length + 1))
        return run[start : start + length]

    def words(rng: random.Random, many: int) -> list[Text]:
        return [Text(piece(rng, run, 2)) for run in some(rng, _CHINESE, many)]

    def prefix(rng: random.Random) -> Asked:
        typed = some(rng, _WORD, 1)[0][: rng.randint(2, 4)]
        return replace(asked(Text(typed, prefix=True)), prefix=True)

    def question(rng: random.Random) -> Asked:
        text = "".join(piece(rng, run, 6) for run in some(rng, _CHINESE, 3))
        one = asked(Text(text))
        return replace(one, any_word=True, request=replace(one.request, loose=True))

    def frequent(rng: random.Random) -> Text:
        return Text(rng.choice(corpus.frequent))

    return {
        "word": lambda rng: asked(*words(rng, 1)),
        "English word": lambda rng: asked(Text(some(rng, _WORD, 1)[0])),
        "frequent word": lambda rng: asked(frequent(rng)),
        "three words": lambda rng: asked(*words(rng, 3)),
        "phrase": lambda rng: asked(Text(piece(rng, some(rng, _CHINESE, 1)[0], 8))),
        "one character": lambda rng: asked(Text(piece(rng, some(rng, _CHINESE, 1)[0], 1))),
        "prefix": prefix,
        "question": question,
        "three words, 20 planets, cut-off": lambda rng: asked(*words(rng, 3), filtered=True),
        "frequent word, newest first": lambda rng: asked(frequent(rng), newest=True),
    }
