"""What is taken from a source without parsing it: plain text, excerpts, names, slugs.

Runs in the web process on any input, so every step is linear. It reads the common marks and leaves
the rest as typed; it never has to be exact, only readable.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from app.kernel.text.patterns import ADDRESS_START, HASHTAG, MENTION, URL, clean

# Possessive quantifiers (`*+`) keep these linear on hostile input.
# A line in which nothing can be a mark, which most are: no mark at its beginning, none that stands inside,
# and not a rule, for a letter stands in it.
_BARE = re.compile(r"(?! {4}| {0,3}[>#/])(?=[^\[<*_~\\&`|]*?[^\W_])[^\[<*_~\\&`|]*+")
_FENCE = re.compile(r"[ >]*+(`{3,}+|~{3,}+)([^`]*+)$")
_QUOTE_MARKS = re.compile(r" {0,3}>[ >]*")
_HEADING_MARK = re.compile(r" {0,3}#{1,6}[ \t]+")
_FOLD = re.compile(r" {0,3}/{3,}+[ \t]*+(?:[\w-]++[ \t]*+(?:\|[ \t]*+(?P<title>.*))?)?$")
_FOLD_OPTION = re.compile(r" {4}(?:open|type|attrs):")
_NOTE_DEFINITION = re.compile(r" {0,3}\[\^[^\[\]]{1,200}\]:[ \t]*")
_LINK_DEFINITION = re.compile(
    r""" {0,3}\[(?!\^)[^\[\]]{1,200}\]:[ \t]*+"""
    rf"""<?(?:{ADDRESS_START})\S*+[ \t]*+(?:"[^"]*"|'[^']*'|\([^()]*\))?[ \t]*$"""
)
_TASK = re.compile(r"([ \t]*+[-+*] )\[([ xX])\] ")
_TICKS = re.compile(r"`+")
_LINK = re.compile(
    r"!?\[([^\[\]\n]*+)\]"
    r"(?:\(<?[^()\s<>]*+(?:\([^()\s<>]*+\)[^()\s<>]*+)?>?[^()\n]*+\)|\[[^\[\]\n]*+\])"
)
_NOTE = re.compile(r"\[\^[^\[\]\n]{1,200}\]")
_ANGLED = re.compile(r"<(https?://[^<>\s]*+)>")
_STARS = re.compile(r"(?<!\\)(\*{1,3}|~~)(?=[^\s*~])([^*~\n]*[^\s*~\\])\1")
_UNDERSCORES = re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_])([^_\n]*[^\s_\\])\1(?!\w)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~$>])")
_BLANKS = re.compile(r"\n{3,}")
_SPACE = re.compile(r"\s+")
_SLUG_LENGTH = 60


def plain_text(source: str) -> str:
    """The text for mail and search: paragraphs and list marks stay, formatting marks go, code and
    formulas stay as written, links leave their text and images their description."""
    lines: list[str] = []
    for line, in_code in _lines(clean(source)):
        lines.append(line if in_code else _plain_line(line))
    return _BLANKS.sub("\n\n", clean("\n".join(lines))).strip()


