"""Whether a text that shares some words with another one is about the same.

The engine finds the best there is, and there is always a best: the same phrases of politeness stand in
every question. What shares nothing else is not offered.
"""

from __future__ import annotations

from app.search.analysis import Kind, units

# Pieces that stand in questions about anything.
_SAID_ANYWHERE = frozenset(
    """
    请问 老师 师好 你好 您好 大家 家好 怎么 么办 么样 什么 为什 如何 可以 以吗 应该 该怎 是不 不是 是否
    有没 没有 哪个 哪些 多少 知道 道您 想知 想问 问一 一下 问下 谢谢 我的 我在 我想 的时 时候 这个 那个
    一个 现在 因为 所以 但是 如果 还是 就是 已经 自己 问题 题是 比较 觉得 感觉 能不 不能 会不 不会 需要
    要不 怎样 时间 间太 太多 多了
    a an the and or of to in on at for with from by is are was be do doe does did how what whi why when where
    which who can could should would i you we it my me your this that there not no so if ani any some pleas
    please thank thanks get got have has had
    """.split()
)
_READ = 600
# Of all pieces so much is to be shared, at least two pairs of characters or one word; six are always enough.
_SHARE, _LEAST, _PLENTY = 0.25, 2, 6


class Likeness:
    """What must be shared with one text."""

    def __init__(self, text: str) -> None:
        """Prepare to compare with a text."""
        self._pieces = _pieces(text)

    def holds(self, other: str) -> bool:
        """Whether another text says so much of the same that it may be the same question."""
        whole, shared = _weight(self._pieces), _weight(self._pieces & _pieces(other[:_READ]))
        least = max(min(_LEAST, whole), min(_SHARE * whole, _PLENTY))
        return whole > 0 and shared >= least

    def touches(self, other: str) -> bool:
        """Whether another text shares anything that is not said anywhere."""
        return bool(self._pieces & _pieces(other[:_READ]))


def _weight(pieces: set[str]) -> int:
    """A word says as much as two pairs of characters."""
    return sum(2 if piece.isascii() else 1 for piece in pieces)


def _pieces(text: str) -> set[str]:
    """Return the pairs of characters and the stems of words that say what a text is about."""
    found = units(text)
    words = {unit.position: unit.token for unit in found if unit.kind is Kind.WORD}
    words |= {unit.position: unit.token for unit in found if unit.kind is Kind.STEM}
    pairs = {unit.token for unit in found if unit.kind is Kind.PAIR}
    return (pairs | {word for word in words.values() if len(word) > 1}) - _SAID_ANYWHERE
