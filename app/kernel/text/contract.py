"""What callers and both processes of the text room share: profiles, images, results, limits.

Light on purpose: everything here is imported by the web process, which must stay small.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

RENDERER_VERSION = 3
"""Raise it when the same source would give other HTML; a command then renders old rows again."""

HARD_LENGTH = 200_000
"""Characters above which a text is never formatted, whatever limit its own form has."""


class Profile(StrEnum):
    """How much Markdown a text may use."""

    FULL = "full"
    """Topics, answers and intros: everything."""
    LIGHT = "light"
    """Comments: no headings, tables, images, footnotes, task lists or folds."""


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An uploaded image a text may show as `![alt](image:PUBLICID)`.

    `url` is our own address and is trusted; `width` and `height` are pixels; `alt` stands in
    where the author wrote none.
    """

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The HTML of a text, safe to put into a page as it is.

    `plain` tells that formatting failed: the HTML is then the escaped source below a notice, and
    `version` is 0, so that the command that renders old rows again tries this one too.
    """

    html: str
    version: int
    plain: bool


class TextTooLong(ValueError):
    """A text has more characters than its form allows."""

    def __init__(self, limit: int, length: int) -> None:
        super().__init__(f"text has {length} characters, at most {limit} are allowed")
        self.limit = limit
        self.length = length
