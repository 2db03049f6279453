"""Fingerprints of what is indexed, by which `verify` compares an index with the database.

An engine keeps the mark of a topic's facts and that of each of its passages as they were handed in, and
answers `contents` with their sum: it need not keep the texts, and the order of changes does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from hashlib import blake2b
from typing import Any

from app.search.port import Entry, Passage, TopicFacts

# Marks fit into a signed integer of 64 bits, of which one bit stays free.
_MASK = (1 << 63) - 1
_FACTS = tuple(one.name for one in fields(TopicFacts))
_PASSAGE = tuple(one.name for one in fields(Passage))


def facts_mark(facts: TopicFacts) -> int:
    """Return a number that changes with anything the index knows of a topic."""
    return _mark(_plain(getattr(facts, name)) for name in _FACTS)


def passage_mark(passage: Passage) -> int:
    """Return a number that changes with anything the index knows of a passage."""
    return _mark(_plain(getattr(passage, name)) for name in _PASSAGE)


def topic_mark(facts: int, passages: Iterable[int]) -> str:
    """Return the fingerprint of a topic from the marks of its facts and of its passages, in any order."""
    return f"{(facts + sum(passages)) & _MASK:016x}"


def entry_mark(entry: Entry) -> str:
    """Return the fingerprint of a whole topic; "" for one that is gone."""
    if entry.facts is None:
        return ""
    return topic_mark(facts_mark(entry.facts), (passage_mark(one) for one in entry.passages))


def _mark(values: Iterable[str]) -> int:
    whole = "\x1f".join(values).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(whole, digest_size=8).digest()) & _MASK


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return ",".join(str(one) for one in sorted(value))
    return str(value)
