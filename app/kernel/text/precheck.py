"""Refuses, before any parsing, what is known to cost the parser more than it may."""

from __future__ import annotations

import re

from app.kernel.text.contract import HARD_LENGTH
from app.kernel.text.lines import MAX_QUOTE_DEPTH

MAX_BRACKET_COST = 1_000_000
"""Characters the link rules would walk over: they look from each bracket for its partner."""

_BRACKET = re.compile(r"[\[\]()]|\n[ \t]*\n")
_DEEP_QUOTE = re.compile(rf"^(?: {{0,3}}>){{{MAX_QUOTE_DEPTH + 1}}}", re.M)


def refuses(source: str) -> str | None:
    """Why a source should not reach the parser, or None. Linear in its length."""
    if len(source) > HARD_LENGTH:
        return "length"
    if _DEEP_QUOTE.search(source):
        return "quotes"
    if bracket_cost(source) > MAX_BRACKET_COST:
        return "brackets"
    return None


def bracket_cost(source: str) -> int:
    """The sum over all opening brackets of the distance to the closing one, or else to the end of
    the paragraph."""
    cost = 0
    square: list[int] = []
    round_: list[int] = []
    for match in _BRACKET.finditer(source):
        mark, position = match[0], match.start()
        if mark == "[":
            square.append(position)
        elif mark == "(":
            if round_ or source[position - 1 : position] == "]":
                round_.append(position)
        elif mark == "]":
            cost += position - square.pop() if square else 0
        elif mark == ")":
            cost += position - round_.pop() if round_ else 0
        else:
            cost += _open_cost(square, position) + _open_cost(round_, position)
            square, round_ = [], []
    return cost + _open_cost(square, len(source)) + _open_cost(round_, len(source))


def _open_cost(starts: list[int], end: int) -> int:
    return sum(end - start for start in starts)
