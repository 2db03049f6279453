"""Markdown to unsanitised HTML, for Chinese as well as for English.

Raw HTML is text here: `<b>` is shown as it was typed. Indented code and underlined headings are
off, because Chinese authors indent paragraphs and type `---` below a line as a divider.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Mapping

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor, ReferenceProcessor
from markdown.extensions import Extension
from markdown.inlinepatterns import DelimiterProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from pymdownx.slugs import slugify

from app.kernel.text.autolink import ChineseInline
from app.kernel.text.contract import ImageRef, Profile
from app.kernel.text.lines import tidy
from app.kernel.text.math import Formulas, MathMarkers
from app.kernel.text.patterns import ADDRESS_START, safe_href

_LIGHT = [
    "sane_lists",
    "nl2br",
    "pymdownx.superfences",
    "pymdownx.highlight",
    "pymdownx.arithmatex",
]
_FULL = [*_LIGHT, "tables", "footnotes", "toc", "pymdownx.tasklist", "pymdownx.blocks.details"]
_MAX_SLUG = 60
_Match = tuple[etree.Element | str | None, int | None, int | None]
_slug = slugify(case="lower-ascii")


class Parser:
    """A reusable parser for one profile; not thread-safe. Building one takes about 15 ms."""

    def __init__(self, profile: Profile) -> None:
        self.formulas = Formulas()
        self._images = _Images()
        extensions = _FULL if profile is Profile.FULL else _LIGHT
        configs: dict[str, dict[str, object]] = {
            "pymdownx.superfences": {"disable_indented_code_blocks": True},
            "pymdownx.highlight": {"guess_lang": False, "linenums": False},
            "pymdownx.arithmatex": {"generic": True},
            "tables": {"use_align_attribute": True},
            "footnotes": {"BACKLINK_TITLE": "返回正文 · Back to text ({})"},
            "toc": {"slugify": self._heading_id, "marker": "", "baselevel": 2},
        }
        self._markdown = Markdown(
            extensions=[
                *extensions,
                MathMarkers(self.formulas),
                ChineseInline(),
                _House(self._images, headings=profile is Profile.FULL),
            ],
            extension_configs={k: v for k, v in configs.items() if k in extensions},
        )

    def convert(self, source: str, images: Mapping[str, ImageRef]) -> str:
        """HTML of a cleaned source, with markers of `self.formulas` in it; not yet safe."""
        self.formulas.reset()
        self._images.known = images
        return self._markdown.reset().convert(source)

    def _heading_id(self, text: str, separator: str) -> str:
        name: str = _slug(self.formulas.source(text), separator)
        return name[:_MAX_SLUG]


class _House(Extension):
    """What our Markdown takes away from the library's and adds to it."""

    def __init__(self, images: _Images, *, headings: bool) -> None:
        super().__init__()
        self.images = images
        self.headings = headings

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.inlinePatterns.deregister("automail")
        blocks = md.parser.blockprocessors
        blocks.deregister("setextheader")
        blocks.deregister("hashheader")
        blocks.register(_LinkDefinition(md.parser), "reference", 15)
        if self.headings:
            blocks.register(_Heading(md.parser), "hashheader", 70)
        md.preprocessors.register(_TidyLines(md), "tidy_lines", 24)
        emphasis = _Emphasis("*", "strong,em", md)
        emphasis.add("_", "strong,em", smart=True)
        # pymdownx.tilde asks for western word limits: `~~重点：~~说明` would stay as typed.
        emphasis.add("~", "del", double=True)
        md.inlinePatterns.register(emphasis, "em_strong", 60)
        md.treeprocessors.register(_ShowImages(md, self.images), "show_images", 14)
        md.treeprocessors.register(_HeadingLevels(md), "heading_levels", 4)
        md.treeprocessors.register(_Tables(md), "tables_for_all", 4)


