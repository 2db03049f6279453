"""Formulas: TeX in the source, MathML in the page, a random marker in between.

The sanitiser never sees `math` or `svg` (allowing them opens the door to mutation XSS). While a
text is parsed each formula is a `span` or `div` that holds an unguessable marker; after sanitising
the marker is exchanged for MathML that passed the closed lists below.
"""

from __future__ import annotations

import html
import re
import secrets
import xml.etree.ElementTree as etree
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from latex2mathml.converter import convert_to_element
from markdown import Markdown
from markdown.extensions import Extension
from markdown.util import AtomicString
from pymdownx.arithmatex import BlockArithmatexProcessor, InlineArithmatexPattern

MAX_FORMULAS = 200
MAX_TEX = 2_000
_MAX_DEPTH = 60

ELEMENTS = frozenset(
    """math mrow mi mo mn ms mtext mspace mfrac msqrt mroot msup msub msubsup munder mover
    munderover mmultiscripts mprescripts none mtable mtr mtd mstyle mpadded mphantom menclose
    merror""".split()
)
_LENGTH = r"[+-]?[\d.]{1,8}(?:em|ex|px|pt|mu|%)?"
ATTRIBUTES = {
    name: re.compile(pattern)
    for name, pattern in {
        "display": "inline|block",
        "displaystyle": "true|false",
        "scriptlevel": r"[+-]?\d",
        "mathvariant": "[a-z-]{1,24}",
        "stretchy": "true|false",
        "fence": "true|false",
        "form": "prefix|infix|postfix",
        "separator": "true|false",
        "accent": "true|false",
        "accentunder": "true|false",
        "movablelimits": "true|false",
        "largeop": "true|false",
        "symmetric": "true|false",
        "linethickness": _LENGTH,
        "width": _LENGTH,
        "height": _LENGTH,
        "depth": _LENGTH,
        "minsize": _LENGTH,
        "maxsize": _LENGTH,
        "lspace": _LENGTH,
        "rspace": _LENGTH,
        "rowspacing": rf"{_LENGTH}(?: {_LENGTH})*",
        "columnspacing": rf"{_LENGTH}(?: {_LENGTH})*",
        "columnalign": "(?:left|center|right)(?: (?:left|center|right))*",
        "rowlines": "(?:none|solid|dashed)(?: (?:none|solid|dashed))*",
        "columnlines": "(?:none|solid|dashed)(?: (?:none|solid|dashed))*",
        "frame": "none|solid|dashed",
        "notation": "[a-z ]{1,80}",
    }.items()
}
_IN_ADDRESS = re.compile(r"https?://[!-~]*$", re.I)
_CHINESE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
# No line may begin with these, but browsers break lines after a formula: both stand in one element.
_CLOSING = "[，。、；：！？）》」』”’…]"
_TEXT_COMMAND = re.compile(r"\\(?:text|mathrm|textbf|textit|mbox|operatorname)\s*\{[^{}]*\}")


class Formulas:
    """The formulas of one text, and what stands for them until the end."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the last text and take a marker that its author cannot know."""
        self._token = f"f{secrets.token_hex(12)}x"
        self._found: list[tuple[str, str, str]] = []
        self._marker = re.compile(rf"{self._token}(\d+)z")
        self._element = re.compile(
            rf'<(span|div) class="math">{self._token}(\d+)z</\1>({_CLOSING}*)'
        )

    def keep(self, tex: str, source: str, display: str) -> str:
        """Remember a formula; returns its marker."""
        self._found.append((tex, source, display))
        return f"{self._token}{len(self._found) - 1}z"

    def source(self, text: str) -> str:
        """Plain text with markers turned back into what the author wrote."""
        return self._marker.sub(lambda m: self._found[int(m[1])][1], text)

    def insert(self, sanitised: str) -> str:
        """Put MathML in place of the markers; elsewhere (a title, an alt) the source, escaped."""
        placed = self._element.sub(lambda m: self._mathml(m[1], int(m[2]), m[3]), sanitised)
        return self._marker.sub(lambda m: html.escape(self._found[int(m[1])][1]), placed)

    def _mathml(self, tag: str, number: int, closing: str) -> str:
        tex, source, display = self._found[number]
        if number < MAX_FORMULAS and len(tex) <= MAX_TEX:
            mathml = to_mathml(tex, display)
            if mathml:
                # A wide one scrolls, so the keyboard must reach it.
                focus = ' tabindex="0"' if display == "block" else ""
                return f'<{tag} class="math"{focus}>{mathml}{closing}</{tag}>'
        return f'<code class="tex">{html.escape(source)}</code>{closing}'


