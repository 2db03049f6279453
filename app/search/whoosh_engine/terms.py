"""The terms of a page that is made: of its passages, or of the terms of pages that become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from app.search import analysis, titles
from app.search.port import Passage
from app.search.whoosh_engine import packing
from app.search.whoosh_engine.packing import MOST_COUNTED, Array, Run


class Analysed(NamedTuple):
    """Passages, analysed: their terms, the length of each, and where its title ends."""

    terms: Run
    lengths: list[int]
    names_from: list[int]


class _Rows:
    """Rows as they come, passage after passage."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.terms: list[int] = []
        self.counts: list[int] = []
        self.titles: list[int] = []
        self.places: list[int] = []
        self.spans: list[int] = []

    def add(self, passage: Passage) -> tuple[int, int]:
        """Add a passage; return its length and where its title ends."""
        before, numbers, length = len(self.terms), self.numbers, len(self.numbers)
        found = analysis.passage(passage.title, passage.names, passage.body)
        names_from = found.names_from
        for key, everywhere in found.places.items():
            self.terms.append(numbers.setdefault(key, length))
            length = len(numbers)
            many = len(everywhere)
            if many > MOST_COUNTED:
                everywhere, many = everywhere[:MOST_COUNTED], MOST_COUNTED
            self.counts.append(many)
            self.titles.append(
                sum(place < names_from for place in everywhere) if everywhere[0] < names_from else 0
            )
            if key[0] in _PLACED:
                self.places += everywhere
        for key in titles.keys(passage.title, _author(passage)):
            self.terms.append(numbers.setdefault(key, len(numbers)))
            self.counts.append(1)
            self.titles.append(0)
        self.spans.append(len(self.terms) - before)
        return found.length, names_from


def _author(passage: Passage) -> str:
    """Return the name of who wrote a passage, "" where it is not shown."""
    return "" if passage.author_id is None else passage.names.rpartition("\n")[2]


_PLACED = packing.PLACED.decode()


def gather(passages: Sequence[Passage]) -> Analysed:
    """Analyse passages."""
    rows = _Rows()
    known = [rows.add(passage) for passage in passages]
    spelled = [key.encode() for key in rows.numbers]
    order = sorted(range(len(spelled)), key=spelled.__getitem__)
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    ordinals = np.repeat(np.arange(len(passages), dtype=np.int32), rows.spans)
    places = np.array(rows.places, np.uint32)
    counts, titled = np.array(rows.counts, np.uint16), np.array(rows.titles, np.uint16)
    keys = [spelled[at] for at in order]
    of_row = ranks[np.array(rows.terms, np.int32)]
    terms = _in_order(keys, of_row, ordinals, counts, titled, places)
    return Analysed(terms, [one for one, _from in known], [from_ for _one, from_ in known])


def _in_order(
    keys: list[bytes], of_row: Array, ordinals: Array, counts: Array, titled: Array, places: Array
) -> Run:
    """Return rows by their terms' keys; those of one term stay in the order in which they come. `of_row`:
    which of the keys each is of."""
    order = np.argsort(of_row, kind="stable")
    placed = packing.placed_terms(keys)
    spans = np.where(placed[of_row], counts, 0).astype(np.int64)
    starts = np.cumsum(spans) - spans
    spreads = np.bincount(of_row, minlength=len(keys))
    spans, starts = spans[order], starts[order]
    ends = np.cumsum(spans)
    from_ = np.arange(len(places)) + np.repeat(starts - ends + spans, spans)
    return Run(keys, spreads, ordinals[order], counts[order], titled[order], places[from_])


def merge(pieces: Iterable[tuple[Run, Array]]) -> Run:
    """Return the terms of pages that become one. With each page's go the new ordinals of its passages, -1 for
    those that are left out; they grow from page to page."""
    kept = [_renumbered(terms, numbers) for terms, numbers in pieces]
    keys = sorted(set().union(*(terms.keys for terms in kept)))
    places = dict(zip(keys, range(len(keys)), strict=True))
    of_row = [
        np.repeat(
            np.fromiter(map(places.__getitem__, terms.keys), np.int32, len(terms.keys)),
            terms.spreads,
        )
        for terms in kept
    ]
    whole = packing.together(kept)
    return _in_order(
        keys,
        np.concatenate([np.zeros(0, np.int32), *of_row]),
        whole.ordinals,
        whole.counts,
        whole.titles,
        whole.places,
    )


def _renumbered(terms: Run, numbers: Array) -> Run:
    ordinals = numbers[terms.ordinals]
    keep = ordinals >= 0
    if keep.all():
        return terms._replace(ordinals=ordinals)
    rows = np.repeat(np.arange(len(terms.keys)), terms.spreads)
    spreads = np.bincount(rows[keep], minlength=len(terms.keys))
    places = terms.places[np.repeat(keep, packing.placed_rows(terms))]
    left = spreads > 0
    keys = [key for key, some in zip(terms.keys, left.tolist(), strict=True) if some]
    return Run(keys, spreads[left], ordinals[keep], terms.counts[keep], terms.titles[keep], places)
