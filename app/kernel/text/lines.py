"""Turns the lines people write into the lines Python-Markdown understands.

Python-Markdown wants a blank line before lists, tables and formulas and four spaces per list
level. People write lists right below a sentence and indent by two or three. Works on lines, before
the parser and after fenced code has been put aside, in linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_QUOTE_DEPTH = 30

_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r"( *)([-+*]|\d{1,9}[.)]) +(?=\S)")
_RULE = re.compile(r" {0,3}([-*_])[ ]*(?:\1[ ]*){2,}$")
_HEADING = re.compile(r" {0,3}#{1,6} ")
_STASHED = re.compile(r"^ *\x02wzxhzdk:\d+\x03 *$")
_FOLD = re.compile(r" {0,3}/{3,}")
_NOTE = re.compile(r" {0,3}\[\^[^\]\n]{1,100}\]:")
_TABLE_RULE = re.compile(r"\|?:?-+:?(?:\|:?-+:?)*\|?")
_WIDE_INDENT = re.compile(r"^( *)(\u3000+)")
"""The indent of Chinese paragraphs; the parser would strip it from the first line only."""
_LEVEL = 4


def tidy(lines: list[str]) -> list[str]:
    """The same text with lists indented by four and blank lines where blocks begin."""
    return _tidy(lines, 0)


def _tidy(lines: list[str], depth: int) -> list[str]:
    tidier = _Tidier()
    index = 0
    while index < len(lines):
        if depth < MAX_QUOTE_DEPTH and _QUOTE.match(lines[index]):
            end = _end_of_quote(lines, index)
            inner = [_QUOTE.sub("", line, count=1) for line in lines[index:end]]
            quoted = _tidy(inner, depth + 1)
            while quoted and not quoted[-1]:
                quoted.pop()
            tidier.block([f"> {line}" for line in quoted], column=_column(lines[index]))
        elif _is_table_head(lines, index):
            end = _end_of_table(lines, index)
            rows = [line.strip() for line in lines[index:end]]
            tidier.block(rows, column=_column(lines[index]))
        elif lines[index].strip().startswith("$$"):
            end = _end_of_formula(lines, index)
            formula = [line.strip() for line in lines[index:end] if line.strip()]
            tidier.block(formula, column=_column(lines[index]))
        else:
            end = index + 1
            tidier.line(lines[index])
        index = end
    return tidier.out


def _end_of_quote(lines: list[str], start: int) -> int:
    """The first line after the quote; a line without `>` ends it (lazy continuation is no use
    where every line end shows)."""
    end = start
    while end < len(lines) and _QUOTE.match(lines[end]):
        end += 1
    return end


def _is_table_head(lines: list[str], index: int) -> bool:
    if "|" not in lines[index] or index + 1 >= len(lines):
        return False
    rule = lines[index + 1]
    return "|" in rule and "-" in rule and bool(_TABLE_RULE.fullmatch(rule.replace(" ", "")))


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _end_of_table(lines: list[str], start: int) -> int:
    """The first line without a cell border; the library would make a row even of that one."""
    end = start + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    return end


def _end_of_formula(lines: list[str], start: int) -> int:
    """The line after the closing `$$`, or the next line when there is none near."""
    first = lines[start].strip()
    if len(first) > 4 and first.endswith("$$"):
        return start + 1
    for index in range(start + 1, min(len(lines), start + 100)):
        if lines[index].strip().endswith("$$"):
            return index + 1
    return start + 1


@dataclass
class _Tidier:
    """Writes lines out and remembers the open list items."""

    out: list[str] = field(default_factory=list)
    items: list[tuple[int, str]] = field(default_factory=list)
    """Open items, outermost first: column of the mark as written, kind of the mark."""
    after_blank: bool = True
    in_note: bool = False

    def line(self, line: str) -> None:
        """Write one line that is not part of a quote, table or formula."""
        if not line.strip():
            self.out.append("")
            self.after_blank = True
            return
        item = None if _RULE.match(line) else _ITEM.match(line)
        if _STASHED.match(line):
            self.block([line.strip()], column=_column(line))
        elif _NOTE.match(line) and not self.items:
            self.in_note = True
            self._write(line)
        elif item and not (self.in_note and item[1]):
            self._item(item, line)
        elif _HEADING.match(line) or _RULE.match(line) or _FOLD.match(line):
            self.items.clear()
            self.in_note = False
            self._write(line)
        else:
            self.text(line)

    def text(self, line: str) -> None:
        """Write a line of running text at the level its indentation asks for."""
        column = _column(line)
        line = _WIDE_INDENT.sub(lambda m: m[1] + "&#12288;" * len(m[2]), line)
        if self.in_note and (column >= 2 or not self.after_blank):
            self._write(line if column >= _LEVEL or not self.after_blank else "    " + line.strip())
            return
        self.in_note = False
        if self.after_blank:
            self._close_to(column)
        indent = " " * (_LEVEL * len(self.items)) if self.items else ""
        self._write(indent + line.lstrip(" ") if self.items else line)

    def block(self, lines: list[str], column: int) -> None:
        """Write lines that are a block of their own, with a blank line around."""
        self._close_to(column)
        self.gap()
        indent = " " * (_LEVEL * len(self.items))
        self.out.extend(indent + line for line in lines)
        self.after_blank = False
        self.gap()

    def gap(self) -> None:
        """See that a blank line comes next."""
        if not self.after_blank:
            self.out.append("")
            self.after_blank = True

    def _item(self, match: re.Match[str], line: str) -> None:
        column, mark = len(match[1]), match[2]
        kind = "ul" if mark in "-+*" else "ol"
        outside = not self.items
        last = ""
        while self.items and column < self.items[-1][0] + 2:
            last = self.items.pop()[1]
        interrupts = outside and not self.after_blank
        if interrupts and kind == "ol" and mark[:-1] != "1":
            self._write(line)
            return
        if interrupts or (last and last != kind):
            self.gap()
        self.in_note = False
        mark = mark if kind == "ul" else mark[:-1] + "."
        self._write(" " * (_LEVEL * len(self.items)) + f"{mark} {line[match.end() :]}")
        self.items.append((column, kind))

    def _close_to(self, column: int) -> None:
        """Close the items a block at this column no longer belongs to."""
        while self.items and column < self.items[-1][0] + 2:
            self.items.pop()

    def _write(self, line: str) -> None:
        self.out.append(line)
        self.after_blank = False
