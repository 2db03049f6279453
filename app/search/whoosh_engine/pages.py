"""Pages: many passages and what is known of their topics, as columns; made from entries or from other pages.

Pages have an order. What a later page says of a passage or of a topic supersedes what an earlier one
says; what was deleted is remembered until no earlier page is left.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from app.search.fingerprints import facts_mark, passage_mark
from app.search.port import Broken, Entry, Part, Passage, TopicFacts
from app.search.whoosh_engine import packing, terms
from app.search.whoosh_engine.packing import Array, Run
from app.search.whoosh_engine.stores import Packed

# What is written in another format, or analysed by other rules, is of no use: the indexer makes it anew.
FORMAT = 4
PARTS = (Part.TOPIC, Part.ANSWER, Part.COMMENT)
FLAGS = (
    "isolated",
    "sample",
    "private",
    "answered",
    "declined",
    "withdrawn",
    "deleted",
    "digest",
    "has_image",
    "has_file",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PASSAGE_COLUMNS = {
    "topic": "i8",
    "row": "i8",
    "part": "u1",
    "author": "i8",
    "writer": "i8",
    "isolated": "?",
    "length": "u4",
    "names_from": "u4",
    "mark": "i8",
}
TOPIC_COLUMNS = {
    "id": "i8",
    "planet": "i8",
    "kind": "u1",
    "author": "i8",
    "writer": "i8",
    "addressee": "i8",
    "published": "i8",
    "flags": "u2",
    "mark": "i8",
}
_ARRAYS = ("tag_counts", "tags", "gone_passages", "gone_topics")
_PLAIN = ("first", "last", "cursor", "kinds", "upto")
NOBODY = -1


def moment(at: datetime) -> int:
    """Return a time as the columns hold it: microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def passage_key(part: Part, row_id: int) -> int:
    """Return one number for a passage's part and row."""
    return row_id * 4 + PARTS.index(part)


