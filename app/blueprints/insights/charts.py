"""Charts as shapes in a picture: pure geometry, drawn by templates/components/chart.html.

The picture is small, so that its letters stay readable on a phone; beside each stands a table with
every figure, so a chart shows no more than the course of things.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import get_locale

WIDTH = 440
_TOP, _FLOOR, _HEIGHT = 22, 168, 196
_LEFT, _RIGHT = 52, 6
_BAR, _GAP = 20, 12
_LABEL = 134
_MOST_LABELS = 12
# How large numbers are shortened, by language: from which on, the unit, its sign.
_SCALES: dict[str, tuple[tuple[int, int, str], ...]] = {
    "zh": ((100_000_000, 100_000_000, "亿"), (10_000, 10_000, "万")),
    "": ((1_000_000, 1_000_000, "M"), (10_000, 1_000, "k")),
}


@dataclass(frozen=True, slots=True)
class Series:
    """A row of values that belong together. `tone` names its colour (chart.css)."""

    label: str
    tone: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Box:
    """A filled stretch; `tip` says what it stands for."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    tip: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word in the picture; `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass
class Chart:
    """A picture with its title and what it tells in a sentence."""

    key: str
    title: str
    story: str
    height: int = _HEIGHT
    boxes: list[Box] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    # (y, label) of the lines behind the columns.
    lines: list[tuple[float, str]] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)


def grouped(chart: Chart, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Chart:
    """Draw columns side by side; values may lie below 0. `unit` stands above the scale."""
    values = [value for one in series for value in one.values]
    scale = _Scale(min([0, *values]), max([0, *values]))
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    width = min(22.0, slot * 0.8 / max(1, len(series)))
    for place, label in enumerate(labels):
        start = _LEFT + slot * place + (slot - width * len(series)) / 2
        for number, one in enumerate(series):
            value = one.values[place]
            tip = f"{label} · {one.label}: {_short(value)}"
            chart.boxes.append(scale.box(start + width * number, width * 0.9, 0, value, one, tip))
    return _framed(chart, labels, series, scale, unit)


def stacked(chart: Chart, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Draw columns whose parts stand on each other; values are not below 0."""
    sums = [sum(one.values[place] for one in series) for place in range(len(labels))]
    scale = _Scale(0, max([0, *sums]))
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    width = min(28.0, slot * 0.7)
    for place, label in enumerate(labels):
        start, below = _LEFT + slot * place + (slot - width) / 2, 0.0
        for one in series:
            value = one.values[place]
            tip = f"{label} · {one.label}: {_short(value)}"
            chart.boxes.append(scale.box(start, width, below, below + value, one, tip))
            below += value
    return _framed(chart, labels, series, scale, "")


def bars(chart: Chart, labels: Sequence[str], values: Sequence[float]) -> Chart:
    """Draw lying bars with their labels on the left and their values behind them."""
    most = max([1, *values])
    room = WIDTH - _LABEL - 44
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = 4 + place * (_BAR + _GAP)
        width = max(room * value / most, 1)
        chart.boxes.append(Box(_LABEL, y, width, _BAR, "one", f"{label}: {_short(value)}"))
        middle = y + _BAR / 2 + 4.5
        chart.words.append(Word(_LABEL - 8, middle, label, "end"))
        chart.words.append(Word(_LABEL + width + 6, middle, _short(value), "start"))
    chart.height = 4 + len(labels) * (_BAR + _GAP)
    return chart


class _Scale:
    """Values to heights, between round numbers."""

    def __init__(self, low: float, high: float) -> None:
        step = _round_up(max(high - low, 1) / 4)
        self.low, self.high = -step * -(-abs(low) // step), step * -(-high // step)
        if self.high == self.low:
            self.high += step
        count = round((self.high - self.low) / step)
        self.ticks = [self.low + step * number for number in range(count + 1)]

    def y(self, value: float) -> float:
        """Return how far down a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return round(_FLOOR - share * (_FLOOR - _TOP), 2)

    def box(self, x: float, width: float, low: float, high: float, one: Series, tip: str) -> Box:
        """Return a column between two values."""
        top, bottom = sorted((self.y(low), self.y(high)))
        return Box(round(x, 2), top, round(width, 2), round(bottom - top, 2), one.tone, tip)


def _framed(
    chart: Chart, labels: Sequence[str], series: Sequence[Series], scale: _Scale, unit: str
) -> Chart:
    chart.lines = [(scale.y(tick), _short(tick)) for tick in scale.ticks]
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    every = -(-len(labels) // _MOST_LABELS)
    for place, label in enumerate(labels):
        # Counted from the last one, which always has its label.
        if (len(labels) - 1 - place) % every == 0:
            chart.words.append(Word(round(_LEFT + slot * (place + 0.5), 2), _FLOOR + 18, label))
    if unit:
        chart.words.append(Word(_LEFT - 6, 10, unit, "end"))
    chart.legend = [(one.tone, one.label) for one in series]
    return chart


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50 …"""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= value:
                return factor * power
        power *= 10


def _short(value: float) -> str:
    """Return a number for a scale: 12k for 12,000, 3M for 3 million; 1.2万 in Chinese."""
    for least, unit, sign in _SCALES["zh" if str(get_locale()).startswith("zh") else ""]:
        if abs(value) >= least:
            return f"{value / unit:.1f}".rstrip("0").rstrip(".") + sign
    return f"{value:,.2f}".rstrip("0").rstrip(".")