class _TidyLines(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        return tidy(lines)


class _Emphasis(DelimiterProcessor):
    """The library's emphasis, except where it would swallow letters (`*a**b*c`, 3.11.3)."""

    _MARKS = str.maketrans("", "", "*_~")

    def handleMatch(self, m: re.Match[str], data: str) -> _Match:  # type: ignore[override]
        element, start, end = super().handleMatch(m, data)
        if not isinstance(element, etree.Element):
            return element, start, end
        shown = "".join(element.itertext()).translate(self._MARKS)
        if shown == data[start:end].translate(self._MARKS):
            return element, start, end
        self.reset()
        return None, start, end


class _Heading(BlockProcessor):
    """`# Heading` with a space after the marks, so that `#topic#` at a line's start stays one."""

    RE = re.compile(r"(?:^|\n) {0,3}(#{1,6})[ \t]+([^\n]*)(?:\n|$)")
    _CLOSING = re.compile(r"[ \t]#+$")

    def test(self, parent: etree.Element, block: str) -> bool:
        return self.RE.search(block) is not None

    def run(self, parent: etree.Element, blocks: list[str]) -> bool | None:
        block = blocks.pop(0)
        match = self.RE.search(block)
        if match is None:
            return False
        if before := block[: match.start()]:
            self.parser.parseBlocks(parent, [before])
        heading = etree.SubElement(parent, f"h{len(match[1])}")
        heading.text = self._CLOSING.sub("", match[2].strip()).strip()
        if after := block[match.end() :]:
            blocks.insert(0, after)
        return None


class _LinkDefinition(ReferenceProcessor):
    """`[name]: address`, only with an address: a sentence in its place must show."""

    RE = re.compile(
        rf"^[ ]{{0,3}}\[([^\[\]]*)\]:[ ]*(<?(?:{ADDRESS_START})[^\s]*)[ ]*"
        r"""((["'])(.*)\4[ ]*|\((.*)\)[ ]*)?$""",
        re.MULTILINE | re.IGNORECASE,
    )


class _Images:
    """The uploaded images the text at hand may show."""

    def __init__(self) -> None:
        self.known: Mapping[str, ImageRef] = {}


class _ShowImages(Treeprocessor):
    """Shows uploaded images; makes links of foreign ones (nothing is loaded from third parties)."""

    def __init__(self, md: Markdown, images: _Images) -> None:
        super().__init__(md)
        self.images = images

    def run(self, root: etree.Element) -> None:
        linked = {image for link in root.iter("a") for image in link.iter("img")}
        for element in list(root.iter("img")):
            source, alt = element.get("src", ""), element.get("alt", "")
            element.attrib.clear()
            image = self.images.known.get(source.removeprefix("image:"))
            if image is not None and source.startswith("image:"):
                element.set("src", image.url)
                element.set("alt", alt or image.alt)
                element.set("width", str(image.width))
                element.set("height", str(image.height))
                element.set("loading", "lazy")
                element.set("decoding", "async")
            elif safe_href(source) and element not in linked:
                element.tag = "a"
                element.set("href", source)
                element.text = AtomicString(alt or source)
            else:
                element.tag = "span"
                element.set("class", "missing-image")
                element.text = AtomicString(alt or source)


class _HeadingLevels(Treeprocessor):
    """Closes the gaps between a text's headings: most begin with `##`, below a page's title."""

    _TAGS = ("h1", "h2", "h3", "h4", "h5", "h6")

    def run(self, root: etree.Element) -> None:
        headings = [element for element in root.iter() if element.tag in self._TAGS]
        levels = sorted({heading.tag for heading in headings})
        for heading in headings:
            heading.tag = self._TAGS[levels.index(heading.tag) + 1]


class _Tables(Treeprocessor):
    """Wide tables scroll by themselves, by keyboard too; an empty corner is no heading."""

    def run(self, root: etree.Element) -> None:
        parents = {child: parent for parent in root.iter() for child in parent}
        for table in list(root.iter("table")):
            for cell in table.iter("th"):
                if not "".join(cell.itertext()).strip() and not len(cell):
                    cell.tag = "td"
            parent = parents[table]
            position = list(parent).index(table)
            wrapper = etree.Element("div", {"class": "table-scroll", "tabindex": "0"})
            wrapper.tail, table.tail = table.tail, "\n"
            parent[position] = wrapper
            wrapper.append(table)