def to_mathml(tex: str, display: str) -> str | None:
    """MathML of closed elements and attributes, or None when the TeX is not understood."""
    try:
        root = convert_to_element(tex, display=display)
    except Exception:  # the converter raises its own and built-in errors on odd input
        return None
    root.set("display", display)
    return _write(root, 0, f" alttext={quoteattr(tex.strip())}")


def _write(element: etree.Element, depth: int, extra: str = "") -> str | None:
    """Serialise through the lists; None as soon as something is not in them."""
    if element.tag not in ELEMENTS or depth > _MAX_DEPTH:
        return None
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value)
    )
    parts = [f"<{element.tag}{attributes}{extra}>", escape(html.unescape(element.text or ""))]
    for child in element:
        inner = _write(child, depth + 1)
        if inner is None:
            return None
        parts.append(inner)
        parts.append(escape(html.unescape(child.tail or "")))
    parts.append(f"</{element.tag}>")
    return "".join(parts)


def _is_money(m: re.Match[str], tex: str) -> bool:
    """Whether `$…$` is rather two prices or a part of an address than a formula."""
    if not m[0].startswith("$"):
        return False
    text, start, end = m.string, m.start(), m.end()
    if end < len(text) and text[end].isdigit():
        return True
    if _IN_ADDRESS.search(text, max(0, start - 300), start):
        return True
    return bool(_CHINESE.search(_TEXT_COMMAND.sub("", tex)))


class _Inline(InlineArithmatexPattern):  # type: ignore[misc]
    def __init__(self, pattern: str, formulas: Formulas) -> None:
        super().__init__(pattern, {"generic": True})
        self.formulas = formulas

    def handleMatch(self, m: re.Match[str], data: str) -> object:
        element, start, end = super().handleMatch(m, data)
        if isinstance(element, str):
            return element, start, end
        tex = m[3] or m[6]
        if _is_money(m, tex):
            return None, start, start + 1
        display = "inline"
        if start and m[0][0] == data[start - 1] == data[end : end + 1] == "$":
            start, end, display = start - 1, end + 1, "block"
        element.set("class", "math")
        element.text = AtomicString(self.formulas.keep(tex, data[start:end], display))
        return element, start, end


class _Block(BlockArithmatexProcessor):  # type: ignore[misc]
    def __init__(self, pattern: str, formulas: Formulas, md: Markdown) -> None:
        super().__init__(pattern, {"generic": True}, md)
        self.formulas = formulas

    def generic_output(self, parent: etree.Element, math: str) -> None:
        element = etree.SubElement(parent, self.block_tag, {"class": "math"})
        element.text = AtomicString(self.formulas.keep(math, f"$${math}$$", "block"))


class MathMarkers(Extension):
    """Makes arithmatex, loaded before, write markers instead of TeX."""

    def __init__(self, formulas: Formulas) -> None:
        super().__init__()
        self.formulas = formulas

    def extendMarkdown(self, md: Markdown) -> None:
        pattern = md.inlinePatterns["arithmatex-inline"].pattern
        inline = _Inline(pattern, self.formulas)
        md.inlinePatterns.register(inline, "arithmatex-inline", 189.9)
        processor: Any = md.parser.blockprocessors["arithmatex-block"]
        block = _Block(processor.pattern.pattern, self.formulas, md)
        md.parser.blockprocessors.register(block, "arithmatex-block", 79.9)
