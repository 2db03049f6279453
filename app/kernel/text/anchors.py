"""Safe HTML without its links: the words stay, nothing leads away."""

from __future__ import annotations

import re

# What `sanitize` lets through is well-formed, and its quotes in attributes are escaped.
_ANCHOR = re.compile(r"</?a(?:\s[^>]*)?>")


def without_anchors(html: str) -> str:
    """Return HTML that `render` made with its links as plain words."""
    return _ANCHOR.sub("", html)
