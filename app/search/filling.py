"""A page that has room left is filled with topics in which some of the words stand: one accidental hit must
not hide everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from app.search import analysis, port
from app.search.language import Word

# From so many words on people ask a question, and a text with all of them is not the best one for that.
SENTENCE = 5


class Filled(NamedTuple):
    """The hits of a page: those with all words, and under a line of their own those that come near. Where a
    sentence was asked, one with all words may stand under the line, too: `whole` counts those."""

    above: tuple[port.Hit, ...]
    below: tuple[port.Hit, ...] = ()
    whole: int = 0


def fill(
    engine: port.Engine, request: port.Request, words: Sequence[Word], strict: port.Found
) -> Filled:
    """Return the first page of a strict search, with what else comes near where there is room. Who put words
    into quotes wants nothing else. Raises Broken."""
    room = strict.total < request.limit and not request.offset
    if not room or any(word.exact for word in words) or not _has_pieces(words):
        return Filled(strict.hits)
    some = replace(request, loose=True, sort=port.Sort.RELEVANCE, facets=False)
    near = engine.search(some).hits
    if len(words) >= SENTENCE and request.sort is port.Sort.RELEVANCE:
        return _together(strict.hits, near, request.limit)
    whole = {hit.topic_id for hit in strict.hits}
    others = tuple(hit for hit in near if hit.topic_id not in whole)
    return Filled(strict.hits, others[: request.limit - len(whole)])


def _has_pieces(words: Sequence[Word]) -> bool:
    """Whether a text may hold some of the words and not all."""
    needs = [analysis.wanted(port.Text(word.text, prefix=word.prefix)) for word in words]
    return sum(len(need.places) + len(need.anywhere) for need in needs) > 1


def _together(strict: Sequence[port.Hit], near: Sequence[port.Hit], limit: int) -> Filled:
    """Return all in the order of those that come near, but none with all words is left out."""
    whole = {hit.topic_id: hit for hit in strict}
    ranked = [whole.get(hit.topic_id, hit) for hit in near]
    met = {hit.topic_id for hit in ranked}
    ranked += [hit for hit in strict if hit.topic_id not in met]
    first = next((at for at, hit in enumerate(ranked) if hit.topic_id not in whole), len(ranked))
    kept, left = [], limit - len(whole)
    for hit in ranked:
        left -= hit.topic_id not in whole
        if hit.topic_id in whole or left >= 0:
            kept.append(hit)
    below = tuple(kept[first:])
    return Filled(tuple(kept[:first]), below, sum(hit.topic_id in whole for hit in below))
