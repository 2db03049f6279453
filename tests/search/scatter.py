"""Random topics for an engine, and what of them a reader may open: rows that come and go unseen."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.search.port import Entry, Part, Passage, Reader, TopicFacts
from tests.search.reference import may_read, may_read_passage

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ME, OTHERS = 5, (6, 7, 8)
_STEMS = "con pro re in trans de inter sub".split()
_ENDS = "tract duct form vert sist port ceive pose text serve sent clude".split()
ENGLISH = [stem + end for stem in _STEMS for end in _ENDS] + ["con", "sist", "app", "c"]
_CHARACTERS = "退款流程复利时间读书笔记番茄睡眠质量结束讨论因为下雨申请会员"
CHINESE = [
    _CHARACTERS[at : at + length] for length in (1, 2, 3, 4) for at in range(len(_CHARACTERS) - 4)
]
NAMES = ("王小雨", "王小", "李雷", "陈默", "Chen", "wang xi")
WORDS = ENGLISH + CHINESE


@dataclass(frozen=True)
class Scatter:
    """Topics by id: with what the readers may open alone, and with everything. `unseen`: ids of topics of
    which they may open nothing."""

    open: dict[int, Entry]
    whole: dict[int, Entry]

    @property
    def unseen(self) -> list[int]:
        return sorted(self.whole.keys() - self.open.keys())


def readers_of(rng: random.Random) -> dict[int, Reader]:
    """Return somebody in two of three planets: a member, staff, a visitor, expired, on trial."""
    made = {}
    for planet_id in (1, 2):
        member = Reader(planet_id, ME, False, True, None, None, queue_open=rng.random() < 0.5)
        made[planet_id] = rng.choice(
            (
                member,
                member,
                replace(member, staff=True),
                replace(member, since=NOW - timedelta(days=20)),
                replace(member, since=NOW - timedelta(days=20), own=True),
                replace(member, inside=False, until=NOW - timedelta(days=20)),
                replace(member, inside=False, own=True),
                replace(member, user_id=None, inside=False),
            )
        )
    return made


def scatter(rng: random.Random, readers: Mapping[int, Reader], count: int) -> Scatter:
    """Return topics with random texts in random states. What the readers may not open says other words
    more often, so that whatever is counted wrongly shows."""
    favoured = rng.sample(WORDS, 12)
    whole = {topic_id: _topic(rng, topic_id, favoured) for topic_id in range(1, count + 1)}
    shown = {id_: seen for id_, entry in whole.items() if (seen := open_part(entry, readers))}
    return Scatter(shown, whole)


def open_part(entry: Entry, readers: Mapping[int, Reader]) -> Entry | None:
    """Return a topic with those of its texts that the readers may open; None if they may not see it."""
    assert entry.facts is not None
    reader = readers.get(entry.facts.planet_id)
    if reader is None or not may_read(reader, entry.facts, NOW):
        return None
    kept = [one for one in entry.passages if may_read_passage(reader, entry.facts, one)]
    return replace(entry, passages=tuple(kept))


def unseen_parts(made: Scatter) -> Iterator[Entry]:
    """Return what the readers may not open: whole topics, and texts of those that they may."""
    for topic_id, entry in made.whole.items():
        held = made.open[topic_id].passages if topic_id in made.open else ()
        hidden = tuple(one for one in entry.passages if one not in held)
        if hidden or topic_id not in made.open:
            yield replace(entry, passages=hidden)


def without(made: Scatter) -> Iterator[Entry]:
    """Return how the same is deleted."""
    for entry in unseen_parts(made):
        if entry.topic_id not in made.open:
            yield Entry(entry.topic_id, None)
        else:
            gone = tuple((one.part, one.row_id) for one in entry.passages)
            yield replace(entry, passages=(), gone=gone)


def rewritten(rng: random.Random, entry: Entry) -> Entry:
    """Return the same rows with other words."""
    few = rng.sample(WORDS, 3)
    changed = [
        replace(one, body=said(rng, few, 30), title=said(rng, few, 4) if one.title else "")
        for one in entry.passages
    ]
    return replace(entry, passages=tuple(changed))


def said(rng: random.Random, favoured: list[str], most: int) -> str:
    """Return a text: frequent words are far more frequent than rare ones."""
    words = []
    for _ in range(rng.randint(1, most)):
        at = int(len(WORDS) * rng.random() ** 3)
        words.append(rng.choice(favoured) if rng.random() < 0.3 else WORDS[at * 37 % len(WORDS)])
    return rng.choice((" ", "，", " 的")).join(words)


def _topic(rng: random.Random, topic_id: int, favoured: list[str]) -> Entry:
    kind = rng.choice(("post", "post", "question"))
    facts = TopicFacts(
        topic_id,
        planet_id=rng.choice((1, 1, 2, 3)),
        kind=kind,
        author_id=rng.choice((*OTHERS, None)),
        writer_id=rng.choice((ME, *OTHERS)),
        addressee_id=rng.choice((ME, *OTHERS)) if kind == "question" else None,
        published_at=NOW - timedelta(days=rng.randint(-3, 60), minutes=topic_id),
        isolated=rng.random() < 0.1,
        sample=rng.random() < 0.2,
        private=kind == "question" and rng.random() < 0.4,
        answered=rng.random() < 0.6,
        withdrawn=kind == "question" and rng.random() < 0.2,
        deleted=rng.random() < 0.25,
        digest=rng.random() < 0.2,
        has_image=rng.random() < 0.3,
        tag_ids=tuple(rng.sample((1, 2, 3), rng.randint(0, 2))),
    )
    title = said(rng, favoured, 3) if rng.random() < 0.8 else ""
    own = Passage(
        Part.TOPIC,
        topic_id,
        topic_id,
        facts.author_id,
        facts.writer_id,
        said(rng, favoured, 20),
        title,
        rng.choice(("", "con 报告.pdf\n李雷", *NAMES)),
        isolated=facts.isolated,
    )
    replies = [
        Passage(
            rng.choice((Part.ANSWER, Part.COMMENT)),
            topic_id * 10 + at,
            topic_id,
            who := rng.choice((ME, *OTHERS)),
            who,
            said(rng, favoured, 12),
            names=rng.choice(NAMES),
            isolated=rng.random() < 0.3,
        )
        for at in range(rng.randint(0, 3))
    ]
    return Entry(topic_id, facts, (own, *replies))
