"""How much of a text a card shows: all of it, all of it folded, or its beginning.

A feed of twenty long texts must stay a light page, so what is very long is cut between two blocks;
its link leads to the whole. Works on HTML that `kernel.text` made, which is well-formed.
"""

from __future__ import annotations

import re

from markupsafe import Markup

# Above this many characters of HTML, or blocks, a card is folded; above the third it is cut.
FOLD_LENGTH = 1_200
FOLD_BLOCKS = 10
CUT_ABOVE = 6_000
CUT_AFTER = 2_500
CUT_BEFORE = 5_000
CUT = "cut"

_BLOCKS = re.compile(r"<(?:p|li|h[2-6]|br|tr)\b")
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(/?)>")
_VOID = frozenset({"br", "hr", "img", "input"})


def folded(html: str, excerpt: str = "") -> tuple[Markup, bool | str]:
    """Return what a card shows of `html`, and whether it is folded ("cut": and only the beginning).

    `excerpt` is plain text, shown where the text has no place to cut (one endless table).
    """
    end = _place_to_cut(html) if len(html) > CUT_ABOVE else len(html)
    if end == 0 and excerpt:
        return Markup("<p>{}</p>").format(excerpt), CUT
    if 0 < end < len(html):
        return Markup(html[:end]), CUT  # noqa: S704 - made by kernel.text
    return Markup(html), is_long(html)  # noqa: S704 - made by kernel.text


def is_long(html: str) -> bool:
    """Tell whether a text is too long for a card."""
    return len(html) > FOLD_LENGTH or len(_BLOCKS.findall(html)) > FOLD_BLOCKS


def _place_to_cut(html: str) -> int:
    """Return where the first block ends after enough text, outside every element; 0 for nowhere."""
    depth = 0
    for tag in _TAG.finditer(html):
        closing, name, empty = tag.groups()
        if name in _VOID or empty:
            continue
        depth += -1 if closing else 1
        if depth == 0 and tag.end() >= CUT_AFTER:
            return tag.end() if tag.end() <= CUT_BEFORE else 0
    return 0