@dataclass
class Columns:
    """What a page knows beside its terms."""

    first: int
    last: int
    cursor: int
    passages: dict[str, Array]
    topics: dict[str, Array]
    tag_counts: Array
    tags: Array
    gone_passages: Array
    gone_topics: Array
    kinds: str = ""  # what the numbers in the column of kinds mean, a word each
    upto: int = 0  # of a rebuild: all topics up to this one are written
    firsts: list[bytes] = field(default_factory=list)  # the first key of each block of its terms

    @property
    def size(self) -> int:
        """How many passages it holds."""
        return len(self.passages["row"])

    @property
    def keys(self) -> Array:
        """Its passages' keys."""
        return self.passages["row"] * 4 + self.passages["part"]

    def packed(self) -> bytes:
        """Return the columns in bytes: what they are in JSON, then one after the other."""
        whole = {f"p.{name}": column for name, column in self.passages.items()}
        whole |= {f"t.{name}": column for name, column in self.topics.items()}
        whole |= {name: getattr(self, name) for name in _ARRAYS}
        head = {name: getattr(self, name) for name in _PLAIN}
        head["columns"] = [(name, one.dtype.str, one.nbytes) for name, one in whole.items()]
        body = b"".join(one.tobytes() for one in whole.values()) + b"\n".join(self.firsts)
        text = json.dumps(head | {"format": FORMAT}).encode() + b"\n"
        return text + zlib.compress(body, 1)

    @classmethod
    def read(cls, packed: bytes) -> Columns:
        """Read what `packed` returned. Raises Broken for another format."""
        end = packed.find(b"\n")
        head = json.loads(packed[: end + 1] or b"{}") if packed[:1] == b"{" else {}
        if head.get("format") != FORMAT:
            raise Broken("the index has another format")
        body, at = zlib.decompress(packed[end + 1 :]), 0
        whole: dict[str, Any] = {}
        for name, kind, length in head["columns"]:
            whole[name] = np.frombuffer(body, kind, length // np.dtype(kind).itemsize, at)
            at += length
        return cls(
            passages={name: whole[f"p.{name}"] for name in PASSAGE_COLUMNS},
            topics={name: whole[f"t.{name}"] for name in TOPIC_COLUMNS},
            firsts=body[at:].split(b"\n") if at < len(body) else [],
            **{name: whole[name] for name in _ARRAYS},
            **{name: head[name] for name in _PLAIN},
        )


@dataclass
class Draft:
    """A page that is not written yet."""

    columns: Columns
    terms: Iterable[Run]  # one after the other, in the order of their keys

    def packed(self) -> Packed:
        """Return it in bytes."""
        blocks = [block for run in self.terms for block in packing.cut(run)]
        self.columns.firsts = [first for first, _block in blocks]
        return Packed(self.columns.packed(), [block for _first, block in blocks])


@dataclass
class _Last:
    """What remains true after a row of entries."""

    topics: dict[int, TopicFacts] = field(default_factory=dict)
    passages: dict[int, dict[int, Passage]] = field(default_factory=dict)
    gone_passages: set[int] = field(default_factory=set)
    gone_topics: set[int] = field(default_factory=set)

    def follow(self, entry: Entry) -> None:
        if entry.facts is None:
            self.topics.pop(entry.topic_id, None)
            self.passages.pop(entry.topic_id, None)
            self.gone_topics.add(entry.topic_id)
            return
        self.topics[entry.topic_id] = entry.facts
        held = self.passages.setdefault(entry.topic_id, {})
        for part, row_id in entry.gone:
            held.pop(passage_key(part, row_id), None)
            self.gone_passages.add(passage_key(part, row_id))
        for passage in entry.passages:
            held[passage_key(passage.part, passage.row_id)] = passage


def draft(entries: Iterable[Entry], *, number: int, cursor: int) -> Draft:
    """Make a page of entries; of several about one thing the last counts."""
    last = _Last()
    for entry in entries:
        last.follow(entry)
    passages = [passage for held in last.passages.values() for passage in held.values()]
    analysed = terms.gather(passages)
    facts = list(last.topics.values())
    kinds = sorted({one.kind for one in facts})
    columns = Columns(
        number,
        number,
        cursor,
        _passage_columns(passages, analysed.lengths, analysed.names_from),
        _topic_columns(facts, kinds),
        np.array([len(one.tag_ids) for one in facts], "u2"),
        np.array([tag for one in facts for tag in one.tag_ids], "i8"),
        np.array(sorted(last.gone_passages), "i8"),
        np.array(sorted(last.gone_topics), "i8"),
        kinds=" ".join(kinds),
    )
    return Draft(columns, [analysed.terms])


def _passage_columns(
    passages: Sequence[Passage], lengths: list[int], names_from: list[int]
) -> dict[str, Array]:
    values: dict[str, list[Any]] = {
        "topic": [one.topic_id for one in passages],
        "row": [one.row_id for one in passages],
        "part": [PARTS.index(one.part) for one in passages],
        "author": [NOBODY if one.author_id is None else one.author_id for one in passages],
        "writer": [one.writer_id for one in passages],
        "isolated": [one.isolated for one in passages],
        "length": lengths,
        "names_from": names_from,
        "mark": [passage_mark(one) for one in passages],
    }
    return {name: np.array(values[name], kind) for name, kind in PASSAGE_COLUMNS.items()}


def _topic_columns(facts: Sequence[TopicFacts], kinds: Sequence[str]) -> dict[str, Array]:
    values: dict[str, list[Any]] = {
        "id": [one.topic_id for one in facts],
        "planet": [one.planet_id for one in facts],
        "kind": [kinds.index(one.kind) for one in facts],
        "author": [NOBODY if one.author_id is None else one.author_id for one in facts],
        "writer": [one.writer_id for one in facts],
        "addressee": [NOBODY if one.addressee_id is None else one.addressee_id for one in facts],
        "published": [moment(one.published_at) for one in facts],
        "flags": [sum(getattr(one, name) << at for at, name in enumerate(FLAGS)) for one in facts],
        "mark": [facts_mark(one) for one in facts],
    }
    return {name: np.array(values[name], kind) for name, kind in TOPIC_COLUMNS.items()}


# --- several pages into one ---------------------------------------------------------------------------


def among(values: Array, wanted: Array) -> Array:
    """Return which of `values` are among `wanted`."""
    if not len(wanted) or not len(values):
        return np.zeros(len(values), bool)
    wanted = np.sort(wanted)
    at = np.searchsorted(wanted, values)
    at[at == len(wanted)] = 0
    return np.asarray(wanted[at] == values)


def superseded(older: Columns, newer: Columns) -> Array:
    """Return which passages of a page a later page replaces or deletes."""
    gone = among(older.keys, np.concatenate([newer.keys, newer.gone_passages]))
    return np.asarray(gone | among(older.passages["topic"], newer.gone_topics))


class Piece(NamedTuple):
    """A page that becomes part of another: its columns, its terms from a key up to another, and which of its
    passages are replaced already."""

    columns: Columns
    between: Callable[[bytes, bytes], Run]
    dead: Array


def merge(pieces: Sequence[Piece], cuts: Sequence[bytes], *, nothing_before: bool) -> Draft:
    """Make one page of several that follow each other. `nothing_before`: no older page is left, so deletions
    need not be remembered. Only the terms between two of the `cuts` are held in memory at once."""
    columns = [piece.columns for piece in pieces]
    keep = []
    for at, (page, _between, replaced) in enumerate(pieces):
        dead = replaced.copy()
        for newer in columns[at + 1 :]:
            dead |= superseded(page, newer)
        keep.append(~dead)
    numbers, start = [], 0
    for alive in keep:
        numbers.append(np.where(alive, np.cumsum(alive) - 1 + start, -1).astype(np.int32))
        start += int(alive.sum())
    merged = (
        terms.merge(
            (piece.between(first, end), renumbered)
            for piece, renumbered in zip(pieces, numbers, strict=True)
        )
        for first, end in pairwise(cuts)
    )
    return Draft(_merged_columns(columns, keep, nothing_before=nothing_before), merged)


def _merged_columns(
    columns: Sequence[Columns], keep: list[Array], *, nothing_before: bool
) -> Columns:
    kept = last_facts(columns)
    passages = {
        name: np.concatenate(
            [page.passages[name][alive] for page, alive in zip(columns, keep, strict=True)]
        )
        for name in PASSAGE_COLUMNS
    }
    topics = facts_together(columns, kept)
    none = np.zeros(0, "i8")
    counts = [page.tag_counts[rows] for page, rows in zip(columns, kept, strict=True)]
    tags = [
        page.tags[np.repeat(rows, page.tag_counts)]
        for page, rows in zip(columns, kept, strict=True)
    ]
    return Columns(
        columns[0].first,
        columns[-1].last,
        columns[-1].cursor,
        passages,
        topics,
        np.concatenate(counts),
        np.concatenate(tags),
        none
        if nothing_before
        else np.unique(np.concatenate([one.gone_passages for one in columns])),
        none if nothing_before else np.unique(np.concatenate([one.gone_topics for one in columns])),
        kinds=" ".join(kinds_of(columns)),
    )


def kinds_of(columns: Sequence[Columns]) -> list[str]:
    """Return all kinds of topics there are."""
    return sorted({kind for page in columns for kind in page.kinds.split()})


def facts_together(columns: Sequence[Columns], kept: Sequence[Array]) -> dict[str, Array]:
    """Return the columns of topics of several pages in a row, of each page the rows that are kept; kinds
    become numbers in `kinds_of` all."""
    kinds = kinds_of(columns)
    together = {}
    for name, type_ in TOPIC_COLUMNS.items():
        parts = [page.topics[name][rows] for page, rows in zip(columns, kept, strict=True)]
        if name == "kind":
            numbers = (
                np.array([kinds.index(kind) for kind in page.kinds.split()], "u1")
                for page in columns
            )
            parts = [number[part] for number, part in zip(numbers, parts, strict=True)]
        together[name] = np.concatenate([np.zeros(0, type_), *parts])
    return together


def last_facts(columns: Sequence[Columns]) -> list[Array]:
    """Return which rows of the topics of each page no later page replaces or deletes."""
    kept: list[Array] = []
    for at, page in enumerate(columns):
        dead = np.zeros(len(page.topics["id"]), bool)
        for newer in columns[at + 1 :]:
            dead |= among(
                page.topics["id"], np.concatenate([newer.topics["id"], newer.gone_topics])
            )
        kept.append(~dead)
    return kept