def excerpt(source: str, limit: int = 120) -> str:
    """One line of at most `limit` characters, for link previews, lists and mail subjects. It is
    text, not HTML: whoever prints it escapes it. Never ends in the middle of a character."""
    text = _SPACE.sub(" ", plain_text(source[: 2_000 + 8 * limit])).strip()
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end > 0 and (_is_mark(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].rstrip() + "…" if limit > 0 else ""


def mentions(source: str) -> tuple[str, ...]:
    """The names after `@`, outside code, links and addresses, each once, in order. A name runs on
    over the Chinese that follows without a space: resolve it by its longest known beginning."""
    return tuple(dict.fromkeys(m[1] for m in MENTION.finditer(_outside_code(source))))


def hashtags(source: str) -> tuple[str, ...]:
    """The names between `#` and `#`, outside code, links and addresses, each once, in order."""
    return tuple(dict.fromkeys(m[1] for m in HASHTAG.finditer(_outside_code(source))))


def slugify(title: str) -> str:
    """The readable part of an address: letters and digits of any script, ASCII in lower case,
    hyphens between, at most 60 characters. May be empty."""
    text = unicodedata.normalize("NFKC", clean(title[:500])).lower()
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    slug = "-".join(kept.split())
    if len(slug) > _SLUG_LENGTH:
        cut = slug[: _SLUG_LENGTH + 1]
        head, _, tail = cut.rpartition("-")
        slug = head if head and len(tail) < 15 else cut[:_SLUG_LENGTH]
    return slug.strip("-")


def _lines(source: str) -> Iterator[tuple[str, bool]]:
    """The lines, without the marks of fences, each with whether it is code."""
    fence = ""
    for line in source.split("\n"):
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not match[2].strip():
                fence = ""
            else:
                yield line, True
        elif match:
            fence = match[1]
        else:
            yield line, False


def _plain_line(line: str) -> str:
    if not line or _BARE.fullmatch(line):
        return line
    if quote := _QUOTE_MARKS.match(line):
        line = line[quote.end() :]
    if fold := _FOLD.match(line):
        return fold["title"] or ""
    if _is_rule(line) or _FOLD_OPTION.match(line) or _LINK_DEFINITION.match(line):
        return ""
    if mark := _HEADING_MARK.match(line) or _NOTE_DEFINITION.match(line):
        line = line[mark.end() :]
    elif task := _TASK.match(line):
        line = task[1] + ("☐ " if task[2] == " " else "☑ ") + line[task.end() :]
    in_table = line.lstrip().startswith("|")
    line = "".join(code if is_code else _plain_inline(text) for text, code, is_code in _spans(line))
    return line.strip().strip("|").replace("|", " ").strip() if in_table else line


def _is_rule(line: str) -> bool:
    """Whether a line only draws: a divider, or the line below a table's head."""
    marks = line.replace(" ", "").replace("\t", "")
    kinds = set(marks)
    if len(kinds) == 1:
        return len(marks) >= 3 and marks[0] in "-*_="
    return "-" in kinds and kinds <= set("|:-")


def _plain_inline(text: str) -> str:
    text = _NOTE.sub("", text)
    text = _LINK.sub(lambda m: m[1], text)
    text = _ANGLED.sub(r"\1", text)
    for _ in range(2):
        text = _UNDERSCORES.sub(r"\2", _STARS.sub(r"\2", text))
    return html.unescape(_ESCAPE.sub(r"\1", text))


def _spans(line: str) -> Iterator[tuple[str, str, bool]]:
    """Pieces of a line: (text, "", False) or ("", code, True)."""
    runs = [(m.start(), m.end()) for m in _TICKS.finditer(line)]
    waiting: dict[int, list[int]] = {}
    for index in range(len(runs) - 1, -1, -1):
        waiting.setdefault(runs[index][1] - runs[index][0], []).append(index)
    position = index = 0
    while index < len(runs):
        start, end = runs[index]
        partners = waiting[end - start]
        while partners and partners[-1] <= index:
            partners.pop()
        if partners:
            close = partners.pop()
            yield line[position:start], "", False
            yield "", line[end : runs[close][0]].strip(), True
            position = runs[close][1]
            index = close
        index += 1
    yield line[position:], "", False


def _outside_code(source: str) -> str:
    """The text with code, links and addresses blanked, for finding marks in it."""
    found: list[str] = []
    for line, in_code in _lines(clean(source)):
        if not in_code:
            text = " ".join(piece for piece, _, is_code in _spans(line) if not is_code)
            found.append(URL.sub(" ", _LINK.sub(" ", text)))
    return "\n".join(found)


def _is_mark(character: str) -> bool:
    """Whether a character only changes the one before it: accents, variants, skin tones."""
    if "\U0001f3fb" <= character <= "\U0001f3ff" or character == "\u200d":
        return True
    return unicodedata.category(character).startswith("M")
