"""Inline rules for Chinese writing: bare addresses and #topics#. An @name is plain text.

No library links `见https://e.com/a，好的` rightly: they take Chinese for a part of the address or
demand a space before it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.util import AtomicString

from app.kernel.text.patterns import HASHTAG, URL, safe_href, trim_url

_Match = tuple[etree.Element | None, int | None, int | None]


class _Address(InlineProcessor):
    """A bare http or https address."""

    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(self, m: re.Match[str], data: str) -> _Match:  # type: ignore[override]
        url = trim_url(m[0])
        if safe_href(url) is None:
            return None, m.start(), m.end()
        link = etree.Element("a", {"href": url})
        link.text = AtomicString(url)
        return link, m.start(), m.start() + len(url)


class _Mark(InlineProcessor):
    """A hashtag, shown as a span of its own class."""

    ANCESTOR_EXCLUDES = ("a",)

    def __init__(self, pattern: re.Pattern[str], css_class: str, md: Markdown) -> None:
        super().__init__(pattern.pattern, md)
        self.compiled_re = pattern
        self.css_class = css_class

    def handleMatch(self, m: re.Match[str], data: str) -> _Match:  # type: ignore[override]
        span = etree.Element("span", {"class": self.css_class})
        span.text = AtomicString(m[0])
        return span, m.start(), m.end()


class ChineseInline(Extension):
    """Registers the two rules after links and before emphasis."""

    def extendMarkdown(self, md: Markdown) -> None:
        address = _Address(URL.pattern, md)
        address.compiled_re = URL
        md.inlinePatterns.register(address, "bare_address", 118)
        md.inlinePatterns.register(_Mark(HASHTAG, "hashtag", md), "hashtag", 116)
